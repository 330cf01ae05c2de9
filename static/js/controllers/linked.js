// @ts-check
// `data-controller="linked" data-url`: records that name the open one, fetched anew when one of their processes changes.

const GATHER = 300; // ms

/** @param {HTMLElement} root */
export function attach(root) {
  let timer = 0;
  const onChanged = (/** @type {Event} */ event) => {
    const process = /** @type {CustomEvent} */ (event).detail?.process;
    if (process && ![...root.children].some((part) => /** @type {HTMLElement} */ (part).dataset.process === process)) return;
    clearTimeout(timer);
    timer = setTimeout(() => htmx.ajax("GET", root.dataset.url ?? "", { source: root, target: root, swap: "innerHTML" }), GATHER);
  };
  document.addEventListener("record:changed", onChanged);
  document.addEventListener("smartcrm:live", onChanged);
  document.addEventListener("smartcrm:live-reset", onChanged);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("record:changed", onChanged);
    document.removeEventListener("smartcrm:live", onChanged);
    document.removeEventListener("smartcrm:live-reset", onChanged);
  };
}
