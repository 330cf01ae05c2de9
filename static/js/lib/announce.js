// @ts-check
// One polite live region, so that screen readers hear what sighted people see move.
import { make, overlayHost } from "./overlay.js";

/** @type {HTMLElement | undefined} */
let region;

/** @param {string} text */
export function announce(text) {
  const host = overlayHost();
  if (!region?.isConnected || region.parentElement !== host) {
    region?.remove();
    region = make("div", { class: "visually-hidden", "aria-live": "polite", "data-announcer": "" });
    host.append(region);
  }
  const target = region;
  target.textContent = "";
  // A region must exist, empty, before its text changes; otherwise nothing is read.
  setTimeout(() => (target.textContent = text), 60);
}
