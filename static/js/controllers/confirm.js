// @ts-check
// Asks before what cannot be taken back: `data-confirm` on a form, button or link, and `hx-confirm`.
import { ask } from "./dialog.js";

const agreed = new WeakSet();

document.addEventListener(
  "submit",
  async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const submitter = /** @type {HTMLElement | null} */ (event.submitter);
    const text = submitter?.dataset.confirm ?? form.dataset.confirm;
    if (!text || agreed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const source = submitter?.dataset.confirm ? submitter : form;
    if (!(await ask(text, { action: source.dataset.confirmAction || submitter?.textContent?.trim() }))) return;
    agreed.add(form);
    form.requestSubmit(submitter);
  },
  true,
);

document.addEventListener("htmx:confirm", async (event) => {
  const { ctx, issueRequest, dropRequest } = /** @type {CustomEvent} */ (event).detail;
  event.preventDefault();
  const action = ctx.sourceElement.dataset.confirmAction || ctx.sourceElement.textContent.trim();
  if (await ask(ctx.confirm, { action })) issueRequest();
  else dropRequest();
});
