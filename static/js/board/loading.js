// @ts-check
// Columns load their next tiles before one scrolls to them; a failure offers another try in that column alone.
import { request } from "../lib/http.js";
import { gettext } from "../lib/i18n.js";
import { icon, make } from "../lib/overlay.js";
import { bodyOf, columnsOf } from "./column.js";

/** Pixels. */
const AHEAD = 900;

/** @param {HTMLElement} board */
export function attachLoading(board) {
  const undo = columnsOf(board).map((column) => attachColumn(bodyOf(column)));
  return () => undo.forEach((stop) => stop());
}

/** @param {HTMLElement} body */
function attachColumn(body) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        load(/** @type {HTMLElement} */ (target));
      }
    },
    // On a phone the page scrolls, not the column; the viewport is the root of both.
    { root: body.scrollHeight > body.clientHeight ? body : null, rootMargin: `${AHEAD}px 0px` },
  );
  const watch = () => body.querySelectorAll(".more:not([data-failed])").forEach((more) => observer.observe(more));
  const arrivals = new MutationObserver(watch);
  arrivals.observe(body, { childList: true });
  watch();
  return () => {
    observer.disconnect();
    arrivals.disconnect();
  };
}

/** @param {HTMLElement} more */
async function load(more) {
  const url = more.dataset.more ?? "";
  try {
    const html = await request(url, { method: "GET", headers: { Accept: "application/json, text/html" } });
    const template = document.createElement("template");
    template.innerHTML = html;
    // A tile that was moved or added here meanwhile is in the page already.
    for (const tile of template.content.querySelectorAll(".tile")) if (document.getElementById(tile.id)) tile.remove();
    more.replaceWith(template.content);
  } catch (error) {
    fail(more, error instanceof Error ? error.message : "");
  }
}

/**
 * @param {HTMLElement} more
 * @param {string} text
 */
function fail(more, text) {
  const retry = make("button", { class: "btn btn-small", type: "button" }, icon("refresh"), gettext("Try again"));
  const state = make("li", { class: "more more-failed", "data-failed": "", "data-more": more.dataset.more ?? "", role: "alert" });
  state.append(make("p", {}, text || gettext("The next cards could not be loaded.")), retry);
  retry.addEventListener("click", () => {
    const again = make("li", { class: "more", "data-more": state.dataset.more ?? "" }, make("span", { class: "skeleton skeleton-tile" }));
    state.replaceWith(again);
  });
  more.replaceWith(state);
}
