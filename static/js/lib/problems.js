// @ts-check
// What the server found wrong, said beside the control it speaks of.
import { icon, make } from "./overlay.js";

let count = 0;

/** @param {HTMLElement} scope */
export function clearProblems(scope) {
  scope.querySelectorAll("[data-problem]").forEach((note) => note.remove());
  for (const control of scope.querySelectorAll("[data-wrong]")) clearControl(control);
}

/**
 * @param {Element} control an input, or the block that the messages are about
 * @param {string[]} messages
 */
export function showProblem(control, messages) {
  const note = make("div", { "data-problem": "", id: `problem-${++count}` });
  for (const message of messages) note.append(make("p", { class: "field-error" }, icon("alert-circle"), make("span", {}, message)));
  if (control.matches("input, select, textarea")) {
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("data-wrong", control.getAttribute("aria-describedby") ?? "");
    control.setAttribute("aria-describedby", `${control.getAttribute("aria-describedby") ?? ""} ${note.id}`.trim());
    control.addEventListener("input", () => forget(control, note), { once: true });
    (control.closest(".field, .design-row, .options") ?? control.parentElement)?.append(note);
  } else {
    control.append(note);
  }
  control.closest("details")?.setAttribute("open", "");
}

/**
 * @param {Element} control
 * @param {Element} note
 */
function forget(control, note) {
  note.remove();
  clearControl(control);
}

/** @param {Element} control */
function clearControl(control) {
  const before = control.getAttribute("data-wrong");
  control.removeAttribute("aria-invalid");
  control.removeAttribute("data-wrong");
  if (before) control.setAttribute("aria-describedby", before);
  else control.removeAttribute("aria-describedby");
}
