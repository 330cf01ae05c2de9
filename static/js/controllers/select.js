// @ts-check
// `<select data-controller="select">`: search in the list; with `data-url`, records from the server
// by title or number; with `data-create-url`, a new one by its title.
import TomSelect from "../../vendor/tom-select-2.6.2.js";
import { request } from "../lib/http.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { make } from "../lib/overlay.js";
import { toastError } from "./toast.js";

/** @param {HTMLSelectElement} select */
export function attach(select) {
  const { url, create, createUrl, placeholder } = select.dataset;
  /** @type {InstanceType<typeof TomSelect> | undefined} */
  let widget;
  widget = new TomSelect(select, {
    plugins: select.multiple ? { remove_button: { title: gettext("Remove") } } : {},
    create: createUrl ? maker(createUrl) : create !== undefined,
    placeholder: placeholder ?? "",
    maxOptions: 200,
    hidePlaceholder: true,
    selectOnTab: true,
    closeAfterSelect: !select.multiple,
    // What was typed to find one is not the beginning of the next.
    ...(select.multiple && { onItemAdd: () => widget?.setTextboxValue("") }),
    valueField: "value",
    labelField: "text",
    searchField: ["text"],
    ...(url && { load: loader(url), preload: "focus" }),
    render: {
      ...(url && { option: numbered }),
      no_results: () => make("div", { class: "no-results" }, gettext("Nothing found")),
      option_create: (/** @type {{input: string}} */ data) =>
        make("div", { class: "create" }, interpolate(createUrl ? gettext("Create “%(text)s”") : gettext("Add “%(text)s”"), { text: data.input })),
    },
  });
  const describedBy = select.getAttribute("aria-describedby");
  if (describedBy) widget.control_input.setAttribute("aria-describedby", describedBy);
  // An empty required one is red once somebody has tried, not from the beginning.
  widget.wrapper.classList.toggle("invalid", select.getAttribute("aria-invalid") === "true");
  select.addEventListener("invalid", () => {
    widget?.wrapper.classList.add("invalid");
    widget?.control_input.setAttribute("aria-invalid", "true");
  });
  // The browser goes to an empty required control, and finds the one that nobody sees.
  select.addEventListener("focus", () => widget?.focus());
  // At the foot of a dialog the list would open below what is seen.
  widget.on("dropdown_open", (/** @type {HTMLElement} */ dropdown) => dropdown.scrollIntoView({ block: "nearest" }));
  widget.on("change", () => widget?.control_input.removeAttribute("aria-invalid"));
  // Tom Select takes the label over to its own input; the native control stays only as the value.
  select.setAttribute("aria-hidden", "true");
  return () => widget.destroy();
}

/** Titles may repeat; numbers do not. @param {{value: string, text: string}} data */
const numbered = ({ value, text }) => make("div", {}, text, make("span", { class: "muted num" }, ` #${value}`));

/** Makes what was typed on the server; it answers one option. @param {string} url */
const maker = (url) => (/** @type {string} */ title, /** @type {(option?: unknown) => void} */ done) => {
  request(url, { body: new URLSearchParams({ title }) }).then(done, (error) => {
    done();
    toastError(error);
  });
};

/** Options as `[{"value": …, "text": …}]` from `url?q=…`. @param {string} url */
const loader = (url) => async (/** @type {string} */ query, /** @type {(options?: unknown[]) => void} */ done) => {
  try {
    const address = new URL(url, location.href);
    address.searchParams.set("q", query);
    done(await request(address.href, { method: "GET" }));
  } catch (error) {
    done();
    toastError(error);
  }
};
