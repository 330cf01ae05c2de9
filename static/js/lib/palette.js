// @ts-check
// Ctrl/⌘+K: records by title or number, processes and pages, in one list walked with the arrow keys.
import { request } from "./http.js";
import { gettext } from "./i18n.js";
import { icon, make } from "./overlay.js";
import { close, open } from "../controllers/dialog.js";
import { toastError } from "../controllers/toast.js";

/** @typedef {{text: string, note: string, icon: string, color: string, url: string}} Entry */

const PAUSE = 120; // ms after the last letter
const dialog = build();
let timer = 0;
let asked = 0;
/** @type {Entry[] | null} */
let places = null;

export function openPalette() {
  if (!dialog.isConnected) document.body.append(dialog);
  const input = field();
  input.value = "";
  show([]);
  open(dialog);
  input.focus();
  look("");
}

const field = () => /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
const list = () => /** @type {HTMLElement} */ (dialog.querySelector("[role=listbox]"));
const options = () => /** @type {HTMLElement[]} */ ([...dialog.querySelectorAll("[role=option]")]);

function build() {
  const input = make("input", {
    type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list",
    autocomplete: "off", maxlength: "200", "aria-label": gettext("Search or jump to"), placeholder: gettext("Search or jump to…"),
  });
  const made = /** @type {HTMLDialogElement} */ (
    make("dialog", { class: "dialog palette", id: "palette", "aria-label": gettext("Search or jump to") },
      make("div", { class: "palette-input" }, icon("search"), input, make("kbd", {}, "Esc")),
      make("div", { class: "palette-list", id: "palette-list", role: "listbox", "aria-label": gettext("Results") }))
  );
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => look(/** @type {HTMLInputElement} */ (input).value), PAUSE);
  });
  input.addEventListener("keydown", walk);
  made.addEventListener("click", (event) => {
    const option = /** @type {Element} */ (event.target).closest("[role=option]");
    if (option instanceof HTMLElement) follow(option, event.ctrlKey || event.metaKey);
  });
  return made;
}

/** @param {string} text */
async function look(text) {
  const mine = ++asked;
  try {
    const found = await request(`/search/?q=${encodeURIComponent(text)}`, { method: "GET" });
    places = found.places;
    // An answer that was overtaken is not shown.
    if (mine === asked) show([...matching(text), ...found.records]);
  } catch (error) {
    toastError(error);
  }
}

/** @param {string} text @returns {Entry[]} */
function matching(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (places ?? []).filter((place) => words.every((word) => place.text.toLowerCase().includes(word)));
}

/** @param {Entry[]} entries */
function show(entries) {
  list().replaceChildren(...entries.map(draw));
  if (!entries.length && field().value) list().append(make("p", { class: "state state-small muted" }, gettext("Nothing found")));
  choose(options()[0]);
}

/** @param {Entry} entry @param {number} at */
function draw(entry, at) {
  const mark = make("span", { "data-color": entry.color || "slate" }, icon(entry.icon));
  const note = make("span", { class: "muted small push nowrap" }, entry.note);
  return make("div", { role: "option", id: `palette-${at}`, "data-url": entry.url, "aria-selected": "false" }, mark, make("span", { class: "truncate" }, entry.text), note);
}

/** @param {HTMLElement | undefined} option */
function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (option) field().setAttribute("aria-activedescendant", option.id);
  else field().removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

/** @param {KeyboardEvent} event */
function walk(event) {
  if (event.isComposing) return;
  const all = options();
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(all.at((at + (event.key === "ArrowDown" ? 1 : -1)) % all.length));
  } else if (event.key === "Enter" && all[at]) {
    event.preventDefault();
    follow(all[at], event.ctrlKey || event.metaKey);
  }
}

/** @param {HTMLElement} option @param {boolean} aside */
function follow(option, aside) {
  const url = option.dataset.url ?? "/";
  close(dialog);
  if (aside) globalThis.open(url, "_blank");
  else location.assign(url);
}
