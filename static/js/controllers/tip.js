// @ts-check
// One tooltip for every `data-tip`, and for every `.truncate` whose words are cut, after a short rest of the pointer or
// on keyboard focus; Esc hides it.
import { make, overlayHost, place } from "../lib/overlay.js";

const tip = make("div", { class: "tip", popover: "manual", "aria-hidden": "true" });
let timer = 0;

/** @param {Element} element */
function show(element) {
  const { tip: text = element.textContent?.trim(), tipSide, shortcutHint } = /** @type {HTMLElement} */ (element).dataset;
  tip.replaceChildren(text ?? "", ...(shortcutHint ? [make("kbd", {}, shortcutHint)] : []));
  overlayHost().append(tip);
  tip.showPopover();
  place(tip, element, { side: tipSide === "inline" ? "inline" : "block", gap: 6 });
}

function hide() {
  clearTimeout(timer);
  if (tip.isConnected && tip.matches(":popover-open")) tip.hidePopover();
}

/** @param {Event} event */
function tipped(event) {
  if (!(event.target instanceof Element)) return null;
  const cut = event.target.closest(".truncate");
  return event.target.closest("[data-tip]") ?? (cut && cut.scrollWidth > cut.clientWidth ? cut : null);
}

document.addEventListener("pointerover", (event) => {
  const element = tipped(event);
  if (!element || event.pointerType === "touch") return hide();
  hide();
  timer = setTimeout(() => element.isConnected && show(element), 350);
});
document.addEventListener("focusin", (event) => {
  const element = tipped(event);
  hide();
  // Focus may come while a menu or dialog is being shown, when no other popover may open.
  if (element?.matches(":focus-visible")) timer = setTimeout(() => element.isConnected && show(element));
});
document.addEventListener("focusout", hide);
document.addEventListener("pointerdown", hide);
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
