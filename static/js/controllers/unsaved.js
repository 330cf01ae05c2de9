// @ts-check
// A form with a matrix: says how many cells are changed and sends those alone, asks the server what looks like an
// oversight, guards the way out.
import { interpolate, ngettext } from "../lib/i18n.js";

const PAUSE = 300;

/** @param {HTMLFormElement} form */
export function attach(form) {
  let count = 0;
  let timer = 0;
  const place = form.querySelector("[data-unsaved]");
  const tell = (/** @type {number} */ changed) => {
    count = changed;
    const text = ngettext("%(count)s change is not saved", "%(count)s changes are not saved", count);
    if (place) place.textContent = count ? interpolate(text, { count }) : "";
  };
  tell(form.querySelectorAll("[data-changed]").length);
  form.addEventListener("formdata", ({ formData }) => {
    for (const control of form.querySelectorAll(".matrix[data-ready] td:not([data-changed]) select")) formData.delete(/** @type {HTMLSelectElement} */ (control).name);
  });
  form.addEventListener("matrix:changed", (event) => {
    tell(/** @type {CustomEvent} */ (event).detail.count);
    clearTimeout(timer);
    if (form.dataset.checkUrl) timer = setTimeout(() => check(form), PAUSE);
  });
  form.addEventListener("submit", () => (count = 0));
  const warn = (/** @type {BeforeUnloadEvent} */ event) => count && event.preventDefault();
  addEventListener("beforeunload", warn);
  return () => {
    clearTimeout(timer);
    removeEventListener("beforeunload", warn);
  };
}

/** @param {HTMLFormElement} form */
function check(form) {
  htmx.ajax("POST", form.dataset.checkUrl ?? "", { source: form, target: "#access-warnings", swap: "outerHTML" });
}
