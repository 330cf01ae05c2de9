// @ts-check
// Editing one value where it stands: fetch its input, save, put the value back. A card and a list use the same.
//
// The place has `data-edit-url`, and in it `[data-value]` shows the value. Saving says what one saw (`was`); when
// somebody changed it meanwhile, both values are offered.
import { toastError } from "../controllers/toast.js";
import { announce } from "./announce.js";
import { HttpError, request } from "./http.js";
import { gettext, interpolate } from "./i18n.js";

/** @typedef {{version: number, json: unknown, text: string, html: string}} Saved */

/**
 * Opens the editor in a place; resolves with what was saved, or null when it was left.
 * @param {HTMLElement} place
 * @returns {Promise<Saved | null>}
 */
export async function edit(place) {
  if (place.querySelector(".inline-form")) return null;
  const shown = /** @type {HTMLElement} */ (place.querySelector("[data-value]"));
  let html;
  try {
    html = await request(place.dataset.editUrl ?? "", { method: "GET", headers: { Accept: "application/json, text/html" } });
  } catch (error) {
    toastError(error);
    return null;
  }
  const template = document.createElement("template");
  template.innerHTML = html;
  const form = /** @type {HTMLFormElement} */ (template.content.querySelector("form"));
  place.dataset.editing = "";
  shown.after(form);
  htmx.process(form);
  focusInput(form);
  const saved = await answered(form);
  form.remove();
  delete place.dataset.editing;
  if (saved) shown.innerHTML = saved.html;
  return saved;
}

/** @param {HTMLFormElement} form */
function focusInput(form) {
  const input = /** @type {HTMLElement | null} */ (form.querySelector(".ts-control input, [name=value]"));
  input?.focus();
  if (input instanceof HTMLInputElement && input.type === "text") input.select();
}

/**
 * Waits until the form is saved or left.
 * @param {HTMLFormElement} form
 * @returns {Promise<Saved | null>}
 */
function answered(form) {
  return new Promise((resolve) => {
    let busy = false;
    const send = async () => {
      if (busy) return;
      busy = true;
      form.setAttribute("aria-busy", "true");
      try {
        const saved = await request(form.action, { body: new FormData(form) });
        announce(gettext("Saved"));
        resolve(saved);
      } catch (error) {
        refused(form, error);
      } finally {
        busy = false;
        form.removeAttribute("aria-busy");
      }
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
    form.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") {
        event.preventDefault();
        resolve(null);
      } else if (event.key === "Enter" && !event.isComposing && sends(event)) {
        event.preventDefault();
        form.requestSubmit();
      } else if (event.key === "Tab" && form.closest("td, th")) {
        form.dataset.then = event.shiftKey ? "previous" : "next";
        event.preventDefault();
        form.requestSubmit();
      }
    });
    form.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest("button");
      if (button?.matches("[data-keeps=theirs]")) showTheirs(form);
      if (button?.matches("[data-cancels], [data-keeps=theirs]")) resolve(null);
      if (button?.matches("[data-keeps=mine]")) send();
    });
    // A choice is made with one press.
    const select = form.querySelector("select:not([multiple])");
    select?.addEventListener("change", () => form.requestSubmit());
  });
}

/** Enter saves; in several lines of text it needs Ctrl. @param {KeyboardEvent} event */
function sends(event) {
  const target = /** @type {Element} */ (event.target);
  if (target.matches("button") || target.closest(".ts-wrapper")) return false;
  return !target.matches("textarea") || event.ctrlKey || event.metaKey;
}

/**
 * @param {HTMLFormElement} form
 * @param {unknown} error
 */
function refused(form, error) {
  const place = /** @type {HTMLElement} */ (form.querySelector("[data-error]"));
  const conflict = /** @type {HTMLElement} */ (form.querySelector("[data-conflict]"));
  if (!(error instanceof HttpError)) return toastError(error);
  let text = Object.values(error.details?.fields ?? {}).flat().join(" ") || error.message;
  conflict.hidden = true;
  if (error.status === 409 && "theirs" in (error.details ?? {})) {
    const { who, theirs, json } = error.details;
    text = interpolate(gettext("%(who)s changed this to: %(theirs)s"), { who, theirs: theirs || gettext("nothing") });
    /** @type {HTMLInputElement} */ (form.elements.namedItem("was")).value = JSON.stringify(json);
    form.dataset.theirs = theirs;
    conflict.hidden = false;
  }
  /** @type {HTMLElement} */ (place.querySelector("span")).textContent = text;
  place.hidden = false;
  const input = form.querySelector("[name=value]");
  input?.setAttribute("aria-invalid", "true");
}

/** @param {HTMLFormElement} form */
function showTheirs(form) {
  const shown = form.parentElement?.querySelector("[data-value]");
  if (shown) shown.textContent = form.dataset.theirs || gettext("Not filled");
}
