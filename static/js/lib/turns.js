// @ts-check
// One drawing of a part of the page at a time.
//
// htmx drops an answer when the part that it was meant for has been swapped away meanwhile, so of two drawings that
// overlap the later one, which knows more, would be lost. What is asked for during a drawing is drawn after it, once.

/**
 * The same drawing in turn: of several that wait only the last is drawn, and all who asked wait for that one.
 * @template {unknown[]} Wish
 * @param {(...wish: Wish) => Promise<unknown>} draw
 * @returns {(...wish: Wish) => Promise<unknown>}
 */
export function inTurn(draw) {
  /** @type {Promise<unknown>} */
  let drawing = Promise.resolve();
  /** @type {Promise<unknown> | null} */
  let waiting = null;
  /** @type {Wish} */
  let last;
  return (...wish) => {
    last = wish;
    waiting ??= drawing
      .catch(() => {}) // Whoever asked for it has been told.
      .then(() => {
        waiting = null;
        return (drawing = draw(...last));
      });
    return waiting;
  };
}
