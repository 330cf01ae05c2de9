// @ts-check
// Moving a tile: at once in the page, then on the server; back to its place when the server says no.
import { announce } from "../lib/announce.js";
import { HttpError, request } from "../lib/http.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { requestMove } from "../lib/moves.js";
import { toast, toastError } from "../controllers/toast.js";
import {
  add, amountOf, columnOf, columnOfStage, homeColumn, insert, mayEnter, neighbour, recordUrl, tileById, tileFrom, tilesOf,
  titleOf, withFilter,
} from "./column.js";

/** @typedef {{column: HTMLElement, before: Element | null}} Place */

/**
 * Where a tile stands now.
 * @param {HTMLElement} tile
 * @returns {Place}
 */
export const placeOf = (tile) => ({ column: columnOf(tile), before: neighbour(tile, "nextElementSibling") });

/**
 * Puts a tile somewhere in the page, keeping the focus on it.
 * @param {HTMLElement} tile
 * @param {Place} place
 */
export function put(tile, { column, before }) {
  const hadFocus = tile.contains(document.activeElement);
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  insert(column, tile, before);
  if (hadFocus) focused?.focus({ preventScroll: true });
}

/**
 * Moves a tile and tells the server. `from` is where it goes back to if refused, when it hovers elsewhere already.
 * @param {HTMLElement} tile
 * @param {Place} to
 * @param {{from?: Place, undoable?: boolean}} [options]
 * @returns {Promise<boolean>} whether the server has taken the move
 */
export async function move(tile, to, { from = placeOf(tile), undoable = true } = {}) {
  const board = /** @type {HTMLElement} */ (tile.closest(".board"));
  if (!mayEnter(tile, to.column)) {
    put(tile, from);
    toast(refusal(tile, to.column), { kind: "bad" });
    return false;
  }
  put(tile, to);
  if (columnOf(tile) === from.column && neighbour(tile, "nextElementSibling") === from.before) return true;
  const staged = from.column !== to.column;
  if (staged) transfer(tile, from.column, to.column);
  tile.dataset.pending = "";
  const back = () => {
    if (staged) transfer(tile, to.column, from.column);
    put(tile, from);
    return false;
  };
  try {
    const answer = await requestMove(recordUrl(board, `${tile.dataset.id}/move/`), wish(tile, to.column));
    if (!answer) return back();
    accept(tile, answer);
    say(tile, to.column);
    if (staged && undoable) offerUndo(tile, from, to);
    return true;
  } catch (error) {
    back();
    await refused(board, tile, error);
    return false;
  } finally {
    delete tile.dataset.pending;
  }
}

/**
 * What the server is asked for.
 * @param {HTMLElement} tile
 * @param {HTMLElement} column
 */
const wish = (tile, column) => ({
  stage: Number(column.dataset.stage),
  after: idOf(neighbour(tile, "previousElementSibling")),
  before: idOf(neighbour(tile, "nextElementSibling")),
  version: Number(tile.dataset.version),
});

/** @param {HTMLElement | null} tile */
const idOf = (tile) => (tile ? Number(tile.dataset.id) : null);

/**
 * @param {HTMLElement} tile
 * @param {{version: number, rank: string, stage: number}} answer
 */
function accept(tile, { version, rank, stage }) {
  tile.dataset.version = String(version);
  tile.dataset.rank = rank;
  tile.dataset.stage = String(stage);
}

/**
 * @param {HTMLElement} tile
 * @param {HTMLElement} from
 * @param {HTMLElement} to
 */
function transfer(tile, from, to) {
  add(from, -1, -amountOf(tile));
  add(to, 1, amountOf(tile));
}

/**
 * @param {HTMLElement} tile
 * @param {HTMLElement} column
 */
function say(tile, column) {
  const position = tilesOf(column).indexOf(tile) + 1;
  const total = column.querySelector(".column-count")?.textContent ?? "";
  const words = { title: titleOf(tile), stage: column.dataset.name, position, total };
  announce(interpolate(gettext("%(title)s is in %(stage)s now, position %(position)s of %(total)s"), words));
}

/** Only where the map of moves knows the way back. @param {HTMLElement} tile @param {Place} from @param {Place} to */
function offerUndo(tile, from, to) {
  const id = tile.dataset.id ?? "";
  const text = interpolate(gettext("Moved to “%(stage)s”"), { stage: to.column.dataset.name });
  const undo = async () => {
    const present = tileById(id);
    if (!present) return;
    const column = columnOfStage(/** @type {Element} */ (present.closest(".board")), from.column.dataset.stage ?? "");
    if (column && (await move(present, { column, before: from.before }, { undoable: false }))) present.focus();
  };
  toast(text, mayEnter(tile, from.column) ? { undo } : {});
}

/**
 * Why a tile may not enter a column.
 * @param {HTMLElement} tile
 * @param {HTMLElement} column
 */
export function refusal(tile, column) {
  if ("fixed" in tile.dataset) return whyFixed(tile);
  const words = { source: homeColumn(tile).dataset.name, target: column.dataset.name };
  return interpolate(gettext("A record cannot go from “%(source)s” to “%(target)s”."), words);
}

/** @param {HTMLElement} tile */
export const whyFixed = (tile) =>
  /** @type {HTMLElement} */ (tile.closest(".board")).dataset.fixed || gettext("You have no right to move this record.");

/**
 * The tile is back in its place; say why, and show what is true now.
 * @param {HTMLElement} board
 * @param {HTMLElement} tile
 * @param {unknown} error
 */
async function refused(board, tile, error) {
  toastError(error);
  if (error instanceof HttpError && (error.status === 409 || error.status === 404)) {
    await reload(board, Number(tile.dataset.id)).catch(toastError);
  }
}

/**
 * Fetches a tile anew and puts it where it belongs; takes it away when it is gone or filtered out.
 * @param {HTMLElement} board
 * @param {number} id
 */
export async function reload(board, id) {
  let html;
  try {
    html = await request(withFilter(board, recordUrl(board, `${id}/tile/`)), { method: "GET", headers: { Accept: "application/json, text/html" } });
  } catch (error) {
    if (!(error instanceof HttpError && error.status === 404)) throw error;
  }
  // Looked up after the answer: the tile may have come or gone meanwhile.
  const old = tileById(id);
  if (!html) return take(board, old);
  const fresh = tileFrom(html);
  // An answer that came late, or a tile that somebody has taken up meanwhile.
  if (old && (Number(fresh.dataset.version) < Number(old.dataset.version) || "grabbed" in old.dataset)) return old;
  const column = columnOfStage(board, fresh.dataset.stage ?? "");
  return column ? replace(column, old, fresh) : take(board, old);
}

/** A tile that leaves hands its focus to its neighbour. @param {HTMLElement} board @param {HTMLElement | null} tile */
export function take(board, tile) {
  if (!tile) return null;
  const next = neighbour(tile, "nextElementSibling") ?? neighbour(tile, "previousElementSibling");
  if (tile.contains(document.activeElement)) next?.focus({ preventScroll: true });
  if (next && tile.tabIndex === 0) next.tabIndex = 0;
  tile.remove();
  return null;
}

/**
 * @param {HTMLElement} column
 * @param {HTMLElement | null} old
 * @param {HTMLElement} fresh
 */
function replace(column, old, fresh) {
  const board = /** @type {HTMLElement} */ (column.closest(".board"));
  const before = placeAmong(column, old, fresh);
  if (before === undefined) return take(board, old);
  const hadFocus = old?.contains(document.activeElement) ?? false;
  if (old) fresh.tabIndex = old.tabIndex;
  insert(column, fresh, before);
  old?.remove();
  if (hadFocus) fresh.focus({ preventScroll: true });
  return fresh;
}

/** Undefined when the tile belongs below all that is loaded. */
function placeAmong(/** @type {HTMLElement} */ column, /** @type {HTMLElement | null} */ old, /** @type {HTMLElement} */ fresh) {
  const rank = fresh.dataset.rank ?? "";
  const others = tilesOf(column).filter((tile) => tile !== old && tile.id !== fresh.id);
  const next = others.find((tile) => (tile.dataset.rank ?? "") > rank || (tile.dataset.rank === rank && Number(tile.dataset.id) > Number(fresh.dataset.id)));
  if (next) return next;
  return column.querySelector(".more") ? undefined : null;
}
