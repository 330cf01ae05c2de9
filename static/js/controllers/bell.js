// @ts-check
// The bell's counter follows the live stream.
import { request } from "../lib/http.js";

/** @param {HTMLElement} badge */
export function attach(badge) {
  const refresh = async () => {
    const { unread } = await request(badge.dataset.url || "", { method: "GET" });
    badge.textContent = unread ? String(unread) : "";
  };
  /** @param {Event} event */
  const hear = (event) => {
    if (/** @type {CustomEvent} */ (event).detail.kind === "notification.created") refresh();
  };
  document.addEventListener("smartcrm:live", hear);
  return () => document.removeEventListener("smartcrm:live", hear);
}
