// @ts-check
// Ready sets of rights: a choice in a role's heading fills its column. Lines of pipelines and stages come when opened.
// Columns are hidden on demand; the address remembers which, and what is hidden is saved as it is.

/** @param {HTMLTableElement} table */
export function attach(table) {
  attachColumns(table);
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
    if (button instanceof HTMLElement) toggle(table, button);
  });
  table.addEventListener("change", (event) => {
    const select = /** @type {HTMLSelectElement} */ (event.target);
    if (select.name) select.dataset.scope = select.value;
  });
}

/**
 * @param {HTMLTableElement} table
 * @param {HTMLElement} button
 */
async function toggle(table, button) {
  if (button.ariaBusy) return;
  const line = button.dataset.stagesOf ?? "";
  const opens = button.getAttribute("aria-expanded") !== "true";
  const rows = () => table.querySelectorAll(`[data-stage-of="${line}"]`);
  button.setAttribute("aria-expanded", String(opens));
  for (const row of rows()) row.toggleAttribute("hidden", !opens);
  if (!opens || rows().length) return;
  button.ariaBusy = "true";
  await htmx.ajax("GET", `${table.dataset.placesUrl}?line=${line}`, { source: button, target: button.closest("tr"), swap: "afterend" });
  button.ariaBusy = null;
  if (!rows().length) button.setAttribute("aria-expanded", "false"); // A failure has been told; the next press asks again.
  showColumns(table);
  for (const row of rows()) for (const select of row.querySelectorAll("select")) select.tabIndex = -1;
}

/** @param {HTMLTableElement} table */
function attachColumns(table) {
  const all = table.querySelector("[data-shows-all]");
  table.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-hides], [data-shows-all]");
    if (!button) return;
    const address = new URL(location.href);
    const hidden = button === all ? [] : [...hiddenRoles(), button.closest("th")?.dataset.role];
    if (hidden.length) address.searchParams.set("hide", hidden.join(","));
    else address.searchParams.delete("hide");
    history.replaceState(history.state, "", address);
    showColumns(table);
    const next = button === all ? table.querySelector("[data-hides]") : all;
    if (next instanceof HTMLElement) next.focus();
  });
  showColumns(table);
}

/** Ids of the roles whose columns the address hides. */
const hiddenRoles = () => new URL(location.href).searchParams.get("hide")?.split(",") ?? [];

/** @param {HTMLTableElement} table */
function showColumns(table) {
  const hidden = new Set(hiddenRoles());
  const heads = /** @type {HTMLElement[]} */ ([...table.querySelectorAll("thead [data-role]")]);
  heads.forEach((head, place) => {
    for (const row of table.rows) row.cells[place + 1]?.toggleAttribute("hidden", hidden.has(head.dataset.role ?? ""));
  });
  table.querySelector("[data-shows-all]")?.toggleAttribute("hidden", heads.every((head) => !head.hidden));
}
