// @ts-check
// Exports: a file that has just become ready before the eyes of whoever waits for it is fetched at once.

document.addEventListener("htmx:after:swap", () => {
  const link = document.querySelector("a[data-fetch]");
  if (!(link instanceof HTMLAnchorElement)) return;
  link.removeAttribute("data-fetch");
  if (link.checkVisibility()) link.click();
});

// A closed dialog asks no more; the menu that opened it is closed too, so its button gets the focus.
document.addEventListener("dialog:closed", (event) => {
  const content = /** @type {Element} */ (event.target).querySelector("[data-export]");
  if (!content) return;
  content.remove();
  /** @type {HTMLElement | null} */ (document.querySelector("[popovertarget=process-menu]"))?.focus();
});
