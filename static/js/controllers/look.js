// @ts-check
// Icon and colour of a process: radio buttons in a popover, shown on the button that opens it.

/** @param {HTMLElement} popover */
export function attach(popover) {
  const button = document.querySelector(`[popovertarget="${popover.id}"]`);
  popover.addEventListener("change", (event) => {
    const radio = /** @type {HTMLInputElement} */ (event.target);
    if (!(button instanceof HTMLElement)) return;
    if (radio.name === "color") button.dataset.color = radio.value;
    if (radio.name === "icon") button.querySelector("use")?.setAttribute("href", `${document.documentElement.dataset.sprite}#${radio.value}`);
  });
}
