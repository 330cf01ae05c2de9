// @ts-check
// The condition builder: groups of “and” joined by “or”, kept as a tree of JSON in the hidden input `data-condition`.
//
// It reads `#condition-schema`: [{key, label, input, url, named, options: [[value, name]], operators: [[key, label, arity]]}], and
// writes what expressions.conditions reads: {"all": […]} or {"any": [{"all": […]}, …]}. A deeper tree is left alone.
import { gettext } from "../lib/i18n.js";
import { narrow } from "../lib/narrowing.js";
import { icon, make } from "../lib/overlay.js";

const UNITS = ["min", "h", "d", "w", "mo", "y"];
const ME = "me";
const MANY = 8; // options; more of them are searched
/** @typedef {{key: string, label: string, input: string, url: string, named: [number, string][], options: [any, string][], operators: [string, string, string][]}} Field */

/** @param {HTMLFormElement} form */
export function attach(form) {
  own(form);
  narrow(form);
  const other = /** @type {HTMLElement | null} */ (form.querySelector("[data-by]"));
  if (other) follow(form, other);
}

/**
 * A condition over other records: which fields there are depends on another input, and with it the builder begins anew.
 * @param {HTMLFormElement} form
 * @param {HTMLElement} holder
 */
function follow(form, holder) {
  const hidden = /** @type {HTMLInputElement} */ (holder.querySelector("input"));
  const by = /** @type {HTMLSelectElement} */ (form.elements.namedItem(holder.dataset.by ?? ""));
  const schemas = JSON.parse(holder.querySelector("script")?.textContent ?? "{}");
  const draw = (/** @type {any[][]} */ groups) => {
    const place = /** @type {HTMLElement} */ (holder.querySelector("[data-tree]"));
    const fresh = /** @type {HTMLElement} */ (place.cloneNode(false));
    place.replaceWith(fresh);
    if (schemas[by.value]) build(fresh, hidden, schemas[by.value], groups);
  };
  by.addEventListener("change", () => {
    hidden.value = "";
    draw([]);
  });
  draw(groupsOf(hidden.value ? JSON.parse(hidden.value) : null));
}

/** @param {HTMLElement} form */
function own(form) {
  const hidden = /** @type {HTMLInputElement} */ (form.querySelector("[data-condition]"));
  const place = /** @type {HTMLElement} */ (form.querySelector("[data-builder]"));
  const deep = form.querySelector("[data-too-deep]");
  /** @type {Field[]} */
  const schema = JSON.parse(form.querySelector("#condition-schema")?.textContent ?? "[]");
  const tree = hidden.value ? JSON.parse(hidden.value) : null;
  if (deep) {
    deep.querySelector("[data-anew]")?.addEventListener("click", () => {
      deep.remove();
      build(place, hidden, schema, []);
    });
    return;
  }
  build(place, hidden, schema, groupsOf(tree));
}

/** @param {any} tree */
function groupsOf(tree) {
  if (!tree) return [];
  return (tree.any ?? [tree]).map((/** @type {any} */ branch) => branch.all ?? [branch]);
}

/**
 * @param {HTMLElement} place
 * @param {HTMLInputElement} hidden
 * @param {Field[]} schema
 * @param {any[][]} groups
 */
function build(place, hidden, schema, groups) {
  const write = () => {
    const found = [...place.querySelectorAll(".conditions")]
      .map((group) => [...group.querySelectorAll(".condition")].map((row) => read(/** @type {HTMLElement} */ (row), schema)))
      .filter((items) => items.length);
    const branches = found.map((items) => ({ all: items }));
    hidden.value = branches.length ? JSON.stringify(branches.length === 1 ? branches[0] : { any: branches }) : "";
    hidden.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const draw = () => {
    place.querySelectorAll(".condition-or").forEach((word) => word.remove());
    [...place.querySelectorAll(".conditions")].slice(1).forEach((group) => group.before(make("span", { class: "chip condition-or", "data-kind": "accent" }, gettext("or"))));
    more.lastChild && (more.lastChild.textContent = place.querySelector(".conditions") ? gettext("or another group") : gettext("Add a condition"));
  };
  const addRow = (/** @type {HTMLElement} */ group, /** @type {any} */ item) => {
    const row = makeRow(schema, item);
    group.insertBefore(row, group.lastElementChild);
    return row;
  };
  const addGroup = (/** @type {any[]} */ items) => {
    const and = make("button", { class: "btn btn-ghost btn-small", type: "button", "data-and": "" }, icon("plus"), gettext("and"));
    const group = make("div", { class: "conditions" }, and);
    more.before(group);
    return (items.length ? items : [null]).map((item) => addRow(group, item));
  };
  const more = make("button", { class: "btn btn-small", type: "button", "data-or": "" }, icon("plus"), "");
  place.append(more);
  for (const items of groups) addGroup(items);
  draw();

  place.addEventListener("input", (event) => {
    const control = /** @type {HTMLElement} */ (event.target);
    const row = /** @type {HTMLElement} */ (control.closest(".condition"));
    if (control.dataset.part === "field") refill(row, schema, "operator");
    if (control.dataset.part === "operator") refill(row, schema, "value");
    write();
  });
  place.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const group = /** @type {HTMLElement | null} */ (target.closest(".conditions"));
    if (target.closest("[data-or]")) addGroup([])[0].querySelector("select")?.focus();
    if (target.closest("[data-and]") && group) addRow(group, null).querySelector("select")?.focus();
    if (target.closest("[data-drops]") && group) {
      target.closest(".condition")?.remove();
      if (!group.querySelector(".condition")) group.remove();
      /** @type {HTMLElement} */ (group.isConnected ? group.lastElementChild : more)?.focus();
    }
    if (target.closest("button")) {
      draw();
      write();
    }
  });
}

/**
 * @param {Field[]} schema
 * @param {any} item
 */
function makeRow(schema, item) {
  const field = make("select", { "data-part": "field", "aria-label": gettext("Field") }, ...schema.map(({ key, label }) => make("option", { value: key }, label)));
  const drop = make("button", { class: "btn btn-ghost btn-icon btn-small", type: "button", "data-drops": "", "aria-label": gettext("Remove the condition") }, icon("x"));
  const row = make("div", { class: "condition" }, field, make("select", { "data-part": "operator", "aria-label": gettext("Comparison") }), make("span", { class: "condition-value" }), drop);
  if (item) /** @type {HTMLSelectElement} */ (field).value = item.field;
  refill(row, schema, "operator", item);
  return row;
}

/** @param {HTMLElement} row */
const part = (row, /** @type {string} */ name) => /** @type {HTMLSelectElement} */ (row.querySelector(`[data-part="${name}"]`));
/** @type {(row: HTMLElement, schema: Field[]) => Field} */
const fieldOf = (row, schema) => /** @type {Field} */ (schema.find(({ key }) => key === part(row, "field").value));

/**
 * @param {HTMLElement} row
 * @param {Field[]} schema
 * @param {"operator" | "value"} from
 * @param {any} [item]
 */
function refill(row, schema, from, item) {
  const field = fieldOf(row, schema);
  const operator = part(row, "operator");
  if (from === "operator") {
    operator.replaceChildren(...field.operators.map(([key, label]) => make("option", { value: key }, label)));
    if (item) operator.value = item.op;
  }
  const arity = field.operators.find(([key]) => key === operator.value)?.[2] ?? "one";
  row.querySelector(".condition-value")?.replaceChildren(...inputs(field, arity, item?.value));
}

/**
 * @param {Field} field
 * @param {string} arity
 * @param {any} value
 */
function inputs(field, arity, value) {
  if (arity === "none") return [];
  if (arity === "distance") {
    const [, amount, unit] = /^(\d+)(\D+)$/.exec(value ?? "") ?? [null, "1", "d"];
    const names = { min: gettext("minutes"), h: gettext("hours"), d: gettext("days"), w: gettext("weeks"), mo: gettext("months"), y: gettext("years") };
    const units = make("select", { "data-part": "unit", "aria-label": gettext("Unit") }, ...UNITS.map((key) => make("option", { value: key }, names[/** @type {keyof typeof names} */ (key)])));
    /** @type {HTMLSelectElement} */ (units).value = unit;
    return [make("input", { "data-part": "value", type: "number", min: "0", value: amount, "aria-label": gettext("How long") }), units];
  }
  if (arity === "range") return [0, 1].map((at) => one(field, value?.[at], false));
  return [one(field, value, arity === "list")];
}

/**
 * @param {Field} field
 * @param {any} value
 * @param {boolean} many
 */
function one(field, value, many) {
  const common = { "data-part": "value", "aria-label": gettext("Value") };
  if (field.input !== "options") {
    const type = field.input === "date" ? "date" : "text";
    return make("input", { ...common, type, ...(field.input === "number" && { inputmode: "decimal" }), value: typeof value === "object" ? "" : String(value ?? "") });
  }
  /** @type {Record<string, string> | false} */
  const searched = field.url ? { "data-controller": "select", "data-url": field.url } : field.options.length > MANY && { "data-controller": "select" };
  const select = /** @type {HTMLSelectElement} */ (make("select", { ...common, ...(many && { multiple: "", size: "4" }), ...searched }));
  const chosen = (many ? (value ?? []) : [value]).map((/** @type {any} */ entry) => JSON.stringify(entry?.me ? ME : entry));
  const linked = field.url ? (many ? (value ?? []) : [value ?? null]) : [];
  for (const [key, name] of [...field.options, ...linked.map((/** @type {any} */ id) => [id, titleOf(field, id)])]) {
    const option = /** @type {HTMLOptionElement} */ (make("option", { value: JSON.stringify(key) }, name));
    option.selected = chosen.includes(option.value);
    select.append(option);
  }
  return select;
}

/** What the server calls a record that the condition names. @param {Field} field @param {number | null} id */
const titleOf = (field, id) => (id === null ? "" : (field.named.find(([known]) => known === id)?.[1] ?? `#${id}`));

/**
 * @param {HTMLElement} row
 * @param {Field[]} schema
 */
function read(row, schema) {
  const field = fieldOf(row, schema);
  const op = part(row, "operator").value;
  const arity = field.operators.find(([key]) => key === op)?.[2] ?? "one";
  const values = [.../** @type {NodeListOf<HTMLInputElement>} */ (row.querySelectorAll("[data-part=value]"))];
  const plain = (/** @type {HTMLInputElement} */ input) => (field.input === "options" ? JSON.parse(input.value) : field.input === "number" ? input.value.replace(/\s/g, "").replace(",", ".") : input.value);
  const base = { field: field.key, op };
  if (arity === "none") return base;
  if (arity === "distance") return { ...base, value: `${values[0].value || 0}${part(row, "unit").value}` };
  if (arity === "range") return { ...base, value: values.map(plain) };
  if (arity === "list") return { ...base, value: [.../** @type {HTMLSelectElement} */ (/** @type {unknown} */ (values[0])).selectedOptions].map((option) => JSON.parse(option.value)) };
  return { ...base, value: plain(values[0]) };
}
