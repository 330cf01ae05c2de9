// @ts-check
// Short messages at the foot of the page: ten seconds, waiting while pointed at or focused, with Undo.
import { announce } from "../lib/announce.js";
import { HttpError, request } from "../lib/http.js";
import { gettext } from "../lib/i18n.js";
import { icon, make, overlayHost } from "../lib/overlay.js";

const ICONS = { good: "circle-check", bad: "alert-circle", info: "info-circle" };
const LIFETIME = 10_000;
/** @type {HTMLElement | null} */
let undoLatest = null;

/**
 * @param {string} text
 * @param {{kind?: "good" | "bad" | "info", undo?: string | (() => unknown)}} [options]
 *   `undo` is a function, or an address to POST to.
 */
export function toast(text, { kind = "good", undo } = {}) {
  const element = make("div", { class: "toast", "data-kind": kind }, icon(ICONS[kind]));
  element.append(make("div", { class: "toast-text" }, text));
  if (undo) {
    const button = make("button", { class: "btn btn-small", type: "button", "data-undo": "" }, gettext("Undo"));
    button.addEventListener("click", () => runUndo(element, undo));
    element.append(button);
  }
  element.append(
    make("button", { class: "btn btn-ghost btn-icon btn-small", type: "button", "data-close": "", "aria-label": gettext("Close") }, icon("x")),
  );
  region().append(element);
  attach(element);
  announce(text);
  return element;
}

/** @param {unknown} error */
export function toastError(error) {
  toast(error instanceof HttpError ? error.message : gettext("Something went wrong on this page. Reload it."), { kind: "bad" });
  if (!(error instanceof HttpError)) console.error(error);
}

/** Takes back the latest change that can still be undone; false when there is none. */
export function undoLast() {
  const undo = undoLatest;
  undoLatest = null;
  undo?.click();
  return undo !== null;
}

/**
 * Starts the clock of a toast, one rendered by the server included.
 * @param {HTMLElement} element
 */
export function attach(element) {
  let timer = 0;
  const wait = () => clearTimeout(timer);
  const leave = () => {
    wait();
    element.remove();
  };
  const start = () => {
    wait();
    if (!element.matches(":hover, :focus-within")) timer = setTimeout(leave, LIFETIME);
  };
  element.addEventListener("pointerenter", wait);
  element.addEventListener("pointerleave", start);
  element.addEventListener("focusin", wait);
  element.addEventListener("focusout", () => setTimeout(start));
  element.querySelector("[data-close]")?.addEventListener("click", leave);
  undoLatest = /** @type {HTMLElement | null} */ (element.querySelector("[data-undo]")) ?? undoLatest;
  start();
  return wait;
}

/** The region, moved into the topmost modal dialog because all else is inert under it. */
function region() {
  const element = document.getElementById("toasts") ?? make("div", { id: "toasts", class: "toasts" });
  const host = overlayHost();
  if (element.parentElement !== host) host.append(element);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string | (() => unknown)} undo
 */
async function runUndo(element, undo) {
  undoLatest = null;
  element.remove();
  try {
    if (typeof undo === "function") {
      await undo();
    } else {
      await request(undo);
      document.dispatchEvent(new CustomEvent("undone", { detail: { url: undo } }));
      toast(gettext("Undone."), { kind: "info" });
    }
  } catch (error) {
    toastError(error);
  }
}

// A response may carry `HX-Trigger: {"toast": {"text": "…", "undo": "/…"}}`.
document.addEventListener("toast", (event) => {
  const { text, ...options } = /** @type {CustomEvent} */ (event).detail;
  toast(text, options);
});
