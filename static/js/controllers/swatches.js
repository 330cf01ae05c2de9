// @ts-check
// The one palette of a page: opened by any `.swatch` button, it paints that button and the hidden `color` beside it.
import { menuInvoker } from "./menu.js";

/** @param {HTMLElement} menu */
export function attach(menu) {
  menu.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "open") return;
    const color = /** @type {HTMLElement | null} */ (menuInvoker())?.dataset.color;
    for (const item of menu.querySelectorAll("[data-color]")) {
      item.setAttribute("aria-checked", String(/** @type {HTMLElement} */ (item).dataset.color === color));
    }
  });
  menu.addEventListener("click", (event) => {
    const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-color]"));
    const button = menuInvoker();
    if (!item || !(button instanceof HTMLElement)) return;
    button.dataset.color = item.dataset.color;
    const hidden = button.parentElement?.querySelector("input[name=color]");
    if (hidden instanceof HTMLInputElement) hidden.value = item.dataset.color ?? "";
    button.dispatchEvent(new Event("input", { bubbles: true }));
    button.focus();
  });
}
