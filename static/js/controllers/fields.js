// @ts-check
// `data-controller="fields"`: the palette of kinds of fields, narrowed by the words in `[data-finds]`.

/** @param {HTMLElement} palette */
export function attach(palette) {
  const input = /** @type {HTMLInputElement} */ (palette.querySelector("[data-finds]"));
  const none = /** @type {HTMLElement} */ (palette.querySelector("[data-none]"));
  const items = /** @type {HTMLElement[]} */ ([...palette.querySelectorAll("li")]);
  input.addEventListener("input", () => {
    const words = input.value.trim().toLocaleLowerCase();
    for (const item of items) item.hidden = !(item.textContent ?? "").toLocaleLowerCase().includes(words);
    none.hidden = items.some((item) => !item.hidden);
  });
}
