// @ts-check
// `<a data-controller="search">`: a link to the search page that opens the palette over the present page instead.

/** @param {HTMLAnchorElement} link */
export function attach(link) {
  link.addEventListener("click", async (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { openPalette } = await import("../lib/palette.js");
    openPalette();
  });
}
