// @ts-check
// A plain script before everything else: what is pressed before the scripts of its place have come is not lost,
// but pressed again once they are here. Links work without scripts and do not wait.
(() => {
  const LATE = "html:not([data-alive]), [data-controller]:not([data-ready])";
  /** @type {Set<Element>} */
  const held = new Set();
  const isLate = (/** @type {Element} */ element) => element.isConnected && element.closest(LATE);
  const isTicked = (/** @type {Element} */ element) => element.matches("[type=checkbox], [type=radio]");
  const hold = (/** @type {MouseEvent} */ event) => {
    const pressed = /** @type {HTMLInputElement | null} */ (/** @type {Element} */ (event.target).closest("button:not([popovertarget]), input"));
    if (!pressed || !isLate(pressed)) return;
    event.stopImmediatePropagation();
    // A tick is seen at once.
    if (!isTicked(pressed)) event.preventDefault();
    if (held.has(pressed)) return;
    held.add(pressed);
    const again = new MouseEvent("click", event);
    new MutationObserver((_changes, observer) => {
      if (isLate(pressed)) return;
      observer.disconnect();
      held.delete(pressed);
      if (isTicked(pressed)) pressed.checked = !pressed.checked;
      pressed.dispatchEvent(again);
    }).observe(document, { attributeFilter: ["data-alive", "data-ready"], subtree: true });
  };
  // What a tick changes is told when it is pressed again.
  const hush = (/** @type {Event} */ event) => {
    const { target } = event;
    if (target instanceof Element && isTicked(target) && isLate(target)) event.stopImmediatePropagation();
  };
  // Without its scripts a page does what forms and links do by themselves.
  const giveUp = (/** @type {ErrorEvent} */ { target }) => {
    if (target instanceof HTMLScriptElement) document.documentElement.setAttribute("data-alive", "");
  };
  addEventListener("click", hold, true);
  addEventListener("input", hush, true);
  addEventListener("change", hush, true);
  addEventListener("error", giveUp, true);
})();
