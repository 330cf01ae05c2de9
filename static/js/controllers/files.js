// @ts-check
// `<div data-controller="files" data-upload-url data-field data-name>`: files are sent as soon as they are chosen or
// dropped, with progress; the form then carries their ids. Without this module the form sends the files itself.
import { announce } from "../lib/announce.js";
import { csrfToken, messageFor } from "../lib/http.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { icon, make } from "../lib/overlay.js";
import { toast } from "./toast.js";

/** @param {HTMLElement} root */
export function attach(root) {
  const input = /** @type {HTMLInputElement} */ (root.querySelector("input[type=file]"));
  const list = /** @type {HTMLElement} */ (root.querySelector("[data-files]"));
  const drop = /** @type {HTMLElement} */ (root.querySelector(".files-drop"));
  const form = root.closest("form");
  // What is sent here must not go with the form as well.
  input.removeAttribute("name");
  /** @type {Set<XMLHttpRequest>} */
  const running = new Set();
  let waits = false;

  const take = async (/** @type {FileList | null | undefined} */ files) => {
    await Promise.all([...(files ?? [])].map((file) => send(root, list, file, running)));
    if (running.size || !waits) return;
    waits = false;
    form?.requestSubmit();
  };
  const onChange = () => {
    take(input.files);
    input.value = "";
  };
  const onSubmit = (/** @type {Event} */ event) => {
    if (!running.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waits = true;
    announce(gettext("Saved as soon as the files are sent."));
  };
  const onDrag = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.toggleAttribute("data-over", event.type === "dragover");
    if (event.type === "drop") take(event.dataTransfer.files);
  };
  const onGiven = (/** @type {Event} */ event) => take(/** @type {CustomEvent} */ (event).detail);
  input.addEventListener("change", onChange);
  for (const kind of /** @type {const} */ (["dragover", "dragleave", "drop"])) root.addEventListener(kind, onDrag);
  root.addEventListener("files:given", onGiven);
  form?.addEventListener("submit", onSubmit, true);
  return () => {
    for (const sending of running) sending.abort();
    form?.removeEventListener("submit", onSubmit, true);
  };
}

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} list
 * @param {File} file
 * @param {Set<XMLHttpRequest>} running
 * @returns {Promise<void>}
 */
function send(root, list, file, running) {
  const progress = /** @type {HTMLProgressElement} */ (
    make("progress", { max: "100", value: "0", "aria-label": interpolate(gettext("Sending %(name)s"), { name: file.name }) })
  );
  const row = make("li", {}, icon("paperclip"), make("span", { class: "truncate" }, file.name), progress);
  list.hidden = false;
  list.append(row);
  const { uploadUrl, field, name } = root.dataset;
  const body = new FormData();
  body.append(field ?? "", file);
  return new Promise((resolve) => {
    const sending = new XMLHttpRequest();
    running.add(sending);
    sending.upload.addEventListener("progress", ({ loaded, total }) => (progress.value = (100 * loaded) / (total || 1)));
    sending.addEventListener("loadend", () => {
      running.delete(sending);
      if (sending.status === 201) {
        row.outerHTML = JSON.parse(sending.responseText).html;
        announce(interpolate(gettext("%(name)s is there"), { name: file.name }));
        root.dispatchEvent(new Event("change", { bubbles: true }));
      } else {
        row.remove();
        list.hidden = !list.children.length;
        if (root.isConnected) toast(reason(sending), { kind: "bad" });
      }
      resolve();
    });
    sending.open("POST", `${uploadUrl}?name=${encodeURIComponent(name ?? "")}`);
    sending.setRequestHeader("X-CSRFToken", csrfToken());
    sending.setRequestHeader("Accept", "application/json");
    sending.send(body);
  });
}

/** Why the server refused. @param {XMLHttpRequest} sending */
function reason(sending) {
  if (sending.status === 413) return gettext("This file is too large.");
  try {
    const { message, details } = JSON.parse(sending.responseText);
    return Object.values(details?.fields ?? {}).flat().join(" ") || message;
  } catch {
    return messageFor(sending.status, sending.getResponseHeader("X-Request-ID"));
  }
}
