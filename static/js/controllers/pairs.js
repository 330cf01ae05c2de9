// @ts-check
// Names and values as rows, kept as a JSON object in the hidden input: headers of a call, or fields and their new values.
import { gettext } from "../lib/i18n.js";
import { icon, make } from "../lib/overlay.js";

/** @typedef {{key: string, label: string, input: string, options: [any, string][]}} Field */
const NOT_SET = ["stage", "author"];

/** @param {HTMLElement} editor */
export function attach(editor) {
  const hidden = /** @type {HTMLInputElement} */ (editor.querySelector("input[data-json]"));
  const list = /** @type {HTMLElement} */ (editor.querySelector("[data-rows]"));
  const ofFields = editor.dataset.ofFields !== undefined;
  /** @type {Field[]} */
  const schema = JSON.parse(document.getElementById("condition-schema")?.textContent ?? "[]").filter((/** @type {Field} */ field) => !NOT_SET.includes(field.key));

  const write = () => {
    /** @type {Record<string, any>} */
    const pairs = {};
    for (const row of list.children) {
      const [name, value] = /** @type {HTMLInputElement[]} */ ([...row.querySelectorAll("[data-part]")]);
      if (name.value) pairs[name.value] = value.dataset.part === "json" ? JSON.parse(value.value) : value.value;
    }
    hidden.value = JSON.stringify(pairs);
    hidden.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const add = (/** @type {string} */ name, /** @type {any} */ value) => {
    const row = make("li", { class: "pair" });
    const key = ofFields ? fieldSelect(schema, name) : make("input", { type: "text", "data-part": "name", value: name, "aria-label": gettext("Name"), placeholder: "X-Source" });
    const drop = make("button", { class: "btn btn-ghost btn-icon btn-small", type: "button", "data-drops": "", "aria-label": gettext("Remove") }, icon("x"));
    row.append(key, make("span", { class: "pair-value" }, valueInput(ofFields ? fieldOf(schema, key) : undefined, value)), drop);
    list.append(row);
    return row;
  };
  for (const [name, value] of Object.entries(JSON.parse(hidden.value || "{}"))) add(name, value);

  list.addEventListener("input", (event) => {
    const control = /** @type {HTMLElement} */ (event.target);
    if (ofFields && control.dataset.part === "name") control.parentElement?.querySelector(".pair-value")?.replaceChildren(valueInput(fieldOf(schema, control), ""));
    write();
  });
  editor.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-adds]")) /** @type {HTMLElement} */ (add(ofFields ? (schema[0]?.key ?? "") : "", "").querySelector("[data-part]")).focus();
    const drop = target.closest("[data-drops]");
    if (drop) {
      drop.closest("li")?.remove();
      /** @type {HTMLElement} */ (editor.querySelector("[data-adds]")).focus();
    }
    if (drop || target.closest("[data-adds]")) write();
  });
}

/**
 * @param {Field[]} schema
 * @param {string} chosen
 */
function fieldSelect(schema, chosen) {
  const select = /** @type {HTMLSelectElement} */ (make("select", { "data-part": "name", "aria-label": gettext("Field") }, ...schema.map(({ key, label }) => make("option", { value: key }, label))));
  select.value = chosen;
  return select;
}

/** @type {(schema: Field[], select: Element) => Field | undefined} */
const fieldOf = (schema, select) => schema.find(({ key }) => key === /** @type {HTMLSelectElement} */ (select).value);

/**
 * @param {Field | undefined} field
 * @param {any} value
 */
function valueInput(field, value) {
  if (field?.input !== "options") {
    return make("input", { type: "text", "data-part": "value", "data-placeholders": "", value: String(value ?? ""), "aria-label": gettext("Value"), placeholder: field?.input === "date" ? "2026-01-31" : "" });
  }
  const select = /** @type {HTMLSelectElement} */ (make("select", { "data-part": "json", "aria-label": gettext("Value") }, make("option", { value: "null" }, gettext("(empty)"))));
  select.append(...field.options.map(([key, name]) => make("option", { value: JSON.stringify(key) }, name)));
  select.value = value === "" || value === undefined ? (select.options[1]?.value ?? "null") : JSON.stringify(value);
  return select;
}
