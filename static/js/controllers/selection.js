// @ts-check
// Choosing rows of a list for a change to all of them: by their boxes, with Shift for a range, with Space in a row.
import { announce } from "../lib/announce.js";
import { gettext, interpolate } from "../lib/i18n.js";

/** @param {HTMLElement} list */
export function attach(list) {
  const bar = /** @type {HTMLElement} */ (list.querySelector("[data-selection]"));
  const all = /** @type {HTMLInputElement} */ (list.querySelector("[data-pick-all]"));
  const body = /** @type {HTMLTableSectionElement} */ (list.querySelector("tbody"));
  /** Ids, not boxes: live updates replace the rows. @type {Set<string>} */
  const chosen = new Set();
  let last = "";

  const boxes = () => /** @type {HTMLInputElement[]} */ ([...body.querySelectorAll("[data-pick]")]);
  const idOf = (/** @type {Element} */ box) => box.closest("tr")?.dataset.id ?? "";

  /** Brings the boxes, the bar and its addresses in step with what is chosen. */
  function show() {
    const present = new Set(boxes().map(idOf));
    for (const id of chosen) if (!present.has(id)) chosen.delete(id);
    for (const box of boxes()) {
      box.checked = chosen.has(idOf(box));
      box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
    }
    all.checked = chosen.size > 0 && chosen.size === present.size;
    all.indeterminate = chosen.size > 0 && !all.checked;
    bar.hidden = chosen.size === 0;
    /** @type {HTMLOutputElement} */ (bar.querySelector("output")).value = words();
    const query = new URLSearchParams([...chosen].map((id) => ["id", id]));
    query.set("back", location.pathname + location.search);
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (bar.querySelectorAll("[data-dialog]"))) {
      button.dataset.dialog = `${button.dataset.dialog?.split("?")[0]}?${query}`;
    }
  }

  const words = () => interpolate(gettext("Chosen: %(count)s"), { count: chosen.size });

  /**
   * @param {HTMLInputElement} box
   * @param {boolean} withRange
   */
  function pick(box, withRange) {
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
    chosen.clear();
    show();
    announce(words());
  }

  list.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target instanceof HTMLInputElement && target.matches("[data-pick]")) pick(target, event.shiftKey);
    else if (target === all) {
      for (const box of boxes()) chosen[all.checked ? "add" : "delete"](idOf(box));
      show();
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
  return () => observer.disconnect();
}
