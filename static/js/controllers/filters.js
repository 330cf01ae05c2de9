// @ts-check
// `<form data-controller="filters" data-into="#view">`: searching and filtering without leaving the page.
// Chips are links with `data-filter-link`; the builder is the form with `data-builds-filter`. The address keeps it all.
// Who finds that the view is behind says `view:stale`, and it is drawn anew as it was wanted last. When the stages or
// one's rights are others now (`smartcrm:live-reset`), so is everything around it, and the whole page is.
import { announce } from "../lib/announce.js";
import { inTurn } from "../lib/turns.js";
import { toastError } from "./toast.js";

const PAUSE = 250; // ms after the last letter

/** @param {HTMLFormElement} form */
export function attach(form) {
  let timer = 0;
  const search = /** @type {HTMLInputElement} */ (form.querySelector("[name=q]"));
  const onInput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => show(form, withSearch(search.value), { replace: true }), PAUSE);
  };
  const onSubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    clearTimeout(timer);
    show(form, withSearch(search.value), { replace: true });
  };
  const onClick = (/** @type {MouseEvent} */ event) => {
    const link = /** @type {Element} */ (event.target).closest("a[data-filter-link]");
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show(form, new URL(link.href).search.slice(1));
  };
  const onBuild = (/** @type {SubmitEvent} */ event) => {
    const builder = /** @type {HTMLFormElement} */ (event.target);
    if (!builder.matches("[data-builds-filter]")) return;
    event.preventDefault();
    /** @type {HTMLElement} */ (builder.closest("[popover]")).hidePopover();
    for (const input of builder.querySelectorAll("input[inputmode=decimal]")) plainNumber(/** @type {HTMLInputElement} */ (input));
    show(form, withComparison(new FormData(builder)));
    builder.reset();
    document.getElementById("filter-control")?.replaceChildren();
  };
  // A panel that opens or closes changes the address too; the view is fetched only when its query differs.
  const onBack = () => {
    if (!history.state?.panel && form.dataset.shown !== location.search.slice(1)) show(form, location.search.slice(1));
    onClosed();
  };
  const onClosed = () => void (form.dataset.behind && loadWhenFree(form));
  const onStale = () => show(form, form.dataset.wanted ?? "");
  const onReset = (/** @type {Event} */ event) => reset(form, /** @type {CustomEvent} */ (event).detail);
  form.dataset.shown = form.dataset.wanted = location.search.slice(1);
  form.addEventListener("submit", onSubmit);
  search.addEventListener("input", onInput);
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onBuild);
  document.addEventListener("view:stale", onStale);
  document.addEventListener("smartcrm:live-reset", onReset);
  document.addEventListener("dialog:closed", onClosed);
  addEventListener("popstate", onBack);
  // Typed before this has come.
  if (search.value !== search.defaultValue) onInput();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("click", onClick);
    document.removeEventListener("submit", onBuild);
    document.removeEventListener("view:stale", onStale);
    document.removeEventListener("smartcrm:live-reset", onReset);
    document.removeEventListener("dialog:closed", onClosed);
    removeEventListener("popstate", onBack);
  };
}

/** The present query with other words searched for; pages begin anew. @param {string} words */
function withSearch(words) {
  const query = present();
  query.delete("q");
  if (words.trim()) query.set("q", words.trim());
  return query.toString();
}

/** “1 234,5” as programs write it. @param {HTMLInputElement} input */
function plainNumber(input) {
  input.value = input.value.replace(/\s/g, "").replace(",", ".");
}

/** @param {FormData} built */
function withComparison(built) {
  const query = present();
  const name = `filter[${built.get("field")}][${built.get("op")}]`;
  query.delete(name);
  if (built.has("amount")) query.append(name, `${built.get("amount")}${built.get("unit")}`);
  else if (built.has("value")) built.getAll("value").forEach((value) => query.append(name, String(value).trim()));
  else query.append(name, "1");
  return query.toString();
}

function present() {
  const query = new URLSearchParams(location.search);
  query.delete("cursor");
  return query;
}

/**
 * @param {HTMLFormElement} form
 * @param {string} query
 * @param {{replace?: boolean}} [options]
 */
function show(form, query, options = {}) {
  form.dataset.wanted = query;
  return draw(form, query, options);
}

const draw = inTurn(
  async (/** @type {HTMLFormElement} */ form, /** @type {string} */ query, /** @type {{replace?: boolean}} */ { replace }) => {
    if (!form.isConnected) return;
    const [url, view] = [addressOf(form, query), viewOf(form)];
    view.setAttribute("aria-busy", "true");
    const focused = focusedFilter();
    try {
      // Not in the name of the form: its words would go along, whatever the address says.
      await htmx.ajax("GET", url, { source: view, target: view, swap: "outerHTML" });
      if (view.isConnected) return; // Refused; a toast has said why.
      const isOther = form.dataset.shown !== query;
      form.dataset.shown = query;
      if (!history.state?.panel && url !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", url);
      const search = /** @type {HTMLInputElement} */ (form.querySelector("[name=q]"));
      if (document.activeElement !== search) search.value = new URLSearchParams(query).get("q") ?? "";
      refocus(focused);
      if (isOther) announce(document.getElementById("total")?.textContent?.trim() ?? "");
    } catch (error) {
      toastError(error);
    } finally {
      view.removeAttribute("aria-busy");
    }
  },
);

/** Not the present address: a panel over the view has its own. @param {HTMLFormElement} form @param {string} query */
function addressOf(form, query) {
  const { pathname } = new URL(form.action);
  return query ? `${pathname}?${query}` : pathname;
}

/** @param {HTMLFormElement} form */
const viewOf = (form) => /** @type {HTMLElement} */ (document.querySelector(form.dataset.into ?? "#view"));

/** Somebody writes, edits, chooses rows or builds a filter. */
const isBusy = () => document.querySelector(".column-form, #view .inline-form, [data-selection]:not([hidden]), .menu:popover-open") !== null;

const hasDialog = () => document.querySelector("dialog[open]") !== null;

/**
 * Loads the page anew. While somebody is busy it waits; under a dialog only the view is drawn, and the page loaded once
 * it is closed. Of a view that may not be seen any more nothing stays meanwhile.
 * @param {HTMLFormElement} form
 * @param {{process?: string} | undefined} said
 */
async function reset(form, said) {
  if (said?.process && said.process !== viewOf(form).dataset.process) return;
  form.dataset.behind = "yes";
  if (isBusy() || hasDialog()) {
    const wanted = form.dataset.wanted ?? "";
    const answer = await fetch(addressOf(form, wanted), { method: "HEAD" }).catch((error) => console.warn(error));
    if (answer?.status === 403 || answer?.status === 404) viewOf(form).replaceChildren();
    else if (hasDialog() && !isBusy()) await show(form, wanted);
  }
  loadWhenFree(form);
}

let waiting = 0;

/** A panel that closes goes back to the address before it; both are heard of. @param {HTMLFormElement} form */
function loadWhenFree(form) {
  clearTimeout(waiting);
  if (!form.isConnected || hasDialog() || history.state?.panel) return;
  if (isBusy()) waiting = setTimeout(() => loadWhenFree(form), 1000);
  else location.replace(addressOf(form, form.dataset.wanted ?? ""));
}

/** The place of the focused chip among the chips, which are about to be replaced. */
function focusedFilter() {
  const chips = [...document.querySelectorAll("#filter-chips :is(a, button)")];
  return chips.indexOf(/** @type {Element} */ (document.activeElement));
}

/** @param {number} at */
function refocus(at) {
  if (at < 0) return;
  const chips = [...document.querySelectorAll("#filter-chips :is(a, button)")];
  const next = chips[Math.min(at, chips.length - 1)];
  if (next instanceof HTMLElement) next.focus();
}
