// @ts-check
// `data-controller="presses" data-url data-asked`: the buttons of a record while something that was pressed runs.
//
// The end of a run may leave no event that the live stream could tell of, so the page asks, each time after a longer
// pause, and not for ever: where nothing works off runs, it rests until the record changes or somebody comes again.

const PAUSES = [2, 3, 5, 8, 13, 20, 30, 45]; // seconds
const OCCUPIED = ".menu:popover-open, .htmx-request";

/** @param {HTMLElement} root */
export function attach(root) {
  const asked = Number(root.dataset.asked);
  if (!(asked < PAUSES.length)) return;
  const ask = () => {
    // Nothing is swapped away under somebody who chooses, or whose press is under way.
    if (root.querySelector(OCCUPIED)) timer = setTimeout(ask, 1000);
    else htmx.ajax("GET", `${root.dataset.url}?asked=${asked + 1}`, { source: root, target: root, swap: "outerHTML" });
  };
  let timer = setTimeout(ask, PAUSES[asked] * 1000);
  return () => clearTimeout(timer);
}
