// @ts-check
// The dialog behind `?`: every shortcut that works on this page, once.
import { gettext } from "../lib/i18n.js";
import { make } from "../lib/overlay.js";
import { open } from "./dialog.js";

/** @param {string} keys */
function caps(keys) {
  const mac = navigator.platform.startsWith("Mac");
  return keys.split(/[ +]/).map((key) =>
    make("kbd", {}, { Mod: mac ? "⌘" : "Ctrl", Slash: "/", Space: gettext("Space") }[key] ?? key.replace(/^(Key|Digit|Arrow)/, "")),
  );
}

/** @param {{keys: string, label: string}[]} shortcuts */
export function list(shortcuts) {
  const dialog = document.getElementById("shortcuts");
  if (!(dialog instanceof HTMLDialogElement)) return;
  const fixed = [
    { keys: "Mod+KeyZ", label: gettext("Undo the latest change") },
    { keys: "?", label: gettext("Show this list") },
  ];
  const seen = new Set();
  const rows = [...shortcuts, ...fixed]
    .filter(({ keys }) => !seen.has(keys) && seen.add(keys))
    .map(({ keys, label }) => make("div", { class: "split" }, make("dt", {}, label), make("dd", { class: "row row-tight" }, ...caps(keys))));
  dialog.querySelector("dl")?.replaceChildren(...rows);
  open(dialog);
}
