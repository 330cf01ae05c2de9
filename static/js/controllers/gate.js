// @ts-check
// The dialog of a gate: shows the server's form with just what is missing, and moves the record with what was filled in.
import { announce } from "../lib/announce.js";
import { HttpError, request } from "../lib/http.js";
import { gettext } from "../lib/i18n.js";
import { close, open, openUrl } from "./dialog.js";
import { toastError } from "./toast.js";

/** @typedef {{version: number, rank: string, stage: number}} Moved */

/**
 * @param {string} moves the address of the move
 * @param {Record<string, unknown>} wish
 * @returns {Promise<Moved | null>} null when the person left the dialog
 */
export async function passGate(moves, wish) {
  const url = moves.replace(/move\/$/, "gate/");
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("dialog"));
  await openUrl(`${url}?stage=${wish.stage}`);
  if (!dialog.open) return null;
  return new Promise((resolve, reject) => {
    const end = (/** @type {() => void} */ settle) => {
      dialog.removeEventListener("submit", onSubmit);
      dialog.removeEventListener("close", onClose);
      close(dialog);
      settle();
    };
    const onClose = () => {
      announce(gettext("Not moved."));
      end(() => resolve(null));
    };
    const onSubmit = async (/** @type {SubmitEvent} */ event) => {
      const form = /** @type {HTMLFormElement} */ (event.target);
      if (!form.matches("[data-gate]")) return;
      event.preventDefault();
      if (form.ariaBusy === "true") return;
      form.ariaBusy = "true";
      try {
        const answer = await request(url, { body: bodyOf(form, wish) });
        end(() => resolve(answer));
        tell(form, answer);
      } catch (error) {
        form.ariaBusy = null;
        if (error instanceof HttpError && error.details.html) return askAgain(dialog, form, error.details.html);
        if (error instanceof HttpError && error.status === 0) return toastError(error);
        end(() => reject(error));
      }
    };
    dialog.addEventListener("submit", onSubmit);
    dialog.addEventListener("close", onClose);
  });
}

/**
 * What was filled in, with the stage, the place in its column and the version that the person saw.
 * @param {HTMLFormElement} form
 * @param {Record<string, unknown>} wish
 */
function bodyOf(form, wish) {
  const body = new FormData(form);
  for (const [name, value] of Object.entries(wish)) if (value !== null && value !== undefined) body.set(name, String(value));
  return body;
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {HTMLFormElement} form
 * @param {string} html
 */
function askAgain(dialog, form, html) {
  const content = /** @type {HTMLElement} */ (form.parentElement);
  content.innerHTML = html;
  open(dialog);
  const wrong = content.querySelector("[aria-invalid=true]");
  if (wrong instanceof HTMLElement) wrong.focus();
}

/** Values have changed with the move: whoever shows the record fetches it anew. @param {HTMLFormElement} form @param {Moved} answer */
function tell(form, { stage }) {
  const detail = { kind: "record.updated", process: form.dataset.gate, record: Number(form.dataset.record), stage };
  document.dispatchEvent(new CustomEvent("record:changed", { detail }));
}
