// @ts-check
// `data-controller="sortable"`: a list that people put in order by dragging, by arrow keys on the handle,
// or by buttons with `data-move="up"` and `data-move="down"`.
//
// The list: `data-sort-url` (gets `{"order": [ids], "moved": id, "list": name}`), `data-sort-axis="x"` for a row,
// `data-sort-group` (items travel between lists of one group), `data-sort-list` (the name of this list).
// An item: `data-sort-id`, `data-sort-label`, with a `.handle` in it.
import { attachClosestEdge, autoScrollForElements, combine, draggable, dropTargetForElements, extractClosestEdge } from "../../vendor/pdnd-4.0.0.js";
import { announce } from "../lib/announce.js";
import { request } from "../lib/http.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { toastError } from "./toast.js";

/** @param {HTMLElement} list */
export function attach(list) {
  /** @type {Map<Element, () => void>} */
  const attached = new Map();
  const refresh = () => {
    for (const item of items(list)) if (!attached.has(item)) attached.set(item, attachItem(list, item));
    for (const [item, detach] of attached) {
      if (item.parentElement !== list) {
        detach();
        attached.delete(item);
      }
    }
  };
  const observer = new MutationObserver(refresh);
  observer.observe(list, { childList: true });
  refresh();
  const ofList = combine(
    dropTargetForElements({
      element: list,
      canDrop: ({ source }) => accepts(list, source.data),
      onDrop: ({ source, location }) => {
        if (location.current.dropTargets[0]?.element === list) move(source.element, list, null);
      },
    }),
    autoScrollForElements({ element: list.closest(".flow, .dialog-body, .main") ?? document.documentElement }),
  );
  list.addEventListener("keydown", (event) => onKey(list, event));
  list.addEventListener("click", (event) => onButton(list, event));
  return () => {
    observer.disconnect();
    ofList();
    attached.forEach((detach) => detach());
  };
}

/** @param {HTMLElement} list */
const items = (list) => /** @type {HTMLElement[]} */ ([...list.children].filter((child) => child.hasAttribute("data-sort-id")));
const group = (/** @type {HTMLElement} */ list) => list.dataset.sortGroup || list;
const accepts = (/** @type {HTMLElement} */ list, /** @type {any} */ data) => data.sortable === group(list);

/**
 * @param {HTMLElement} list
 * @param {HTMLElement} item
 */
function attachItem(list, item) {
  const edges = list.dataset.sortAxis === "x" ? ["left", "right"] : ["top", "bottom"];
  const showEdge = (/** @type {string | null} */ edge) => (edge ? (item.dataset.edge = edge) : delete item.dataset.edge);
  return combine(
    draggable({
      element: item,
      dragHandle: item.querySelector(".handle") ?? undefined,
      getInitialData: () => ({ sortable: group(list) }),
      onDragStart: () => (item.dataset.dragging = ""),
      onDrop: () => delete item.dataset.dragging,
    }),
    dropTargetForElements({
      element: item,
      canDrop: ({ source }) => accepts(list, source.data) && source.element !== item,
      getData: ({ input, element }) => attachClosestEdge({}, { input, element, allowedEdges: edges }),
      onDrag: ({ self }) => showEdge(extractClosestEdge(self.data)),
      onDragLeave: () => showEdge(null),
      onDrop: ({ self, source, location }) => {
        showEdge(null);
        if (location.current.dropTargets[0]?.element !== item) return;
        const after = extractClosestEdge(self.data) === edges[1];
        move(source.element, list, after ? item.nextElementSibling : item);
      },
    }),
  );
}

/**
 * Moves an item, tells the server, and puts it back when the server refuses.
 * @param {HTMLElement} item
 * @param {HTMLElement} list
 * @param {Element | null} before
 */
async function move(item, list, before) {
  const home = { list: /** @type {HTMLElement} */ (item.parentElement), next: item.nextElementSibling };
  if (before === item || (home.list === list && home.next === before)) return;
  list.insertBefore(item, before);
  const position = items(list).indexOf(item) + 1;
  const words = { label: item.dataset.sortLabel ?? "", position, total: items(list).length };
  announce(interpolate(gettext("%(label)s: position %(position)s of %(total)s"), words));
  const order = items(list).map((entry) => entry.dataset.sortId);
  list.dispatchEvent(new CustomEvent("sortable:moved", { bubbles: true, detail: { order, moved: item.dataset.sortId } }));
  if (!list.dataset.sortUrl) return;
  try {
    await request(list.dataset.sortUrl, { json: { order, moved: item.dataset.sortId, list: list.dataset.sortList ?? null } });
  } catch (error) {
    home.list.insertBefore(item, home.next?.parentElement === home.list ? home.next : null);
    toastError(error);
  }
}

/**
 * @param {HTMLElement} list
 * @param {HTMLElement} item
 * @param {number} by
 */
function step(list, item, by) {
  const all = items(list);
  const at = all.indexOf(item) + by;
  if (at < 0 || at >= all.length) return;
  const focused = document.activeElement;
  move(item, list, by < 0 ? all[at] : all[at].nextElementSibling);
  if (focused instanceof HTMLElement) focused.focus();
}

/**
 * @param {HTMLElement} list
 * @param {Event} event
 */
const itemOf = (list, event) => items(list).find((item) => item.contains(/** @type {Node} */ (event.target)));

/**
 * @param {HTMLElement} list
 * @param {KeyboardEvent} event
 */
function onKey(list, event) {
  const item = itemOf(list, event);
  if (!item || !(/** @type {Element} */ (event.target).closest(".handle"))) return;
  const [back, on] = list.dataset.sortAxis === "x" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  if (event.key !== back && event.key !== on) return;
  event.preventDefault();
  step(list, item, event.key === back ? -1 : 1);
}

/**
 * @param {HTMLElement} list
 * @param {MouseEvent} event
 */
function onButton(list, event) {
  const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-move]"));
  const item = itemOf(list, event);
  if (button && item) step(list, item, button.dataset.move === "up" ? -1 : 1);
}
