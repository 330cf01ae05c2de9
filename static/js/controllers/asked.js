// @ts-check
// `<form data-controller="asked" data-asked-url>`: questions that depend on other answers come and go while one types.
//
// The server says which are asked and required, by the rule that it writes records with. A question is
// `[data-question]`; it comes with `data-unasked` where it is not asked in the beginning.
import { request } from "../lib/http.js";
import { toastError } from "./toast.js";

const PAUSE = 250;
/** @typedef {{asked: string[], required: string[]}} Asked */

/** @param {HTMLFormElement} form */
export function attach(form) {
  const questions = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-question]")]);
  const known = new Set(["title", "assignee"]);
  const hide = (/** @type {HTMLElement} */ question, /** @type {boolean} */ isHidden) => (question.hidden = isHidden);
  let timer = 0;
  let running = new AbortController();

  for (const question of questions) hide(question, "unasked" in question.dataset);
  tidy(form);

  const ask = async () => {
    running.abort();
    running = new AbortController();
    try {
      const answer = /** @type {Asked} */ (await request(form.dataset.askedUrl ?? "", { body: new FormData(form), signal: running.signal }));
      for (const question of questions) {
        const key = question.dataset.question ?? "";
        if (known.has(key)) continue;
        hide(question, !answer.asked.includes(key));
        require(question, answer.required.includes(key));
      }
      tidy(form);
    } catch (error) {
      if (!(error instanceof DOMException)) toastError(error);
    }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  return () => {
    clearTimeout(timer);
    running.abort();
  };
}

/**
 * @param {HTMLElement} question
 * @param {boolean} isRequired
 */
function require(question, isRequired) {
  const control = question.querySelector("input:not([type=hidden]):not([type=checkbox]), select:not([multiple]), textarea");
  if (control && control.closest(".ts-wrapper") === null) /** @type {HTMLInputElement} */ (control).required = isRequired;
  const mark = question.querySelector(".field-optional");
  if (mark) /** @type {HTMLElement} */ (mark).hidden = isRequired;
}

/** A section without questions is no section. @param {HTMLFormElement} form */
function tidy(form) {
  for (const section of form.querySelectorAll("[data-section]")) {
    /** @type {HTMLElement} */ (section).hidden = !section.querySelector("[data-question]:not([hidden])");
  }
}
