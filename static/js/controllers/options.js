// @ts-check
// Options of a choice as rows; the hidden input beside them keeps what they say as JSON.

/** @param {HTMLElement} editor */
export function attach(editor) {
  const hidden = /** @type {HTMLInputElement} */ (editor.querySelector("input[data-json]"));
  const list = /** @type {HTMLElement} */ (editor.querySelector(".options-list"));
  const template = /** @type {HTMLTemplateElement} */ (editor.querySelector("template"));

  const write = () => {
    const options = [...list.children].map((row) => ({
      label: /** @type {HTMLInputElement} */ (row.querySelector("input[type=text]")).value.trim(),
      color: /** @type {HTMLElement} */ (row.querySelector(".swatch")).dataset.color,
      .../** @type {HTMLElement} */ (row).dataset.key && { key: /** @type {HTMLElement} */ (row).dataset.key },
    }));
    hidden.value = JSON.stringify(options.filter((option) => option.label));
    hidden.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const add = (/** @type {Element | null} */ after) => {
    const row = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (template.content.cloneNode(true)).firstElementChild);
    const swatches = [...document.querySelectorAll("#swatches [data-color]")];
    const color = /** @type {HTMLElement | undefined} */ (swatches[list.children.length % swatches.length])?.dataset.color;
    if (color) /** @type {HTMLElement} */ (row.querySelector(".swatch")).dataset.color = color;
    list.insertBefore(row, after?.nextElementSibling ?? null);
    /** @type {HTMLElement} */ (row.querySelector("input[type=text]")).focus();
  };

  if (!list.children.length) list.append(template.content.cloneNode(true));
  list.addEventListener("input", write);
  list.addEventListener("sortable:moved", write);
  list.addEventListener("keydown", (event) => {
    const input = /** @type {HTMLElement} */ (event.target);
    if (event.key !== "Enter" || !input.matches("input[type=text]")) return;
    event.preventDefault();
    add(input.closest("li"));
  });
  editor.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-adds]")) add(list.lastElementChild);
    const row = target.closest("[data-removes]")?.closest("li");
    if (!row) return;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    write();
    /** @type {HTMLElement | null} */ ((next ?? editor).querySelector("[data-removes], [data-adds]"))?.focus();
  });
}
