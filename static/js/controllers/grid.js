// @ts-check
// `data-controller="grid"`: a list whose cells are walked with the arrow keys and edited in place (Enter, F2 or a double
// click; Tab saves and goes on), with a menu of stages, kept in step with what others do.
import { announce } from "../lib/announce.js";
import { HttpError, request } from "../lib/http.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { edit } from "../lib/inline.js";
import { requestMove } from "../lib/moves.js";
import { openMenu } from "./menu.js";
import { toast, toastError } from "./toast.js";

const CELLS = "tbody :is(th, td)";

/** @param {HTMLElement} list */
export function attach(list) {
  const menu = document.getElementById("stage-menu");
  const first = list.querySelector(CELLS);
  if (first instanceof HTMLElement) first.tabIndex = 0;
  const onLive = (/** @type {Event} */ event) => hear(list, /** @type {CustomEvent} */ (event).detail);
  const onStage = (/** @type {MouseEvent} */ event) => chooseStage(list, event);
  list.addEventListener("keydown", (event) => key(list, event));
  list.addEventListener("focusin", (event) => rove(list, event.target));
  list.addEventListener("dblclick", (event) => editCell(list, cellOf(event.target)));
  list.addEventListener("click", (event) => openStages(event));
  menu?.addEventListener("click", onStage);
  document.addEventListener("smartcrm:live", onLive);
  document.addEventListener("record:changed", onLive);
  return () => {
    menu?.removeEventListener("click", onStage);
    document.removeEventListener("smartcrm:live", onLive);
    document.removeEventListener("record:changed", onLive);
  };
}

/** @param {EventTarget | null} target */
const cellOf = (target) =>
  target instanceof Element ? /** @type {HTMLTableCellElement | null} */ (target.closest("th[scope=row], td")) : null;

/**
 * @param {HTMLElement} list
 * @param {EventTarget | null} target
 */
function rove(list, target) {
  const cell = cellOf(target);
  if (!cell) return;
  for (const other of list.querySelectorAll("[tabindex='0']")) {
    if (!cell.contains(other)) /** @type {HTMLElement} */ (other).tabIndex = -1;
  }
  cell.tabIndex = 0;
  for (const inner of cell.querySelectorAll("a, button, input")) /** @type {HTMLElement} */ (inner).tabIndex = 0;
}

/**
 * @param {HTMLElement} list
 * @param {KeyboardEvent} event
 */
function key(list, event) {
  const cell = cellOf(event.target);
  if (!cell || event.target !== cell || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = actionFor(list, cell, event.key);
  if (!act) return;
  event.preventDefault();
  act();
}

/**
 * @param {HTMLElement} list
 * @param {HTMLTableCellElement} cell
 * @param {string} name
 * @returns {(() => unknown) | undefined}
 */
function actionFor(list, cell, name) {
  const across = getComputedStyle(list).direction === "rtl" ? -1 : 1;
  /** @type {Record<string, [number, number]>} */
  const steps = { ArrowRight: [0, across], ArrowLeft: [0, -across], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  if (steps[name]) return () => go(cell, ...steps[name]);
  if (name === "Home") return () => focusCell(rowOf(cell).cells[0]);
  if (name === "End") return () => focusCell([...rowOf(cell).cells].at(-1));
  if (name === "F2") return () => editCell(list, cell);
  if (name !== "Enter") return undefined;
  const link = /** @type {HTMLElement | null} */ (cell.querySelector("a[data-panel], [data-stage-menu]"));
  return () => (link ? link.click() : editCell(list, cell));
}

/** @param {HTMLTableCellElement} cell */
const rowOf = (cell) => /** @type {HTMLTableRowElement} */ (cell.parentElement);

/**
 * @param {HTMLTableCellElement} cell
 * @param {number} down
 * @param {number} across
 */
function go(cell, down, across) {
  const rows = [.../** @type {HTMLTableSectionElement} */ (cell.closest("tbody")).rows];
  const row = rows[rows.indexOf(rowOf(cell)) + down];
  focusCell(row?.cells[cell.cellIndex + across]);
}

/** @param {HTMLTableCellElement | undefined} cell */
function focusCell(cell) {
  cell?.focus();
  cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/**
 * @param {HTMLElement} list
 * @param {HTMLTableCellElement | null} cell
 */
async function editCell(list, cell) {
  if (!cell) return;
  if (!cell.dataset.editUrl) return announce(gettext("This cell cannot be edited."));
  const then = watchTab(cell);
  const saved = await edit(cell);
  if (saved) {
    rowOf(cell).dataset.version = String(saved.version);
    tell(list, rowOf(cell), "record.updated");
  }
  const next = saved && then();
  if (next instanceof HTMLTableCellElement) {
    focusCell(next);
    editCell(list, next);
  } else focusCell(cell);
}

/** The next cell that can be edited, if Tab has left this one. @param {HTMLTableCellElement} cell */
function watchTab(cell) {
  let way = "";
  const note = (/** @type {KeyboardEvent} */ event) => event.key === "Tab" && (way = event.shiftKey ? "previousElementSibling" : "nextElementSibling");
  cell.addEventListener("keydown", note, true);
  return () => {
    cell.removeEventListener("keydown", note, true);
    let next = way ? cell[/** @type {"nextElementSibling"} */ (way)] : null;
    while (next && !(/** @type {HTMLElement} */ (next).dataset.editUrl)) next = next[/** @type {"nextElementSibling"} */ (way)];
    return next;
  };
}

/**
 * @param {HTMLElement} list
 * @param {HTMLElement} row
 * @param {string} kind
 */
function tell(list, row, kind) {
  const detail = { kind, process: list.dataset.process, record: Number(row.dataset.id), own: true };
  document.dispatchEvent(new CustomEvent("record:changed", { detail }));
}

/** The row at which the menu of stages hangs. */
let current = "";

/** @param {MouseEvent} event */
function openStages(event) {
  const button = /** @type {Element} */ (event.target).closest("[data-stage-menu]");
  const row = button?.closest("tr");
  const menu = document.getElementById("stage-menu");
  if (!button || !row || !menu) return;
  current = row.dataset.id ?? "";
  const targets = (row.dataset.targets ?? "").split(" ");
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (menu.querySelectorAll("[data-stage]"))) {
    const isHere = item.dataset.stage === row.dataset.stage;
    item.hidden = isHere || item.dataset.pipeline !== row.dataset.pipeline;
    const allowed = targets.includes(item.dataset.stage ?? "");
    item.setAttribute("aria-disabled", String(!allowed));
    const words = { source: button.textContent?.trim(), target: item.textContent?.trim() };
    if (allowed) delete item.dataset.tip;
    else item.dataset.tip = interpolate(gettext("A record cannot go from “%(source)s” to “%(target)s”."), words);
  }
  openMenu(menu, button);
}

/**
 * @param {HTMLElement} list
 * @param {MouseEvent} event
 */
async function chooseStage(list, event) {
  const target = /** @type {Element} */ (event.target);
  if (target.closest("[data-elsewhere]")) return (await import("./elsewhere.js")).moveElsewhere(`${list.dataset.records}${current}/`);
  const item = /** @type {HTMLElement | null} */ (target.closest("[data-stage]"));
  if (!item || item.matches("[aria-disabled=true]")) return;
  await moveRow(list, current, Number(item.dataset.stage), item.textContent?.trim() ?? "");
}

/**
 * @param {HTMLElement} list
 * @param {string} id
 * @param {number} stage
 * @param {string} name
 */
async function moveRow(list, id, stage, name) {
  const row = document.getElementById(`row-${id}`);
  if (!row) return;
  const from = Number(row.dataset.stage);
  try {
    const answer = await requestMove(`${list.dataset.records}${id}/move/`, { stage, version: Number(row.dataset.version) });
    if (!answer) return;
    const fresh = await refresh(list, id);
    const canReturn = fresh?.dataset.targets?.split(" ").includes(String(from));
    const undo = () => moveRow(list, id, from, "");
    toast(name ? interpolate(gettext("Moved to “%(stage)s”"), { stage: name }) : gettext("Undone."), name && canReturn ? { undo } : {});
  } catch (error) {
    toastError(error);
    await refresh(list, id);
  }
}

/**
 * Fetches a row anew; takes it away when it is gone or filtered out.
 * @param {HTMLElement} list
 * @param {string | number} id
 */
async function refresh(list, id) {
  const url = `${list.dataset.records}${id}/row/${list.dataset.query ? `?${list.dataset.query}` : ""}`;
  let html = "";
  try {
    html = await request(url, { method: "GET", headers: { Accept: "application/json, text/html" } });
  } catch (error) {
    if (!(error instanceof HttpError && error.status === 404)) throw error;
  }
  const old = document.getElementById(`row-${id}`);
  if (!old || old.querySelector(".inline-form")) return old;
  if (!html) return void old.remove();
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = /** @type {HTMLElement} */ (template.content.querySelector("tr"));
  if (Number(fresh.dataset.version) < Number(old.dataset.version)) return old; // An answer that came late.
  const at = [...old.children].indexOf(/** @type {Element} */ (document.activeElement?.closest("th, td")));
  old.replaceWith(fresh);
  if (at >= 0) focusCell(/** @type {HTMLTableCellElement} */ (fresh.children[at]));
  return fresh;
}

/**
 * @param {HTMLElement} list
 * @param {{kind: string, process?: string, record?: number, version?: number, own?: boolean}} event
 */
async function hear(list, { kind, process, record, version, own }) {
  if (own || process !== list.dataset.process || !record) return;
  const row = document.getElementById(`row-${record}`);
  if (kind === "record.hidden" || kind === "record.deleted") return void row?.remove();
  if (!row && kind === "record.created") return drawWhenFree(list);
  if (!row || (version ?? Infinity) <= Number(row.dataset.version)) return;
  await refresh(list, record).catch(toastError);
}

let waiting = 0;

/** Rows that are chosen or edited stay; the list is drawn anew once nobody uses it. @param {HTMLElement} list */
function drawWhenFree(list) {
  clearTimeout(waiting);
  if (!list.isConnected) return;
  if (list.querySelector(".inline-form, [data-selection]:not([hidden])")) waiting = setTimeout(() => drawWhenFree(list), 1000);
  else document.dispatchEvent(new Event("view:stale"));
}
