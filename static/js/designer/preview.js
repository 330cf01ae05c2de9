// @ts-check
// What the process will look like, drawn anew after every change.
import { gettext } from "../lib/i18n.js";
import { make } from "../lib/overlay.js";
import { control, field, rows, stage } from "./rows.js";

const MOST = 4;

/** @param {HTMLElement} form */
export function drawPreview(form) {
  const preview = /** @type {HTMLElement} */ (form.querySelector("[data-preview]"));
  const find = (/** @type {string} */ name) => /** @type {HTMLElement} */ (preview.querySelector(`[data-preview-${name}]`));
  const stages = rows(form, "stages").map(stage);
  const fields = rows(form, "fields").map((row) => ({ ...field(row), sample: sampleOf(row) })).filter(({ label }) => label);

  const noun = control(form, "noun")?.value || gettext("record");
  for (const title of preview.querySelectorAll("[data-preview-title]")) title.textContent = `${noun[0].toUpperCase()}${noun.slice(1)} 1`;
  find("stage").textContent = stages[0]?.name || "…";
  find("column").dataset.color = stages[0]?.color ?? "slate";

  const shown = fields.filter(({ on_card }) => on_card).slice(0, MOST);
  const chips = shown.filter(({ type }) => type === "choice" || type.startsWith("date"));
  const lines = shown.filter((one) => !chips.includes(one));
  find("lines").replaceChildren(...lines.map(({ sample }) => make("div", { class: "tile-line" }, make("span", {}, sample.text))));
  find("foot").replaceChildren(...chips.map(({ sample }) => make("span", { class: "chip", ...(sample.color && { "data-color": sample.color }) }, sample.text)));

  find("stages").replaceChildren(
    ...stages.map(({ name, color }, at) => make("li", {}, make("span", { "data-color": color, "data-state": at ? "next" : "current" }, name || "…"))),
  );
  find("fields").replaceChildren(
    ...fields.map(({ label, required, sample }) =>
      make("div", { class: "fieldrow", ...(required && { "data-required": "" }) }, make("dt", {}, label), make("dd", {}, sample.text)),
    ),
  );
}

/** @param {HTMLElement} row */
function sampleOf(row) {
  const options = field(row).settings.options;
  if (Array.isArray(options) && options.length) return { text: options[0].label, color: options[0].color };
  const type = /** @type {HTMLSelectElement} */ (row.querySelector("select[name=type]"));
  return { text: type.selectedOptions[0].dataset.sample ?? "…", color: "" };
}
