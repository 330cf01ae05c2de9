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
    for (const cell of table.querySelectorAll(`select[name^="${start}"]`)) {
      const select = /** @type {HTMLSelectElement} */ (cell);
      select.value = String(scopes[select.name.slice(start.length)] ?? 0);
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    chooser.value = "";
  });
  table.addEventListener("change", (event) => {
    const select = /** @type {HTMLSelectElement} */ (event.target);
    if (select.name) select.dataset.scope = select.value;
  });
}
