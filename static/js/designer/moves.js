// @ts-check
// The map of moves as a table: rows from, columns to. Pairs are kept by row, so that renaming and reordering keep them.
import { gettext, interpolate } from "../lib/i18n.js";
import { make } from "../lib/overlay.js";
import { rows, stage } from "./rows.js";

/** @param {HTMLElement} form */
export function movesOf(form) {
  const place = /** @type {HTMLElement} */ (form.querySelector("[data-moves]"));
  /** @type {Set<string>} */
  const pairs = new Set();

  const ids = () => rows(form, "stages").map((row) => row.dataset.sortId ?? "");
  const isListed = () => /** @type {HTMLInputElement} */ (form.querySelector("[name=moves][value=listed]")).checked;

  const draw = () => {
    place.replaceChildren();
    if (!isListed()) return;
    const stages = rows(form, "stages").map((row) => ({ id: row.dataset.sortId ?? "", name: stage(row).name || "…" }));
    const head = make("tr", {}, make("th", { scope: "col" }, gettext("From ↓ to →")), ...stages.map(({ name }) => make("th", { scope: "col" }, name)));
    const body = stages.map((from) => make("tr", {}, make("th", { scope: "row" }, from.name), ...stages.map((to) => cell(from, to))));
    const table = make("table", { class: "table matrix table-sticky", "data-controller": "matrix" }, make("thead", {}, head), make("tbody", {}, ...body));
    place.append(make("div", { class: "table-wrap" }, table));
  };

  /**
   * @param {{id: string, name: string}} from
   * @param {{id: string, name: string}} to
   */
  const cell = (from, to) => {
    if (from.id === to.id) return make("td", { class: "muted" }, "·");
    const words = interpolate(gettext("From “%(from)s” to “%(to)s”"), { from: from.name, to: to.name });
    const box = make("input", { type: "checkbox", value: `${from.id}>${to.id}`, "aria-label": words, "data-tip": words });
    box.toggleAttribute("checked", pairs.has(`${from.id}>${to.id}`));
    return make("td", {}, box);
  };

  place.addEventListener("change", (event) => {
    const box = /** @type {HTMLInputElement} */ (event.target);
    if (box.checked) pairs.add(box.value);
    else pairs.delete(box.value);
  });
  const given = JSON.parse(document.getElementById("draft-moves")?.textContent ?? "null");
  for (const [from, to] of given ?? []) pairs.add(`${ids()[from]}>${ids()[to]}`);
  // Whoever begins to choose begins with every move forward.
  form.querySelector("[name=moves][value=listed]")?.addEventListener("change", () => {
    if (!pairs.size) ids().forEach((from, at) => ids().slice(at + 1).forEach((to) => pairs.add(`${from}>${to}`)));
    draw();
  });
  form.querySelector("[name=moves][value=any]")?.addEventListener("change", draw);

  return {
    draw,
    /** Pairs of places, or null when any move goes. */
    value() {
      if (!isListed()) return null;
      const now = ids();
      return [...pairs].map((pair) => pair.split(">").map((id) => now.indexOf(id))).filter((pair) => !pair.includes(-1));
    },
  };
}
