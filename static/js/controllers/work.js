// @ts-check
// `data-controller="work"`: my work, fetched anew when something of it changes in the panel over it.

const GATHER = 300; // ms

/** @param {HTMLElement} work */
export function attach(work) {
  let timer = 0;
  const refresh = () => {
    clearTimeout(timer);
    timer = setTimeout(() => htmx.ajax("GET", location.pathname, { source: work, target: work, swap: "innerHTML" }), GATHER);
  };
  document.addEventListener("record:changed", refresh);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("record:changed", refresh);
  };
}
