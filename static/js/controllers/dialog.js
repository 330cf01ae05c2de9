// @ts-check
// Dialogs and the side panel: open, fill, close, give the focus back, keep the address and Back working.
import { gettext } from "../lib/i18n.js";
import { openDialogs } from "../lib/overlay.js";

/** Ids, not nodes: live updates replace the opener while the dialog is open. @type {WeakMap<Element, string>} */
const openers = new WeakMap();

/**
 * @param {HTMLDialogElement} dialog
 * @param {Element | null} [opener]
 */
export function open(dialog, opener = document.activeElement) {
  openers.set(dialog, opener?.closest("[id]")?.id ?? "");
  if (!dialog.open) dialog.showModal();
  const first = dialog.querySelector("[autofocus], .dialog-body :is(input:not([type=hidden]), select, textarea)");
  if (first instanceof HTMLElement) first.focus();
}

/** @param {HTMLDialogElement} dialog */
export function close(dialog) {
  if (dialog.open) dialog.close();
}

/**
 * Fills the shared dialog (or panel) from the server and opens it.
 * @param {string} url
 * @param {{panel?: boolean, opener?: Element | null, keepAddress?: boolean}} [options]
 */
export async function openUrl(url, { panel = false, opener = document.activeElement, keepAddress = !panel } = {}) {
  const dialog = host(panel ? "panel" : "dialog");
  const wasOpen = dialog.open;
  const content = /** @type {HTMLElement} */ (dialog.querySelector("[data-content]"));
  const skeleton = /** @type {HTMLTemplateElement} */ (document.getElementById("dialog-skeleton"));
  content.replaceChildren(skeleton.content.cloneNode(true));
  open(dialog, opener);
  if (!keepAddress) {
    // One step of history however many records are leafed through in the panel.
    const state = { panel: url };
    if (wasOpen && history.state?.panel) history.replaceState(state, "", url);
    else history.pushState(state, "", url);
  }
  await htmx.ajax("GET", url, { source: content, target: content, swap: "innerHTML" });
  if (content.querySelector("[data-skeleton]")) return close(dialog);
  label(dialog);
  open(dialog, opener);
}

/** @param {string} id */
const host = (id) => /** @type {HTMLDialogElement} */ (document.getElementById(id));

/** @param {HTMLDialogElement} dialog */
function label(dialog) {
  const heading = dialog.querySelector("h1, h2");
  if (!heading) return;
  heading.id ||= `${dialog.id}-title`;
  dialog.setAttribute("aria-labelledby", heading.id);
}

/** @param {HTMLDialogElement} dialog */
const isDirty = (dialog) => dialog.querySelector("form[data-dirty]") !== null;

/** @param {HTMLDialogElement} dialog */
function closed(dialog) {
  dialog.querySelectorAll("form[data-dirty]").forEach((form) => form.removeAttribute("data-dirty"));
  if (dialog.id === "panel" && history.state?.panel) history.back();
  const id = openers.get(dialog);
  const opener = id && document.getElementById(id);
  if (opener && document.activeElement !== opener) focusIn(opener);
  dialog.dispatchEvent(new CustomEvent("dialog:closed", { bubbles: true }));
}

/** @param {HTMLElement} element */
function focusIn(element) {
  const target = element.matches("a, button, input, [tabindex]") ? element : element.querySelector("a, button, [tabindex]");
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}

/**
 * A link with `data-closes` leaves its dialog behind; what opened that dialog gets the focus in the end.
 * @param {HTMLElement} link
 */
function leave(link) {
  const dialog = link.matches("[data-closes]") ? link.closest("dialog") : null;
  if (!dialog) return link;
  const opener = document.getElementById(openers.get(dialog) ?? "");
  close(dialog);
  return opener;
}

/** A plain click; the others open a tab. @param {MouseEvent} event */
const isPlain = (event) => !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const link = /** @type {HTMLElement | null} */ (target.closest("[data-panel], [data-dialog], [data-opens]"));
  if (link && isPlain(event) && !event.defaultPrevented) {
    event.preventDefault();
    const { opens, dialog, panel } = link.dataset;
    if (opens) open(host(opens), link);
    else openUrl(dialog || panel || /** @type {HTMLAnchorElement} */ (link).href, { panel: dialog === undefined, opener: leave(link) });
    return;
  }
  if (target.closest("[data-closes]")) {
    const dialog = target.closest("dialog");
    if (dialog) close(dialog);
  }
});

// The backdrop is the dialog element itself; a press that began inside (selecting text) does not count.
let pressedOn = /** @type {EventTarget | null} */ (null);
document.addEventListener("pointerdown", (event) => (pressedOn = event.target));
document.addEventListener("click", (event) => {
  const dialog = event.target;
  if (!(dialog instanceof HTMLDialogElement) || pressedOn !== dialog || !dialog.matches(":modal")) return;
  const box = dialog.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside && !isDirty(dialog)) close(dialog);
});

document.addEventListener("close", (event) => event.target instanceof HTMLDialogElement && closed(event.target), true);

document.addEventListener("input", (event) => {
  /** @type {Element} */ (event.target).closest("dialog form")?.setAttribute("data-dirty", "");
});

addEventListener("beforeunload", (event) => {
  if (openDialogs().some((dialog) => isDirty(/** @type {HTMLDialogElement} */ (dialog)))) event.preventDefault();
});

addEventListener("popstate", (event) => {
  const panel = document.getElementById("panel");
  if (!(panel instanceof HTMLDialogElement)) return;
  if (event.state?.panel) openUrl(event.state.panel, { panel: true, keepAddress: true });
  else close(panel);
});

// A response may carry `HX-Trigger: dialog:close`.
document.addEventListener("dialog:close", (event) => {
  const dialog = /** @type {Element} */ (event.target).closest?.("dialog") ?? openDialogs().at(-1);
  if (dialog instanceof HTMLDialogElement) {
    dialog.querySelectorAll("form[data-dirty]").forEach((form) => form.removeAttribute("data-dirty"));
    close(dialog);
  }
});

/**
 * Asks in a dialog; true when the person agrees.
 * @param {string} text
 * @param {{action?: string, danger?: boolean}} [options]
 * @returns {Promise<boolean>}
 */
export function ask(text, { action, danger = true } = {}) {
  const dialog = host("confirm");
  const button = /** @type {HTMLElement} */ (dialog.querySelector("[value=yes]"));
  /** @type {HTMLElement} */ (dialog.querySelector("[data-text]")).textContent = text;
  button.textContent = action || gettext("Continue");
  button.classList.toggle("btn-danger", danger);
  dialog.returnValue = "";
  open(dialog);
  // What cannot be taken back is never one careless Enter away.
  const safe = /** @type {HTMLElement} */ (dialog.querySelector("[data-closes]"));
  (danger ? safe : button).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
