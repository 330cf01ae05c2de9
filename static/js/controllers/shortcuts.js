// @ts-check
// Keys by their place on the keyboard, so that they work in every layout; never while typing.
import { openDialogs } from "../lib/overlay.js";
import { undoLast } from "./toast.js";

/** @typedef {{keys: string, label: string, run?: (event: KeyboardEvent) => unknown}} Shortcut */
/** @type {Shortcut[]} */
const registered = [];
let prefix = "";
let prefixTimer = 0;

/**
 * Adds a shortcut that has no element of its own; returns its removal.
 * @param {string} keys codes of `KeyboardEvent.code`, for instance "KeyM", "Mod+KeyK" or "KeyG KeyB"
 * @param {string} label what the list of shortcuts says
 * @param {(event: KeyboardEvent) => unknown} [run] without it the key is only listed: an element listens itself
 */
export function shortcut(keys, label, run) {
  const entry = { keys, label, run };
  registered.push(entry);
  return () => void registered.splice(registered.indexOf(entry), 1);
}

/** Shortcuts of elements: `data-shortcut="KeyN"` presses the element, or focuses it when one can type in it. */
function fromElements() {
  const scope = openDialogs().at(-1) ?? document;
  return /** @type {HTMLElement[]} */ ([...scope.querySelectorAll("[data-shortcut]")])
    .filter((element) => element.checkVisibility() || element.closest("[popover]"))
    .map((element) => ({
      keys: element.dataset.shortcut ?? "",
      label: element.dataset.shortcutLabel || element.getAttribute("aria-label") || element.textContent?.trim() || "",
      run: () => (element.matches("input:not([type=checkbox]), textarea") ? element.focus() : element.click()),
    }));
}

const isTyping = (/** @type {EventTarget | null} */ target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"));

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat) return;
  const mod = event.ctrlKey || event.metaKey;
  if (mod && event.code === "KeyZ" && !event.shiftKey && !isTyping(event.target)) {
    if (undoLast()) event.preventDefault();
    return;
  }
  if (!mod && (isTyping(event.target) || event.altKey || document.documentElement.dataset.shortcuts === "off")) return;
  if (!mod && (event.key === "?" || (event.shiftKey && event.code === "Slash"))) {
    event.preventDefault();
    import("./shortcut_list.js").then(({ list }) => list([...fromElements(), ...registered]));
    return;
  }
  if (event.shiftKey && !mod) return;
  const keys = (mod ? "Mod+" : "") + event.code;
  const known = openDialogs().length ? fromElements() : [...registered, ...fromElements()];
  const wanted = prefix ? `${prefix} ${keys}` : keys;
  clearTimeout(prefixTimer);
  prefix = "";
  const found = known.find((entry) => entry.keys === wanted && entry.run);
  if (found?.run) {
    event.preventDefault();
    found.run(event);
  } else if (known.some((entry) => entry.keys.startsWith(`${wanted} `))) {
    prefix = wanted;
    prefixTimer = setTimeout(() => (prefix = ""), 1200);
  }
});
