// @ts-check
// Rows of the designer: read them, add them, give them keys.
import { keyFrom } from "../lib/keys.js";

let count = 0;

/**
 * @param {ParentNode} scope
 * @param {string} name
 */
export const control = (scope, name) => /** @type {HTMLInputElement | null} */ (scope.querySelector(`[name="${name}"]`));

/**
 * @param {HTMLElement} form
 * @param {string} list
 */
export const rows = (form, list) => /** @type {HTMLElement[]} */ ([...form.querySelectorAll(`[data-row="${list}"]`)]);

/**
 * A copy of a template whose ids are its own.
 * @param {HTMLTemplateElement} template
 */
export function copyOf(template) {
  const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const own = `-${++count}`;
  for (const element of copy.querySelectorAll("[id]")) element.id += own;
  for (const label of copy.querySelectorAll("label[for]")) label.setAttribute("for", label.getAttribute("for") + own);
  return copy;
}

/** @param {HTMLElement} row */
export function identify(row) {
  row.dataset.sortId ||= `new-${++count}`;
}

/**
 * Puts the settings of the row's type into its place.
 * @param {HTMLElement} form
 * @param {HTMLElement} row
 */
export function fitType(form, row) {
  const type = /** @type {HTMLSelectElement} */ (control(row, "type") instanceof HTMLSelectElement ? row.querySelector("select[name=type]") : null);
  const chosen = type.selectedOptions[0];
  row.querySelector(".design-type use")?.setAttribute("href", `${document.documentElement.dataset.sprite}#${chosen.dataset.icon}`);
  const template = form.querySelector(`template[data-settings-of="${type.value}"]`);
  row.querySelector("[data-settings]")?.replaceChildren(template instanceof HTMLTemplateElement ? copyOf(template) : "");
}

/**
 * Keys follow the names until somebody writes one.
 * @param {HTMLInputElement} name
 * @param {HTMLInputElement | null} key
 * @param {string} fallback
 */
export function suggestKey(name, key, fallback) {
  if (!key || key.dataset.typed !== undefined) return;
  key.value = keyFrom(name.value, fallback);
}

/** @param {HTMLElement} row */
export function stage(row) {
  const of = (/** @type {string} */ name) => control(row, name)?.value ?? "";
  return { name: of("name"), kind: of("kind"), color: of("color"), key: of("key"), hint: of("hint") };
}

/** @param {HTMLElement} row */
export function field(row) {
  const of = (/** @type {string} */ name) => control(row, name)?.value ?? "";
  const settings = Object.fromEntries(
    [...row.querySelectorAll("[data-settings] :is(input, select, textarea)[name]")].map((element) => {
      const input = /** @type {HTMLInputElement} */ (element);
      if (input.dataset.json !== undefined) return [input.name, JSON.parse(input.value || "[]")];
      return [input.name, input.type === "checkbox" ? input.checked : input.value];
    }),
  );
  return {
    label: of("label"),
    type: of("type"),
    key: of("key"),
    help: of("help"),
    required: control(row, "required")?.checked ?? false,
    on_card: control(row, "on_card")?.checked ?? false,
    in_list: !("apart" in row.dataset),
    is_unique: "unique" in row.dataset,
    is_searchable: "searchable" in row.dataset,
    settings,
  };
}
