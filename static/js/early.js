// @ts-check
// A plain script before everything else: what is pressed before the scripts of its place have come is not lost,
// but pressed again once they are here. Links work without scripts and do not wait.
(() => {
  const LATE = "html:not([data-ready]), [data-controller]:not([data-ready])";
  /** @type {Set<Element>} */
  const held = new Set();
  const hold = (/** @type {MouseEvent} */ event) => {
    const pressed = /** @type {Element} */ (event.target).closest("button:not([popovertarget]), input");
    if (!pressed?.closest(LATE)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (held.has(pressed)) return;
    held.add(pressed);
    const again = new MouseEvent("click", event);
    new MutationObserver((_changes, observer) => {
      if (pressed.isConnected && pressed.closest(LATE)) return;
      observer.disconnect();
      held.delete(pressed);
      pressed.dispatchEvent(again);
    }).observe(document, { attributeFilter: ["data-ready"], subtree: true });
  };
  addEventListener("click", hold, true);
})();
