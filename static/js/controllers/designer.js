// @ts-check
// The designer of a new process: rows of stages and fields, the map of moves, a live preview, one request at the end.
import { movesOf } from "../designer/moves.js";
import { drawPreview } from "../designer/preview.js";
import { control, copyOf, field, fitType, identify, rows, stage, suggestKey } from "../designer/rows.js";
import { announce } from "../lib/announce.js";
import { HttpError, request } from "../lib/http.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { clearProblems, showProblem } from "../lib/problems.js";
import { toastError } from "./toast.js";

/** @param {HTMLFormElement} form */
export function attach(form) {
  for (const row of [...rows(form, "stages"), ...rows(form, "fields")]) identify(row);
  for (const key of form.querySelectorAll("[name=key]:not([type=hidden])")) {
    if (/** @type {HTMLInputElement} */ (key).value) /** @type {HTMLElement} */ (key).dataset.typed = "";
  }
  const moves = movesOf(form);
  let isDirty = false;
  const draw = () => {
    drawPreview(form);
    moves.draw();
  };
  draw();

  form.addEventListener("input", (event) => {
    isDirty = true;
    const input = /** @type {HTMLInputElement} */ (event.target);
    const row = /** @type {HTMLElement | null} */ (input.closest("[data-row]"));
    if (input.name === "key" && input.type !== "hidden") input.dataset.typed = "";
    if (input.name === "name" && !row) suggestKey(input, control(form, "key"), "process");
    if (input.name === "label" && row) suggestKey(input, control(row, "key"), "field");
    if (row && (input.name === "name" || input.name === "label")) row.dataset.sortLabel = input.value;
    if (!input.closest("[data-moves], .matrix")) drawPreview(form);
  });
  form.addEventListener("change", (event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const row = /** @type {HTMLElement | null} */ (input.closest("[data-row]"));
    if (input.name === "type" && row) fitType(form, row);
    if (row?.dataset.row === "stages") moves.draw();
    if (input.name === "has_stages") {
      for (const part of form.querySelectorAll("[data-of-stages]")) part.toggleAttribute("hidden", !input.checked);
    }
    drawPreview(form);
  });
  form.addEventListener("sortable:moved", draw);
  form.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const adds = /** @type {HTMLElement | null} */ (target.closest("[data-adds]"));
    if (adds?.dataset.adds) add(form, adds.dataset.adds, adds.dataset.type);
    const row = /** @type {HTMLElement | null} */ (target.closest("[data-removes]")?.closest("[data-row]") ?? null);
    if (row && !target.closest(".options")) remove(row);
    if (adds || row) draw();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const url = await send(form, moves.value());
    if (!url) return;
    isDirty = false;
    location.assign(url);
  });
  const warn = (/** @type {BeforeUnloadEvent} */ event) => isDirty && event.preventDefault();
  addEventListener("beforeunload", warn);
  return () => removeEventListener("beforeunload", warn);
}

/**
 * @param {HTMLElement} form
 * @param {string} name
 * @param {string} [type]
 */
function add(form, name, type) {
  const list = /** @type {HTMLElement} */ (form.querySelector(`[data-list="${name}"]`));
  const template = /** @type {HTMLTemplateElement} */ (form.querySelector(`template[data-template="${name}"]`));
  const row = /** @type {HTMLElement} */ (copyOf(template).firstElementChild);
  identify(row);
  // A new stage goes before those that end the work.
  const end = name === "stages" ? rows(form, name).find((other) => stage(other).kind !== "open") : null;
  list.insertBefore(row, end ?? null);
  if (type) {
    /** @type {HTMLSelectElement} */ (row.querySelector("select[name=type]")).value = type;
    fitType(form, row);
  }
  control(row, name === "stages" ? "name" : "label")?.focus();
}

/** @param {HTMLElement} row */
function remove(row) {
  const neighbour = /** @type {HTMLElement | null} */ (row.nextElementSibling ?? row.previousElementSibling);
  announce(interpolate(gettext("Removed: %(name)s"), { name: row.dataset.sortLabel ?? "" }));
  row.remove();
  /** @type {HTMLElement | null | undefined} */ (neighbour?.querySelector("[data-removes]"))?.focus();
}

/**
 * @param {HTMLFormElement} form
 * @param {number[][] | null} moves
 * @returns {Promise<string | null>}
 */
async function send(form, moves) {
  clearProblems(form);
  say(form, "");
  const empty = [...form.querySelectorAll("[required]")].filter((input) => !(/** @type {HTMLInputElement} */ (input).value.trim()));
  for (const input of empty) showProblem(input, [gettext("Fill this in.")]);
  if (empty.length) return complain(form), null;
  const button = /** @type {HTMLElement} */ (form.querySelector(".btn-primary"));
  button.setAttribute("aria-busy", "true");
  try {
    return (await request(form.action, { json: draftOf(form, moves) })).url;
  } catch (error) {
    if (!(error instanceof HttpError) || !(error.details?.fields || error.code === "invalid" || error.code === "conflict")) return toastError(error), null;
    const found = error.details?.fields ?? (error.details?.field ? { [error.details.field]: [error.message] } : {});
    for (const [place, messages] of Object.entries(found)) showProblem(placeOf(form, place), /** @type {string[]} */ (messages));
    complain(form, error.message);
    return null;
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {number[][] | null} moves
 */
function draftOf(form, moves) {
  const about = Object.fromEntries(
    ["name", "noun", "noun_plural", "noun_many", "description"].map((name) => [name, outside(form, name)?.value ?? ""]),
  );
  /** @type {Record<string, Record<string, number>>} */
  const grants = {};
  for (const cell of form.querySelectorAll("select[name^=grant-]")) {
    const select = /** @type {HTMLSelectElement} */ (cell);
    const [, role, operation] = /** @type {RegExpMatchArray} */ (select.name.match(/^grant-(\d+)-(.+)$/));
    (grants[role] ??= {})[operation] = Number(select.value);
  }
  return {
    ...about,
    key: outside(form, "key")?.value ?? "",
    icon: new FormData(form).get("icon"),
    color: /** @type {HTMLInputElement} */ (form.querySelector("#look [name=color]:checked")).value,
    has_stages: outside(form, "has_stages")?.checked ?? true,
    stages: rows(form, "stages").map(stage),
    fields: rows(form, "fields").map(field),
    moves,
    reasons: outside(form, "reasons")?.value ?? "",
    grants,
  };
}

/**
 * The control of the process itself, not one of a row.
 * @param {HTMLElement} form
 * @param {string} name
 */
const outside = (form, name) =>
  /** @type {HTMLInputElement | undefined} */ ([...form.querySelectorAll(`[name="${name}"]`)].find((input) => !input.closest("[data-row]")));

/**
 * `fields.2.key` is the input `key` of the third field.
 * @param {HTMLElement} form
 * @param {string} place
 */
function placeOf(form, place) {
  const [list, at, name] = place.split(".");
  const row = name ? rows(form, list)[Number(at)] : null;
  if (row) return control(row, name) ?? row;
  const block = form.querySelector(`[data-error-for="${list}"]`);
  return block ?? outside(form, list) ?? /** @type {Element} */ (form.querySelector("[data-said]"));
}

/**
 * @param {HTMLElement} form
 * @param {string} [message]
 */
function complain(form, message) {
  const wrong = form.querySelectorAll("[data-problem]");
  const text = ngettext("One place needs your attention.", "%(count)s places need your attention.", wrong.length);
  say(form, wrong.length ? interpolate(text, { count: wrong.length }) : (message ?? ""));
  const first = form.querySelector("[aria-invalid=true]") ?? wrong[0];
  first?.scrollIntoView({ block: "center" });
  const target = first?.matches("[type=hidden]") ? first.parentElement?.querySelector("input:not([type=hidden])") : first;
  if (target instanceof HTMLElement && target.matches("input, select, textarea")) target.focus();
}

/**
 * @param {HTMLElement} form
 * @param {string} text
 */
function say(form, text) {
  const place = /** @type {HTMLElement} */ (form.querySelector("[data-said]"));
  place.textContent = text;
}
