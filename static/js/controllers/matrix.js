// @ts-check
// `<table data-controller="matrix">`: arrows walk between the controls of a grid, changed cells are marked.
// Letters choose in a select by themselves, Alt+Down opens it.

/** @param {HTMLTableElement} table */
export function attach(table) {
  for (const control of table.querySelectorAll(":is(td, th) :is(select, input, button)")) /** @type {HTMLElement} */ (control).tabIndex = -1;
  // A browser puts choices back after a reload or on the way back, and fires nothing.
  for (const control of table.querySelectorAll("td :is(select, input)")) flag(/** @type {HTMLSelectElement} */ (control));
  const first = controls(table)[0];
  if (first instanceof HTMLElement) first.tabIndex = 0;
  table.addEventListener("keydown", (event) => walk(table, event));
  table.addEventListener("focusin", (event) => rove(table, event.target));
  table.addEventListener("change", (event) => mark(table, event.target));
}

/** @param {Element} scope */
const controls = (scope) => [...scope.querySelectorAll(":is(td, th) :is(select, input, button):not(:disabled)")].filter((control) => control.checkVisibility());

/**
 * @param {HTMLTableElement} table
 * @param {KeyboardEvent} event
 */
function walk(table, event) {
  const cell = /** @type {Element} */ (event.target).closest("td, th");
  if (!(cell instanceof HTMLTableCellElement) || event.altKey || event.ctrlKey || event.metaKey) return;
  const rtl = getComputedStyle(table).direction === "rtl" ? -1 : 1;
  const step = { ArrowRight: [0, rtl], ArrowLeft: [0, -rtl], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  const here = controls(cell.parentElement ?? cell).filter((control) => cell.contains(control));
  const beside = here[here.indexOf(/** @type {Element} */ (event.target)) + step[1]];
  if (step[1] && beside instanceof HTMLElement) return beside.focus();
  const rows = [...table.rows];
  let row = rows.indexOf(/** @type {HTMLTableRowElement} */ (cell.parentElement)) + step[0];
  let column = cell.cellIndex + step[1];
  while (rows[row]?.cells[column]) {
    const target = controls(rows[row]).find((control) => rows[row].cells[column].contains(control));
    if (target instanceof HTMLElement) return target.focus();
    row += step[0];
    column += step[1];
  }
}

/**
 * @param {HTMLTableElement} table
 * @param {EventTarget | null} target
 */
function rove(table, target) {
  if (!(target instanceof HTMLElement) || !controls(table).includes(target)) return;
  for (const control of table.querySelectorAll("[tabindex='0']")) /** @type {HTMLElement} */ (control).tabIndex = -1;
  target.tabIndex = 0;
}

/**
 * @param {HTMLTableElement} table
 * @param {EventTarget | null} target
 */
function mark(table, target) {
  if (!(target instanceof HTMLSelectElement || target instanceof HTMLInputElement)) return;
  flag(target);
  const count = table.querySelectorAll("[data-changed]").length;
  table.dispatchEvent(new CustomEvent("matrix:changed", { bubbles: true, detail: { count } }));
}

/** @param {HTMLSelectElement | HTMLInputElement} control */
function flag(control) {
  control.closest("td, th")?.toggleAttribute("data-changed", isChanged(control));
}

/**
 * Another value than the saved one; `data-was` names it where the page itself came with a choice.
 * @param {HTMLSelectElement | HTMLInputElement} control
 */
function isChanged(control) {
  if (control instanceof HTMLInputElement) return control.checked !== control.defaultChecked;
  if (control.dataset.was !== undefined) return control.value !== control.dataset.was;
  return ![...control.options].every((option) => option.selected === option.defaultSelected);
}
