// @ts-check
// A button at every text with placeholders: it opens the list of fields and writes `{{ key }}` at the caret.
import { gettext } from "../lib/i18n.js";
import { icon, make } from "../lib/overlay.js";
import { menuInvoker } from "./menu.js";

/** @param {HTMLElement} form */
export function attach(form) {
  const menu = form.querySelector("#placeholders");
  const furnish = () => form.querySelectorAll("[data-placeholders]:not([data-furnished])").forEach(furnishOne);
  furnish();
  const observer = new MutationObserver(furnish);
  observer.observe(form, { childList: true, subtree: true });
  menu?.addEventListener("click", (event) => {
    const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-placeholder]"));
    const input = menuInvoker()?.parentElement?.querySelector("[data-placeholders]");
    if (item && (input instanceof HTMLInputElement || input instanceof HTMLTextAreaElement)) insert(input, `{{ ${item.dataset.placeholder} }}`);
  });
  return () => observer.disconnect();
}

/** @param {Element} input */
function furnishOne(input) {
  const hadFocus = document.activeElement === input;
  input.setAttribute("data-furnished", "");
  const button = make("button", { class: "btn btn-ghost btn-icon btn-small placeholder-button", type: "button", popovertarget: "placeholders", "aria-label": gettext("Insert a field"), "data-tip": gettext("Insert a field") }, icon("variable"));
  const wrap = make("div", { class: "with-placeholders" });
  input.before(wrap);
  wrap.append(input, button);
  if (hadFocus && input instanceof HTMLElement) input.focus();
}

/**
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {string} text
 */
function insert(input, text) {
  input.setRangeText(text, input.selectionStart ?? input.value.length, input.selectionEnd ?? input.value.length, "end");
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.focus();
}
