// @ts-check
// Columns and tiles in the page: where a tile stands, counts and sums, the address of a request.
import { compact, number } from "../lib/i18n.js";

/** @param {Element} element */
export const columnOf = (element) => /** @type {HTMLElement} */ (element.closest(".column"));

/** @param {HTMLElement} column */
export const bodyOf = (column) => /** @type {HTMLElement} */ (column.querySelector(".column-body"));

/** @param {Element} scope a column, or the board */
export const tilesOf = (scope) => /** @type {HTMLElement[]} */ ([...scope.querySelectorAll(".tile")]);

/** @param {Element} board */
export const columnsOf = (board) => /** @type {HTMLElement[]} */ ([...board.querySelectorAll(".column")]);

/**
 * @param {Element} board
 * @param {string | number} stage
 */
export const columnOfStage = (board, stage) =>
  /** @type {HTMLElement | null} */ (board.querySelector(`.column[data-stage="${stage}"]`));

/** @param {number | string} id */
export const tileById = (id) => document.getElementById(`card-${id}`);

/** @param {HTMLElement} tile */
export const titleOf = (tile) => tile.querySelector(".tile-title")?.textContent?.trim() ?? "";

/**
 * The tile above or below, past whatever is no tile.
 * @param {Element} tile
 * @param {"previousElementSibling" | "nextElementSibling"} way
 */
export function neighbour(tile, way) {
  let other = tile[way];
  while (other && !other.matches(".tile")) other = other[way];
  return /** @type {HTMLElement | null} */ (other);
}

/**
 * Whether the tile may go to the column: its own, or one that the map of moves allows.
 * @param {HTMLElement} tile
 * @param {HTMLElement} column
 */
export function mayEnter(tile, column) {
  const home = homeColumn(tile);
  return column === home || (home.dataset.targets ?? "").split(" ").includes(column.dataset.stage ?? "");
}

/**
 * The column of the stage in which the server has the tile, wherever it hovers now.
 * @param {HTMLElement} tile
 */
export function homeColumn(tile) {
  const board = /** @type {HTMLElement} */ (tile.closest(".board"));
  return columnOfStage(board, tile.dataset.stage ?? "") ?? columnOf(tile);
}

/**
 * An address under the board's records, with the filter of the page.
 * @param {HTMLElement} board
 * @param {string} path
 */
export const recordUrl = (board, path) => `${board.dataset.records}${path}`;

/** @param {HTMLElement} board */
export const withFilter = (board, url) => (board.dataset.query ? `${url}?${board.dataset.query}` : url);

/** @param {string} html */
export function tileFrom(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return /** @type {HTMLElement} */ (template.content.querySelector(".tile"));
}

/**
 * Puts a tile before another, or after the last one that is loaded.
 * @param {HTMLElement} column
 * @param {HTMLElement} tile
 * @param {Element | null} before
 */
export function insert(column, tile, before) {
  const body = bodyOf(column);
  const end = body.querySelector(":scope > .more");
  body.insertBefore(tile, before?.parentElement === body ? before : end);
}

/**
 * Adds to the count of a column and to its sum what a tile brings or takes.
 * @param {HTMLElement} column
 * @param {number} count
 * @param {number} sum
 */
export function add(column, count, sum) {
  const counter = /** @type {HTMLElement} */ (column.querySelector(".column-count"));
  const total = /** @type {HTMLElement} */ (column.querySelector(".column-sum"));
  setTotals(column, Number(counter.dataset.count) + count, "sum" in total.dataset ? Number(total.dataset.sum) + sum : null);
}

/**
 * @param {HTMLElement} column
 * @param {number} count
 * @param {number | null} sum
 */
export function setTotals(column, count, sum) {
  const counter = /** @type {HTMLElement} */ (column.querySelector(".column-count"));
  const total = /** @type {HTMLElement} */ (column.querySelector(".column-sum"));
  counter.dataset.count = String(count);
  counter.textContent = number(count);
  if (!("sum" in total.dataset)) return;
  total.dataset.sum = String(sum ?? 0);
  total.textContent = sum ? compact(sum) : "";
  total.dataset.tip = `${total.dataset.tip?.split(":")[0]}: ${number(sum ?? 0)}`;
}

/** @param {HTMLElement} tile */
export const amountOf = (tile) => Number(tile.dataset.amount ?? 0);

/** The number of cards beside the filter, after a change that the page made itself. @param {HTMLElement} board */
export function isEmpty(board) {
  return columnsOf(board).every((column) => column.querySelector(".column-count")?.getAttribute("data-count") === "0");
}

/** The words of an empty board go with the first tile. @param {HTMLElement} board */
export function dropEmptyState(board) {
  if (!isEmpty(board)) board.querySelector(".board-state")?.remove();
}

/** @param {HTMLElement} tile */
export function flash(tile) {
  tile.dataset.flash = "";
  setTimeout(() => delete tile.dataset.flash, 1500);
}
