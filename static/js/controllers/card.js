// @ts-check
// `data-controller="card"` around a record, on its page or in the panel: values edited in place, stages, tasks, bin.
import { announce } from "../lib/announce.js";
import { messageFor, request } from "../lib/http.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { edit } from "../lib/inline.js";
import { requestMove } from "../lib/moves.js";
import { inTurn } from "../lib/turns.js";
import { close, openUrl } from "./dialog.js";
import { toast, toastError } from "./toast.js";

/** @param {HTMLElement} root */
export function attach(root) {
  const onClick = (/** @type {MouseEvent} */ event) => click(root, event);
  const onChanged = (/** @type {Event} */ event) => changedElsewhere(root, /** @type {CustomEvent} */ (event).detail);
  root.addEventListener("click", onClick);
  root.addEventListener("keydown", sendComment);
  const onMoved = (/** @type {Event} */ event) => movedElsewhere(root, /** @type {CustomEvent} */ (event).detail);
  const onReset = (/** @type {Event} */ event) => {
    const { process = root.dataset.process } = /** @type {CustomEvent} */ (event).detail ?? {};
    if (process === root.dataset.process) lookAgain(root);
  };
  document.addEventListener("smartcrm:live", onChanged);
  document.addEventListener("smartcrm:live-reset", onReset);
  document.addEventListener("record:changed", onMoved);
  showStage(root);
  return () => {
    document.removeEventListener("smartcrm:live", onChanged);
    document.removeEventListener("smartcrm:live-reset", onReset);
    document.removeEventListener("record:changed", onMoved);
  };
}

/** @param {HTMLElement} root */
const recordOf = (root) => /** @type {HTMLElement} */ (root.querySelector(".record"));

/**
 * @param {HTMLElement} root
 * @param {MouseEvent} event
 */
function click(root, event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const button = /** @type {HTMLElement | null} */ (target.closest("button"));
  const whyNot = button?.matches(".stagebar [aria-disabled=true]") && button.getAttribute("aria-description");
  if (whyNot) return toast(whyNot, { kind: "info" });
  if (button?.dataset.movesTo) return moveTo(root, Number(button.dataset.movesTo));
  if (button?.dataset.steps) return step(root, Number(button.dataset.steps));
  if (button?.dataset.composes) return compose(root, button.dataset.composes);
  if (button?.dataset.does) return ACTIONS[button.dataset.does](root, button);
  const place = /** @type {HTMLElement | null} */ (target.closest("[data-edit-url]"));
  const isLink = target.closest("a, input, select, textarea, .inline-form, [data-controller=select]");
  if (place && !isLink && (button?.matches("[data-edits]") || (!button && !getSelection()?.toString()))) editPlace(root, place);
}

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} place
 */
async function editPlace(root, place) {
  const saved = await edit(place);
  /** @type {HTMLElement | null} */ (place.querySelector("[data-edits]"))?.focus();
  if (!saved) return;
  recordOf(root).dataset.version = String(saved.version);
  tell(root, "record.updated");
  if (recordOf(root).dataset.dependent === undefined || isWriting(root)) return refreshActivity(root);
  // Other values are computed from this one, or asked because of it.
  const url = place.dataset.editUrl;
  await refresh(root);
  /** @type {HTMLElement | null} */ (root.querySelector(`[data-edit-url="${url}"] [data-edits]`))?.focus();
}

/** Boards and lists on the page hear of it. @param {HTMLElement} root @param {string} kind */
function tell(root, kind) {
  const detail = { kind, process: root.dataset.process, record: Number(root.dataset.id) };
  document.dispatchEvent(new CustomEvent("record:changed", { detail }));
}

/** What somebody is writing beside the fields stays. @param {HTMLElement} root */
function isWriting(root) {
  const inputs = root.querySelectorAll(".record-activity :is(textarea, [name=title])");
  return [...inputs].some((input) => /** @type {HTMLInputElement} */ (input).value);
}

/** @param {HTMLElement} root */
function refreshActivity(root) {
  const record = recordOf(root);
  const side = /** @type {HTMLElement} */ (root.querySelector(".record-activity"));
  if (isWriting(root) || side.contains(document.activeElement)) return;
  htmx.ajax("GET", `${record.dataset.url}activity/`, { source: side, target: side, swap: "innerHTML" });
}

/** @type {WeakMap<HTMLElement, () => Promise<unknown>>} */
const drawings = new WeakMap();

/** @param {HTMLElement} root */
async function refresh(root) {
  if (!drawings.has(root)) drawings.set(root, inTurn(() => draw(root)));
  await drawings.get(root)?.();
}

/** @param {HTMLElement} root */
async function draw(root) {
  const record = recordOf(root);
  if (!record?.isConnected) return;
  const active = root.contains(document.activeElement) ? document.activeElement : null;
  await htmx.ajax("GET", `${record.dataset.url}?part=record`, { source: record, target: record, swap: "outerHTML" });
  showStage(root);
  if (active && !active.isConnected) successorOf(root, active).focus({ preventScroll: true });
}

/**
 * What stands now where the focus was before the record was drawn anew; the record where there is nothing like it.
 * @param {HTMLElement} root
 * @param {Element} gone
 * @returns {HTMLElement}
 */
function successorOf(root, gone) {
  const mark = ["id", "data-moves-to", "data-does", "href", "name", "hx-post"].find((name) => gone.hasAttribute(name));
  const same = mark && root.querySelector(`[${mark}="${CSS.escape(gone.getAttribute(mark) ?? "")}"]`);
  return /** @type {HTMLElement} */ (same || recordOf(root));
}

/** A bar of many stages begins with the one where the record stands. @param {HTMLElement} root */
function showStage(root) {
  const bar = root.querySelector(".stagebar");
  const current = bar?.querySelector("[aria-current=step]");
  if (!bar || !current) return;
  const [outer, inner] = [bar.getBoundingClientRect(), current.getBoundingClientRect()];
  bar.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}

/**
 * @param {HTMLElement} root
 * @param {number} stage
 */
async function moveTo(root, stage) {
  const record = recordOf(root);
  const from = Number(record.dataset.stage);
  try {
    const answer = await requestMove(`${record.dataset.url}move/`, { stage, version: Number(record.dataset.version) });
    if (!answer) return;
    await refresh(root);
    tell(root, "record.moved");
    const name = root.querySelector("[aria-current=step]")?.textContent?.trim();
    const canReturn = root.querySelector(`[data-moves-to="${from}"]`) !== null;
    toast(interpolate(gettext("Moved to “%(stage)s”"), { stage: name }), canReturn ? { undo: () => moveTo(root, from) } : {});
  } catch (error) {
    toastError(error);
    await refresh(root);
  }
}

/**
 * The card above or below in the board or list behind the panel.
 * @param {HTMLElement} root
 * @param {number} by
 */
function step(root, by) {
  const here = document.getElementById(`card-${root.dataset.id}`) ?? document.getElementById(`row-${root.dataset.id}`);
  let next = by < 0 ? here?.previousElementSibling : here?.nextElementSibling;
  while (next && !next.matches("[data-id]")) next = by < 0 ? next.previousElementSibling : next.nextElementSibling;
  const link = next?.querySelector("a[data-panel]");
  if (link instanceof HTMLAnchorElement) return openUrl(link.href, { panel: true, opener: next });
  announce(gettext("There is no further card."));
}

/**
 * @param {HTMLElement} root
 * @param {string} kind
 */
function compose(root, kind) {
  for (const button of root.querySelectorAll("[data-composes]")) {
    button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.composes === kind));
  }
  for (const form of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-composer] form"))) {
    form.hidden = form.dataset.kind !== kind;
    if (!form.hidden) /** @type {HTMLElement} */ (form.querySelector("textarea, input")).focus();
  }
}

/** @param {KeyboardEvent} event */
function sendComment(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !target.matches("[data-composer] textarea")) return;
  event.preventDefault();
  target.closest("form")?.requestSubmit();
}

/** @type {Record<string, (root: HTMLElement, button: HTMLElement) => unknown>} */
const ACTIONS = {
  copy: async (root, button) => {
    await navigator.clipboard?.writeText(new URL(button.dataset.url ?? "", location.href).href);
    announce(gettext("Copied"));
  },
  elsewhere: async (root) => {
    (await import("./elsewhere.js")).moveElsewhere(recordOf(root).dataset.url ?? "");
  },
  delete: async (root, button) => {
    const url = recordOf(root).dataset.url;
    try {
      await request(`${url}delete/`);
    } catch (error) {
      return toastError(error);
    }
    tell(root, "record.deleted");
    const undo = async () => {
      await request(`${url}restore/`);
      tell(root, "record.restored");
    };
    const dialog = root.closest("dialog");
    if (dialog) close(dialog);
    else root.replaceChildren();
    toast(interpolate(gettext("%(title)s is in the bin"), { title: button.dataset.title }), { undo });
  },
};

/** Moved from its menu to another pipeline. @param {HTMLElement} root @param {{kind: string, record: number, stage?: number}} event */
function movedElsewhere(root, { kind, record, stage }) {
  const shown = recordOf(root);
  if (kind === "record.moved" && stage && record === Number(root.dataset.id) && shown.dataset.stage !== String(stage)) refresh(root);
}

/**
 * Somebody else, or a robot, changed the open record: show it.
 * @param {HTMLElement} root
 * @param {{process: string, record: number, version?: number, kind: string}} event
 */
function changedElsewhere(root, { process, record, version, kind }) {
  if (process !== root.dataset.process || record !== Number(root.dataset.id)) return;
  if (kind === "record.hidden") return lookAgain(root);
  const shown = Number(recordOf(root)?.dataset.version);
  if (kind.startsWith("record.") && (version ?? 0) <= shown) return;
  refreshWhenFree(root);
}

/** Shows the record as it is now; where it cannot be seen any more nothing of it stays, whoever is writing. @param {HTMLElement} root */
async function lookAgain(root) {
  const record = recordOf(root);
  if (!record) return;
  const answer = await fetch(`${record.dataset.url}?part=record`, { method: "HEAD" }).catch((error) => console.warn(error));
  if (answer?.status !== 404) return refreshWhenFree(root);
  const dialog = root.closest("dialog");
  if (!dialog) return location.reload();
  root.replaceChildren();
  close(dialog);
  toast(messageFor(404), { kind: "bad" });
}

/** @type {WeakMap<HTMLElement, number>} */
const waits = new WeakMap();

/** Nothing is drawn anew under somebody who writes or chooses: it waits until they have done. @param {HTMLElement} root */
function refreshWhenFree(root) {
  clearTimeout(waits.get(root));
  if (!root.isConnected) return;
  const isBusy = root.querySelector(".inline-form, .menu:popover-open") || [...root.querySelectorAll("textarea")].some((area) => area.value);
  if (isBusy) waits.set(root, setTimeout(() => refreshWhenFree(root), 1000));
  else refresh(root);
}
