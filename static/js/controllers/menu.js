// @ts-check
// Popover menus: placed beside their button, walked with the arrow keys, closed by a choice.
import { place } from "../lib/overlay.js";

/** @type {Element | null} */
let invoker = null;
const ITEMS = ".menu-item:not(:disabled)";

/**
 * Opens a menu that has no button of its own, at an element.
 * @param {HTMLElement} menu
 * @param {Element} anchor
 */
export function openMenu(menu, anchor) {
  invoker = anchor;
  menu.showPopover();
}

/** The element at which the open menu hangs. */
export const menuInvoker = () => invoker;

document.addEventListener(
  "click",
  (event) => {
    invoker = /** @type {Element} */ (event.target).closest("[popovertarget]") ?? invoker;
  },
  true,
);

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches(".menu[popover]")) return;
    const isOpen = /** @type {ToggleEvent} */ (event).newState === "open";
    // htmx would carry the place of a closed menu into fresh HTML as a style attribute, which the policy blocks.
    if (!isOpen && menu.hasAttribute("style")) menu.removeAttribute("style");
    if (!isOpen || !invoker) return;
    place(menu, invoker, { side: menu.dataset.side === "inline" ? "inline" : "block" });
    const first = menu.querySelector(`[autofocus], ${ITEMS}, input`);
    if (first instanceof HTMLElement) first.focus();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = /** @type {Element} */ (event.target).closest(".menu[role=menu]");
  if (!(menu instanceof HTMLElement)) return;
  if (event.key === "Tab") return menu.hidePopover();
  const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll(ITEMS)]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items.at(next % items.length)?.focus();
});

document.addEventListener("click", (event) => {
  const item = /** @type {Element} */ (event.target).closest(".menu-item");
  if (!item || item.matches("[aria-disabled=true], [data-keep-open]")) return;
  /** @type {HTMLElement | null} */ (item.closest(".menu[popover]"))?.hidePopover();
});
