// @ts-check
// The limits of stages: what the head of a column counts is held against them whenever it changes. A filter hides part
// of what stands there, so the whole number (`data-standing`) follows the changes of the shown one.

/** @param {HTMLElement} counter @param {number} before */
function hold(counter, before) {
  const { count, limit, standing } = counter.dataset;
  const now = Number(standing) + Number(count) - before;
  counter.dataset.standing = String(now);
  const over = "hard" in counter.dataset ? now >= Number(limit) : now > Number(limit);
  counter.toggleAttribute("data-over-limit", over);
}

const watcher = new MutationObserver((changes) => {
  for (const { target, oldValue } of changes) {
    if (target instanceof HTMLElement && "limit" in target.dataset && oldValue !== null) hold(target, Number(oldValue));
  }
});
watcher.observe(document, { subtree: true, attributes: true, attributeOldValue: true, attributeFilter: ["data-count"] });
