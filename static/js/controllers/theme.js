// @ts-check
// `data-controller="theme"` on a group of buttons with `data-theme-choice`: light, dark or the system's own.
import { request } from "../lib/http.js";

const YEAR = 31_536_000;

/** @param {HTMLElement} group */
export function attach(group) {
  group.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-theme-choice]"));
    if (!button) return;
    const choice = button.dataset.themeChoice ?? "system";
    if (choice === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    document.cookie = `theme=${choice}; path=/; max-age=${YEAR}; samesite=lax`;
    for (const other of group.querySelectorAll("[data-theme-choice]")) {
      other.setAttribute(other.role === "menuitemradio" ? "aria-checked" : "aria-pressed", String(other === button));
    }
    // The cookie has already decided this browser; the account follows when it can.
    if (group.dataset.themeUrl) request(group.dataset.themeUrl, { body: new URLSearchParams({ theme: choice }) }).catch(console.warn);
  });
}
