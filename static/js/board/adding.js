// @ts-check
// Quick add at the head of a column: Enter saves and stays open for the next, Shift+Enter opens what was made.
import { announce } from "../lib/announce.js";
import { HttpError, request } from "../lib/http.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { make } from "../lib/overlay.js";
import { openUrl } from "../controllers/dialog.js";
import { toastError } from "../controllers/toast.js";
import { add, amountOf, bodyOf, columnOf, dropEmptyState, flash, insert, tileById, tileFrom, tilesOf, withFilter } from "./column.js";
import { recountSoon } from "./live.js";

/** What a line calls itself until it has been answered: sent again after a lost answer it makes no second record. */
const newName = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => String(part).padStart(10, "0")).join("");

/**
 * @param {HTMLElement} board
 * @param {HTMLElement} button
 */
export function openForm(board, button) {
  const column = columnOf(button);
  const label = interpolate(gettext("Title of a new card in “%(stage)s”"), { stage: column.dataset.name });
  const input = /** @type {HTMLInputElement} */ (make("input", { type: "text", maxlength: "300", "aria-label": label, placeholder: gettext("What is it about?"), enterkeyhint: "done" }));
  const hint = make("span", { class: "column-hint" }, gettext("Enter saves, Shift+Enter opens, Esc closes"));
  const form = make("form", { class: "column-form" }, input, hint);
  let busy = false;
  let once = newName();
  const close = (/** @type {boolean} */ back) => {
    if (!form.isConnected) return;
    form.replaceWith(button);
    if (back) button.focus();
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") close(true);
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (!busy) save(event.shiftKey);
  });
  input.addEventListener("blur", () => setTimeout(() => !input.value.trim() && !busy && document.activeElement !== input && close(false), 100));
  const save = async (/** @type {boolean} */ opens) => {
    const title = input.value.trim();
    if (!title) return;
    busy = true;
    form.setAttribute("aria-busy", "true");
    try {
      const tile = await create(board, column, title, once);
      once = newName();
      input.value = "";
      if (opens && tile) tile.querySelector("a")?.click();
    } catch (error) {
      refused(board, column, title, error);
    } finally {
      busy = false;
      form.removeAttribute("aria-busy");
    }
  };
  button.replaceWith(form);
  input.focus();
}

/**
 * @param {HTMLElement} board
 * @param {HTMLElement} column
 * @param {string} title
 * @param {string} once
 */
async function create(board, column, title, once) {
  const html = await request(withFilter(board, board.dataset.adds ?? ""), {
    json: { title, stage: Number(column.dataset.stage), once },
    headers: { Accept: "application/json, text/html" },
  });
  const tile = tileFrom(html);
  // The live stream may have been faster than the answer.
  if (!tileById(tile.dataset.id ?? "")) {
    insert(column, tile, tilesOf(column)[0] ?? null);
    add(column, 1, amountOf(tile));
  }
  bodyOf(column).scrollTop = 0;
  dropEmptyState(board);
  recountSoon(board);
  const shown = tileById(tile.dataset.id ?? "");
  if (shown) flash(shown);
  announce(interpolate(gettext("%(title)s added"), { title }));
  return shown;
}

/**
 * A process that asks for more than a title is answered in the whole form.
 * @param {HTMLElement} board
 * @param {HTMLElement} column
 * @param {string} title
 * @param {unknown} error
 */
function refused(board, column, title, error) {
  const details = error instanceof HttpError && error.status === 422 ? error.details : {};
  const fields = Object.keys(details.fields ?? {});
  if ((!fields.length && !details.gate) || fields.includes("title")) return toastError(error);
  const query = new URLSearchParams({ title, stage: column.dataset.stage ?? "" });
  openUrl(`${board.dataset.new}?${query}`, { opener: column.querySelector("input") });
}
