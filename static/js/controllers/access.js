// @ts-check
// Ready sets of rights: a choice in a role's heading fills its column.

/** @param {HTMLTableElement} table */
export function attach(table) {
  const presets = JSON.parse(document.getElementById("access-presets")?.textContent ?? "{}");
  table.addEventListener("change", (event) => {
    const chooser = /** @type {HTMLSelectElement} */ (event.target);
    const scopes = presets[chooser.value];
    if (!chooser.dataset.preset || !scopes) return;
    const start = `grant-${chooser.dataset.preset}-`;
    for (const cell of table.querySelectorAll(`tr:not([data-stage-of]) select[name^="${start}"]`)) {
      const select = /** @type {HTMLSelectElement} */ (cell);
      select.value = String(scopes[select.name.slice(start.length)] ?? 0);
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    chooser.value = "";
  });
  table.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-stages-of]");
    if (!(button instanceof HTMLElement)) return;
    const opens = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(opens));
    for (const row of table.querySelectorAll(`[data-stage-of="${button.dataset.stagesOf}"]`)) {
      row.toggleAttribute("hidden", !opens);
      // What is hidden and as elsewhere need not be sent; what differs is never closed before it is saved.
      for (const select of row.querySelectorAll("select")) select.disabled = !opens && select.value === "-1";
    }
  });
  table.addEventListener("change", (event) => {
    const select = /** @type {HTMLSelectElement} */ (event.target);
    if (select.name) select.dataset.scope = select.value;
  });
}
