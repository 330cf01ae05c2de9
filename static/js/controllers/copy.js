// @ts-check
// `data-controller="copy"` with `data-copy` (the text) or `data-copy-from` (a selector).
import { announce } from "../lib/announce.js";
import { gettext } from "../lib/i18n.js";
import { icon } from "../lib/overlay.js";

/** @param {HTMLElement} button */
export function attach(button) {
  button.addEventListener("click", async () => {
    const source = button.dataset.copyFrom ? document.querySelector(button.dataset.copyFrom) : null;
    const text = button.dataset.copy ?? (source instanceof HTMLInputElement ? source.value : source?.textContent?.trim()) ?? "";
    if (!(await write(text, source))) return;
    announce(gettext("Copied"));
    const before = button.querySelector(".icon");
    const done = icon("check");
    before?.replaceWith(done);
    setTimeout(() => before && done.replaceWith(before), 1500);
  });
}

/**
 * The clipboard exists on secure addresses only; elsewhere the text is selected, ready to be copied by hand.
 * @param {string} text
 * @param {Element | null} source
 */
async function write(text, source) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return true;
  }
  if (source) getSelection()?.selectAllChildren(source);
  announce(gettext("Press Ctrl+C to copy the selected text"));
  return false;
}
