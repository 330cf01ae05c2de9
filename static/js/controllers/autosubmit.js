// @ts-check
// `<form data-controller="autosubmit">`: sends itself after a change, and a moment after the last letter typed.

const PAUSE = 300;

/** @param {HTMLFormElement} form */
export function attach(form) {
  let timer = 0;
  const submit = () => {
    clearTimeout(timer);
    form.requestSubmit();
  };
  form.addEventListener("input", (event) => {
    // An input without a name only searches in the list of a choice.
    if (!(event.target instanceof HTMLInputElement) || !event.target.name || !["text", "search"].includes(event.target.type)) return;
    clearTimeout(timer);
    timer = setTimeout(submit, PAUSE);
  });
  form.addEventListener("change", (event) => {
    const typed = event.target instanceof HTMLInputElement && ["text", "search"].includes(event.target.type);
    if (!typed) submit();
  });
  return () => clearTimeout(timer);
}
