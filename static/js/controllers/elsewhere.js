// @ts-check
// Moving a record to another pipeline: the server's dialog with its stages, then the move, through a gate if need be.
import { gettext, interpolate } from "../lib/i18n.js";
import { requestMove } from "../lib/moves.js";
import { close, openUrl } from "./dialog.js";
import { toast, toastError } from "./toast.js";

/**
 * Asks for a stage and moves the record there. Whoever shows the record hears of it by `record:changed`.
 * @param {string} url the address of the record
 * @returns {Promise<void>}
 */
export async function moveElsewhere(url) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("dialog"));
  await openUrl(`${url}elsewhere/`);
  dialog.querySelector("form[data-moves-elsewhere]")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    form.removeAttribute("data-dirty");
    try {
      await send(dialog, url, form);
    } catch (error) {
      toastError(error);
    } finally {
      form.ariaBusy = null;
    }
  });
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {string} url
 * @param {HTMLFormElement} form
 */
async function send(dialog, url, form) {
  const { movesElsewhere: process, record, version, stage: from } = form.dataset;
  const select = /** @type {HTMLSelectElement} */ (form.elements.namedItem("stage"));
  const chosen = select.selectedOptions[0];
  const answer = await requestMove(`${url}move/`, { stage: Number(select.value), version: Number(version) });
  if (!answer) return;
  close(dialog);
  tell({ process, record, stage: answer.stage });
  const undo = async () => {
    const back = await requestMove(`${url}move/`, { stage: Number(from), version: answer.version });
    if (back) tell({ process, record, stage: back.stage });
  };
  toast(interpolate(gettext("Moved to “%(stage)s”"), { stage: chosen.text.trim() }), { undo });
}

/** @param {{process?: string, record?: string, stage: number}} change */
function tell({ process, record, stage }) {
  const detail = { kind: "record.moved", process, record: Number(record), stage };
  document.dispatchEvent(new CustomEvent("record:changed", { detail }));
}
