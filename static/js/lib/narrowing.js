// @ts-check
// Inputs that depend on others of their form: `data-narrowed` is {name of an input: {what it says: [values that fit]}}.
//
// A select keeps the options that fit; without one to choose the whole question is hidden. Any other input is hidden unless
// every list holds true. What an input says that the lists do not know fits nothing.

/** @typedef {Record<string, Record<string, (string | boolean)[]>>} Fitting */

/** @param {HTMLFormElement} form */
export function narrow(form) {
  for (const control of form.querySelectorAll("[data-narrowed]")) follow(form, /** @type {HTMLSelectElement} */ (control));
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLSelectElement | HTMLInputElement} control
 */
function follow(form, control) {
  const fitting = /** @type {Fitting} */ (JSON.parse(control.dataset.narrowed ?? "{}"));
  const question = /** @type {HTMLElement} */ (control.closest(".field"));
  const options = control instanceof HTMLSelectElement ? [...control.options] : [];
  const input = (/** @type {string} */ name) => /** @type {HTMLSelectElement} */ (form.elements.namedItem(name));

  const look = () => {
    const lists = Object.entries(fitting).map(([name, known]) => known[input(name).value] ?? []);
    const fits = (/** @type {string | boolean} */ value) => lists.every((list) => list.includes(value));
    if (!(control instanceof HTMLSelectElement)) {
      question.hidden = !fits(true);
      return;
    }
    const chosen = control.value;
    const kept = options.filter(({ value }) => value === "" || fits(value));
    control.replaceChildren(...kept);
    control.value = kept.some(({ value }) => value === chosen) ? chosen : (kept[0]?.value ?? "");
    question.hidden = !kept.some(({ value }) => value !== "");
  };
  for (const name of Object.keys(fitting)) input(name).addEventListener("change", look);
  look();
}
