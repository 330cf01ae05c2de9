// @ts-check
// What others do, on this board. An event carries ids, never values: the tile is fetched anew under the viewer's rights.
// Events may come twice or late; what the page shows already is left alone.
import { request } from "../lib/http.js";
import { columnOfStage, dropEmptyState, flash, setTotals, tileById, withFilter } from "./column.js";
import { reload, take } from "./moving.js";

/** @typedef {{kind: string, process?: string, record?: number | null, version?: number | null, stage?: number | null, from?: number | null}} LiveEvent */

const MANY = 40;
// In ms: a burst of events about one record is one request.
const GATHER = 120;
const RECOUNT = 800;
const GONE = new Set(["record.hidden", "record.deleted"]);

/** Kinds that say nothing about a tile. */
const SILENT = new Set(["comment.added"]);

/** @type {WeakMap<HTMLElement, {waiting: Set<number>, timer: number, recount: number}>} */
const boards = new WeakMap();

/** @param {HTMLElement} board */
export function attachLive(board) {
  boards.set(board, { waiting: new Set(), timer: 0, recount: 0 });
  const onEvent = (/** @type {Event} */ event) => applyEvent(board, /** @type {CustomEvent} */ (event).detail);
  document.addEventListener("smartcrm:live", onEvent);
  document.addEventListener("record:changed", onEvent);
  return () => {
    const state = boards.get(board);
    clearTimeout(state?.timer);
    clearTimeout(state?.recount);
    boards.delete(board);
    document.removeEventListener("smartcrm:live", onEvent);
    document.removeEventListener("record:changed", onEvent);
  };
}

/**
 * Brings the board in step with one event. Safe to call twice, and in any order.
 * @param {HTMLElement} board
 * @param {LiveEvent} event
 */
export function applyEvent(board, event) {
  const state = boards.get(board);
  if (!state || event.process !== board.dataset.process || !event.record || SILENT.has(event.kind)) return;
  if (isKnown(event)) return;
  state.waiting.add(event.record);
  if (GONE.has(event.kind)) take(board, tileById(event.record));
  if (state.waiting.size > MANY) return reloadBoard(board);
  clearTimeout(state.timer);
  state.timer = setTimeout(() => catchUp(board), GATHER);
}

/** Whether the page shows this version in this stage already: most often its own change. @param {LiveEvent} event */
function isKnown({ kind, record, version, stage }) {
  const tile = tileById(record ?? 0);
  if (!tile || !version || !kind.startsWith("record.") || GONE.has(kind) || kind === "record.reordered") return false;
  const shown = Number(tile.dataset.version);
  return shown > version || (shown === version && (!stage || tile.dataset.stage === String(stage)));
}

/** @param {HTMLElement} board */
async function catchUp(board) {
  const state = boards.get(board);
  if (!state) return;
  const ids = [...state.waiting].filter((id) => !isBusy(id));
  ids.forEach((id) => state.waiting.delete(id));
  for (const id of ids) {
    const before = tileById(id);
    const shown = await reload(board, id).catch((error) => console.warn(error));
    if (isBusy(id)) state.waiting.add(id);
    if (shown && looks(before) !== looks(shown)) flash(shown);
  }
  if (state.waiting.size) state.timer = setTimeout(() => catchUp(board), RECOUNT);
  recountSoon(board);
}

/** After changes that the page has made or heard of: numbers that are exact again. @param {HTMLElement} board */
export function recountSoon(board) {
  const state = boards.get(board);
  if (!state) return;
  clearTimeout(state.recount);
  state.recount = setTimeout(() => recount(board), RECOUNT);
}

/** A tile in somebody's hand is not replaced under it. @param {number} id */
function isBusy(id) {
  const tile = tileById(id);
  return tile !== null && ("grabbed" in tile.dataset || "dragging" in tile.dataset || "pending" in tile.dataset);
}

/** What one would notice. @param {HTMLElement | null} tile */
const looks = (tile) => tile && `${tile.dataset.stage} ${tile.dataset.rank} ${tile.innerText}`;

/** Exact counts and sums, whatever was missed. @param {HTMLElement} board */
async function recount(board) {
  const totals = await request(withFilter(board, board.dataset.totals ?? ""), { method: "GET" }).catch((error) => console.warn(error));
  if (!totals || !board.isConnected) return;
  const total = document.getElementById("total");
  if (total) total.textContent = totals.label;
  for (const [stage, [count, sum]] of Object.entries(totals.columns)) {
    const column = columnOfStage(board, stage);
    if (column) setTotals(column, count, sum);
  }
  dropEmptyState(board);
}

/** Too much has changed to fetch it one by one. @param {HTMLElement} board */
function reloadBoard(board) {
  boards.get(board)?.waiting.clear();
  document.dispatchEvent(new Event("view:stale"));
}
