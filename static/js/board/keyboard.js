// @ts-check
// The board by keyboard. It is one tab stop: arrows walk between tiles (and the “quick add” above them); Space picks a
// tile up, arrows carry it, Space or Enter drops it, Escape puts it back.
import { announce } from "../lib/announce.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { shortcut } from "../controllers/shortcuts.js";
import { toast } from "../controllers/toast.js";
import { columnOf, columnsOf, mayEnter, neighbour, tileById, tilesOf, titleOf } from "./column.js";
import { move, placeOf, put, whyFixed } from "./moving.js";
import { openMenuOf } from "./later.js";

/** @typedef {import("./moving.js").Place} Place */

/** The tile in hand and where it came from. @type {{id: string, from: Place} | null} */
let held = null;

/** @param {HTMLElement} board */
export function attachKeyboard(board) {
  const onKeydown = (/** @type {KeyboardEvent} */ event) => key(board, event);
  const onFocus = (/** @type {FocusEvent} */ event) => rove(board, event.target);
  const onBlur = (/** @type {FocusEvent} */ event) => leave(board, event.relatedTarget);
  board.addEventListener("keydown", onKeydown);
  board.addEventListener("focusin", onFocus);
  board.addEventListener("focusout", onBlur);
  const first = stops(columnsOf(board)[0]).at(0) ?? null;
  for (const column of columnsOf(board)) {
    const entry = stops(column).find((stop) => stop.matches(".tile"));
    if (entry) {
      entry.tabIndex = 0;
      break;
    }
  }
  if (!board.querySelector(".tile[tabindex='0']") && first) first.tabIndex = 0;
  const forget = [
    shortcut("KeyM", gettext("Open the menu of the card"), () => withFocused(board, openMenuOf)),
    shortcut("Enter", gettext("Open the card")),
    shortcut("Space", gettext("Pick up or drop the card")),
  ];
  return () => {
    held = null;
    forget.forEach((undo) => undo());
    board.removeEventListener("keydown", onKeydown);
    board.removeEventListener("focusin", onFocus);
    board.removeEventListener("focusout", onBlur);
  };
}

/** What one can stand on in a column. @param {HTMLElement} column */
const stops = (column) => /** @type {HTMLElement[]} */ ([...column.querySelectorAll(".column-add, .tile")]);

/** @param {EventTarget | null} target */
const stopOf = (target) =>
  target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest(".tile, .column-add")) : null;

/**
 * One stop of the board can be reached by Tab; links and buttons of a tile only in the tile that has the focus.
 * @param {HTMLElement} board
 * @param {EventTarget | null} target
 */
function rove(board, target) {
  const stop = stopOf(target);
  if (!stop) return;
  for (const other of board.querySelectorAll("[tabindex='0']")) {
    if (!stop.contains(other)) /** @type {HTMLElement} */ (other).tabIndex = -1;
  }
  stop.tabIndex = 0;
  if (!stop.matches(".tile")) return;
  stop.setAttribute("aria-describedby", "board-help");
  for (const inner of stop.querySelectorAll("a, button")) /** @type {HTMLElement} */ (inner).tabIndex = 0;
}

/**
 * A tile in hand is put back when the focus goes elsewhere; a moment later, because moving it in the page blurs it.
 * @param {HTMLElement} board
 * @param {EventTarget | null} next
 */
function leave(board, next) {
  if (!held || (next instanceof Node && board.contains(next))) return;
  setTimeout(() => held && !board.contains(document.activeElement) && cancel());
}

/**
 * @param {HTMLElement} board
 * @param {KeyboardEvent} event
 */
function key(board, event) {
  const stop = stopOf(event.target);
  if (!stop || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const act = held ? carry(board, event) : stop === event.target && walk(board, stop, event);
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

/**
 * What a key does while nothing is in hand.
 * @param {HTMLElement} board
 * @param {HTMLElement} stop
 * @param {KeyboardEvent} event
 * @returns {(() => void) | undefined}
 */
function walk(board, stop, event) {
  const step = direction(board, event.key);
  if (step) return () => focusAt(board, stop, step);
  const all = stops(columnOf(stop));
  if (event.key === "Home") return () => focus(all[0]);
  if (event.key === "End") return () => focus(all.at(-1));
  if (!stop.matches(".tile")) return undefined;
  if (event.code === "Space") return () => pickUp(stop);
  if (event.key === "Enter") return () => stop.querySelector("a")?.click();
  return undefined;
}

/**
 * What a key does with the tile in hand.
 * @param {HTMLElement} board
 * @param {KeyboardEvent} event
 * @returns {(() => void) | undefined}
 */
function carry(board, event) {
  const step = direction(board, event.key);
  if (step) return () => shift(board, step);
  if (event.key === "Escape") return cancel;
  if (event.code === "Space" || event.key === "Enter") return drop;
  return event.key === "Tab" ? undefined : () => {};
}

/**
 * @param {HTMLElement} board
 * @param {string} name
 * @returns {[number, number] | undefined} columns and rows to go
 */
function direction(board, name) {
  const across = getComputedStyle(board).direction === "rtl" ? -1 : 1;
  /** @type {Record<string, [number, number]>} */
  const steps = { ArrowRight: [across, 0], ArrowLeft: [-across, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  return steps[name];
}

/** @param {HTMLElement | undefined} element */
function focus(element) {
  element?.focus();
  element?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/**
 * @param {HTMLElement} board
 * @param {HTMLElement} stop
 * @param {[number, number]} step
 */
function focusAt(board, stop, [across, down]) {
  const columns = columnsOf(board);
  const here = columns.indexOf(columnOf(stop));
  const at = stops(columns[here]).indexOf(stop);
  if (down) return focus(stops(columns[here])[at + down]);
  for (let next = here + across; columns[next]; next += across) {
    const there = stops(columns[next]);
    if (there.length) return focus(there[Math.min(at, there.length - 1)]);
  }
}

/** @param {HTMLElement} tile */
function pickUp(tile) {
  if ("pending" in tile.dataset) return;
  if ("fixed" in tile.dataset) return void toast(whyFixed(tile), { kind: "info" });
  held = { id: tile.dataset.id ?? "", from: placeOf(tile) };
  tile.dataset.grabbed = "";
  announce(interpolate(gettext("%(title)s picked up. %(place)s"), { title: titleOf(tile), place: place(tile) }));
}

/** @param {HTMLElement} tile */
function place(tile) {
  const column = columnOf(tile);
  const words = {
    stage: column.dataset.name,
    position: tilesOf(column).indexOf(tile) + 1,
    total: column.querySelector(".column-count")?.textContent,
  };
  return interpolate(gettext("%(stage)s, position %(position)s of %(total)s"), words);
}

/**
 * @param {HTMLElement} board
 * @param {[number, number]} step
 */
function shift(board, [across, down]) {
  const tile = held && tileById(held.id);
  if (!tile) return;
  const to = down ? beside(tile, down) : across && elsewhere(board, tile, across);
  if (!to) return announce(gettext("It cannot go further."));
  put(tile, to);
  tile.focus();
  tile.scrollIntoView({ block: "nearest", inline: "nearest" });
  announce(place(tile));
}

/**
 * @param {HTMLElement} tile
 * @param {number} down
 * @returns {Place | null}
 */
function beside(tile, down) {
  const other = neighbour(tile, down < 0 ? "previousElementSibling" : "nextElementSibling");
  if (!other) return null;
  return { column: columnOf(tile), before: down < 0 ? other : neighbour(other, "nextElementSibling") };
}

/**
 * The same height in the next column that the tile may enter.
 * @param {HTMLElement} board
 * @param {HTMLElement} tile
 * @param {number} across
 * @returns {Place | null}
 */
function elsewhere(board, tile, across) {
  const columns = columnsOf(board);
  const at = tilesOf(columnOf(tile)).indexOf(tile);
  for (let next = columns.indexOf(columnOf(tile)) + across; columns[next]; next += across) {
    if (mayEnter(tile, columns[next])) return { column: columns[next], before: tilesOf(columns[next])[at] ?? null };
  }
  return null;
}

async function drop() {
  const from = held?.from;
  const tile = held && tileById(held.id);
  held = null;
  if (!tile || !from) return;
  delete tile.dataset.grabbed;
  const to = placeOf(tile);
  if (to.column === from.column && to.before === from.before) return announce(gettext("Dropped where it was."));
  await move(tile, to, { from });
}

function cancel() {
  const tile = held && tileById(held.id);
  const from = held?.from;
  held = null;
  if (!tile || !from) return;
  delete tile.dataset.grabbed;
  put(tile, from);
  tile.focus();
  announce(interpolate(gettext("Cancelled. %(place)s"), { place: place(tile) }));
}

/**
 * @param {HTMLElement} board
 * @param {(tile: HTMLElement) => void} act
 */
function withFocused(board, act) {
  const tile = document.activeElement?.closest(".tile");
  if (tile instanceof HTMLElement && board.contains(tile)) act(tile);
}

