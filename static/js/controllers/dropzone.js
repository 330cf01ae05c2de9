// @ts-check
// `data-controller="dropzone"` on a place with `data-edit-url` that shows files: files dropped there open its editor and
// are sent (`controllers/files.js`); saving stays with the person.

/** @param {HTMLElement} place */
export function attach(place) {
  const onDrag = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes("Files") || place.querySelector(".files")) return;
    event.preventDefault();
    if (event.type === "drop") give(place, event.dataTransfer.files);
  };
  place.addEventListener("dragover", onDrag);
  place.addEventListener("drop", onDrag);
}

/**
 * @param {HTMLElement} place
 * @param {FileList} files
 */
function give(place, files) {
  const ready = () => place.querySelector(".files[data-ready]");
  const watch = new MutationObserver(() => {
    const editor = ready();
    if (!editor) return;
    watch.disconnect();
    editor.dispatchEvent(new CustomEvent("files:given", { detail: files }));
  });
  watch.observe(place, { childList: true, subtree: true, attributeFilter: ["data-ready"] });
  /** @type {HTMLElement | null} */ (place.querySelector("[data-edits]"))?.click();
}
