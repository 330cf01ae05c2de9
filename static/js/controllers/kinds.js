// @ts-check
// `data-controller="kinds"`: kinds of fields in groups, narrowed by the words in `[data-finds]` and walked with the arrows.

/** @param {HTMLElement} root */
export function attach(root) {
  const input = /** @type {HTMLInputElement} */ (root.querySelector("[data-finds]"));
  const none = /** @type {HTMLElement} */ (root.querySelector("[data-none]"));
  const groups = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-group]")]);
  const items = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("li")]);
  const shown = () => items.filter((item) => !item.hidden).map((item) => /** @type {HTMLElement} */ (item.querySelector("button")));

  input.addEventListener("input", () => {
    const words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    for (const item of items) {
      const text = (item.textContent ?? "").toLocaleLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
    }
    for (const group of groups) group.hidden = !group.querySelector("li:not([hidden])");
    none.hidden = shown().length > 0;
  });
  root.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const choices = shown();
    const at = choices.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (event.target === input && event.key === "Enter") {
      event.preventDefault();
      choices[0]?.click();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    (next < 0 ? input : choices[next] ?? choices.at(-1))?.focus();
  });
}
