// @ts-check
// The button that widens the rail to show names; the choice lives in a cookie, so pages come without a jump.

/** @param {HTMLElement} button */
export function attach(button) {
  button.addEventListener("click", () => {
    const isWide = document.documentElement.dataset.rail !== "wide";
    document.documentElement.dataset.rail = isWide ? "wide" : "";
    button.setAttribute("aria-expanded", String(isWide));
    document.cookie = `rail=${isWide ? "wide" : ""}; path=/; max-age=31536000; samesite=lax`;
  });
}
