// @ts-check
// Choosing rows of a list for a change to all of them: by their boxes, with Shift for a range, with Space in a row;
// and when the whole page is chosen, all that match the filter.
import { announce } from "../lib/announce.js";
import { gettext, interpolate } from "../lib/i18n.js";

/** @param {HTMLElement} list */
export function attach(list) {
  const bar = /** @type {HTMLElement} */ (list.querySelector("[data-selection]"));
  const all = /** @type {HTMLInputElement} */ (list.querySelector("[data-pick-all]"));
  const everything = /** @type {HTMLButtonElement | null} */ (bar.querySelector("[data-pick-everything]"));
  const body = /** @type {HTMLTableSectionElement} */ (list.querySelector("tbody"));
  /** Ids, not boxes: live updates replace the rows. @type {Set<string>} */
  const chosen = new Set();
  let last = "";
  /** Whether what is on other pages is meant as well. */
  let beyond = false;

  const boxes = () => /** @type {HTMLInputElement[]} */ ([...body.querySelectorAll("[data-pick]")]);
  const idOf = (/** @type {Element} */ box) => box.closest("tr")?.dataset.id ?? "";

  /** Brings the boxes, the bar and its addresses in step with what is chosen. */
  function show() {
    const present = new Set(boxes().map(idOf));
    if (beyond) present.forEach((id) => chosen.add(id));
    for (const id of chosen) if (!present.has(id)) chosen.delete(id);
    for (const box of boxes()) {
      box.checked = chosen.has(idOf(box));
      box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
    }
    all.checked = chosen.size > 0 && chosen.size === present.size;
    all.indeterminate = chosen.size > 0 && !all.checked;
    bar.hidden = chosen.size === 0;
    /** @type {HTMLOutputElement} */ (bar.querySelector("output")).value = words();
    if (everything) everything.hidden = beyond || !all.checked;
    const query = new URLSearchParams(beyond ? list.dataset.query : [...chosen].map((id) => ["id", id]));
    if (beyond) query.set("all", "1");
    query.set("back", location.pathname + location.search);
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (bar.querySelectorAll("[data-dialog]"))) {
      button.dataset.dialog = `${button.dataset.dialog?.split("?")[0]}?${query}`;
    }
  }

  const words = () =>
    beyond ? everything?.dataset.pickEverything ?? "" : interpolate(gettext("Chosen: %(count)s"), { count: chosen.size });

  /**
   * @param {HTMLInputElement} box
   * @param {boolean} withRange
   */
  function pick(box, withRange) {
    beyond = false;
    const ids = boxes().map(idOf);
    const [to, from] = [ids.indexOf(idOf(box)), ids.indexOf(last)];
    const range = withRange && from >= 0 ? ids.slice(Math.min(from, to), Math.max(from, to) + 1) : [idOf(box)];
    for (const id of range) {
      if (box.checked) chosen.add(id);
      else chosen.delete(id);
    }
    last = idOf(box);
    show();
  }

  function clear() {
    beyond = false;
    chosen.clear();
    show();
    announce(words());
  }

  list.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target instanceof HTMLInputElement && target.matches("[data-pick]")) pick(target, event.shiftKey);
    else if (target === all) {
      beyond = false;
      for (const box of boxes()) chosen[all.checked ? "add" : "delete"](idOf(box));
      show();
    } else if (target.closest("[data-pick-everything]")) {
      beyond = true;
      show();
      announce(words());
      /** @type {HTMLElement} */ (bar.querySelector("[data-dialog]")).focus();
    } else if (target.closest("[data-unpick]")) {
      clear();
      all.focus();
    }
  });
  list.addEventListener("keydown", (event) => {
    const cell = /** @type {Element} */ (event.target);
    if (event.key !== " " || !cell.matches("th[scope=row], td")) return;
    const box = /** @type {HTMLInputElement | null} */ (cell.closest("tr")?.querySelector("[data-pick]"));
    if (!box) return;
    event.preventDefault();
    box.checked = !box.checked;
    pick(box, event.shiftKey);
    announce(words());
  });
  const observer = new MutationObserver(() => chosen.size && show());
  observer.observe(body, { childList: true });
  // A closed dialog asks no more how far a bulk change is; what it was about is chosen no more.
  const onClosed = (/** @type {Event} */ event) => {
    const job = /** @type {Element} */ (event.target).querySelector("[data-bulk-job]");
    if (!job) return;
    job.remove();
    clear();
    all.focus();
  };
  document.addEventListener("dialog:closed", onClosed);
  return () => {
    observer.disconnect();
    document.removeEventListener("dialog:closed", onClosed);
  };
}
