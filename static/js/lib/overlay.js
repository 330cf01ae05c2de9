// @ts-check
// Where floating things must live: inside the topmost modal dialog, or they would be inert under it.

/** The open modal dialogs, the topmost last. */
export const openDialogs = () => [...document.querySelectorAll("dialog:modal")];

export const overlayHost = () => openDialogs().at(-1) ?? document.body;

/**
 * Puts a popover beside its anchor, above it when there is no room below.
 * @param {HTMLElement} popover
 * @param {Element} anchor
 * @param {{side?: "block" | "inline", gap?: number}} [options]
 */
export function place(popover, anchor, { side = "block", gap = 4 } = {}) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const rtl = getComputedStyle(anchor).direction === "rtl";
  let left = rtl ? box.right - width : box.left;
  let top = box.bottom + gap;
  if (side === "inline") {
    left = rtl ? box.left - width - gap : box.right + gap;
    top = box.top + (box.height - height) / 2;
    if (left + width > innerWidth - 8) left = box.left - width - gap;
  } else if (top + height > innerHeight - 8) {
    top = Math.max(8, box.top - height - gap);
  }
  if (side === "block" && left + width > innerWidth - 8) left = box.right - width;
  popover.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  popover.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
}

/**
 * An element with attributes and children, without HTML strings.
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * An icon of the sprite, as `{% icon %}` draws it.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.documentElement.dataset.sprite}#${name}`);
  svg.append(use);
  return svg;
}
