// @ts-check
// Dragging tiles with the mouse. On touch the menu of the tile is the way: browsers do not drag there.
import {
  attachClosestEdge, autoScrollForElements, combine, draggable, dropTargetForElements, extractClosestEdge, monitorForElements,
} from "../../vendor/pdnd-4.0.0.js";
import { toast } from "../controllers/toast.js";
import { bodyOf, columnsOf, mayEnter, neighbour, tilesOf } from "./column.js";
import { move, placeOf, whyFixed } from "./moving.js";

/** @param {HTMLElement} board */
export function attachDragging(board) {
  /** @type {Map<HTMLElement, () => void>} */
  const attached = new Map();
  const refresh = () => {
    for (const tile of tilesOf(board)) if (!attached.has(tile)) attached.set(tile, attachTile(tile));
    for (const [tile, detach] of attached) {
      if (tile.isConnected) continue;
      detach();
      attached.delete(tile);
    }
  };
  const observer = new MutationObserver(refresh);
  for (const column of columnsOf(board)) observer.observe(bodyOf(column), { childList: true });
  refresh();
  const rest = combine(
    autoScrollForElements({ element: board }),
    ...columnsOf(board).map(attachColumn),
    monitorForElements({
      canMonitor: ({ source }) => board.contains(source.element),
      onDragStart: ({ source }) => markColumns(board, /** @type {HTMLElement} */ (source.element)),
      onDrop: ({ source, location }) => {
        unmark(board);
        drop(/** @type {HTMLElement} */ (source.element), location.current.dropTargets);
      },
    }),
  );
  return () => {
    observer.disconnect();
    rest();
    attached.forEach((detach) => detach());
  };
}

/** @param {HTMLElement} tile */
function attachTile(tile) {
  const showEdge = (/** @type {string | null} */ edge) => (edge ? (tile.dataset.edge = edge) : delete tile.dataset.edge);
  return combine(
    draggable({
      element: tile,
      canDrag: () => isFree(tile),
      onDragStart: () => (tile.dataset.dragging = ""),
      onDrop: () => delete tile.dataset.dragging,
    }),
    dropTargetForElements({
      element: tile,
      canDrop: ({ source }) => source.element !== tile,
      getData: ({ input, element }) => attachClosestEdge({}, { input, element, allowedEdges: ["top", "bottom"] }),
      onDrag: ({ self }) => showEdge(extractClosestEdge(self.data)),
      onDragLeave: () => showEdge(null),
      onDrop: () => showEdge(null),
    }),
  );
}

/** @param {HTMLElement} column */
const attachColumn = (column) =>
  combine(
    dropTargetForElements({
      element: column,
      onDragEnter: () => (column.dataset.over = ""),
      onDragLeave: () => delete column.dataset.over,
      onDrop: () => delete column.dataset.over,
    }),
    autoScrollForElements({ element: bodyOf(column) }),
  );

/** A tile that may not be moved says so instead of being silent. @param {HTMLElement} tile */
function isFree(tile) {
  if ("pending" in tile.dataset) return false;
  if (!("fixed" in tile.dataset)) return true;
  toast(whyFixed(tile), { kind: "info" });
  return false;
}

/** @param {HTMLElement} board @param {HTMLElement} tile */
function markColumns(board, tile) {
  for (const column of columnsOf(board)) column.toggleAttribute("data-forbidden", !mayEnter(tile, column));
}

/** @param {HTMLElement} board */
function unmark(board) {
  for (const column of columnsOf(board)) column.removeAttribute("data-forbidden");
}

/**
 * @param {HTMLElement} tile
 * @param {{element: Element, data: any}[]} targets the innermost first: a tile and its column, or a column alone
 */
function drop(tile, targets) {
  if (!targets.length) return;
  const column = /** @type {HTMLElement} */ (/** @type {{element: Element}} */ (targets.at(-1)).element);
  const over = targets.length > 1 ? /** @type {HTMLElement} */ (targets[0].element) : null;
  const isAbove = over && extractClosestEdge(targets[0].data) === "top";
  /** @type {Element | null} */
  let before = over && (isAbove ? over : neighbour(over, "nextElementSibling"));
  if (before === tile) before = placeOf(tile).before;
  move(tile, { column, before });
}
