// @ts-check
// `<select data-controller="select">`: search in the list; with `data-url`, options from the server.
import TomSelect from "../../vendor/tom-select-2.6.2.js";
import { request } from "../lib/http.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { make } from "../lib/overlay.js";
import { toastError } from "./toast.js";

/** @param {HTMLSelectElement} select */
export function attach(select) {
  const { url, create, placeholder } = select.dataset;
  const widget = new TomSelect(select, {
    plugins: select.multiple ? { remove_button: { title: gettext("Remove") } } : {},
    create: create !== undefined,
    placeholder: placeholder ?? "",
    maxOptions: 200,
    hidePlaceholder: true,
    selectOnTab: true,
    closeAfterSelect: !select.multiple,
    valueField: "value",
    labelField: "text",
    searchField: ["text"],
    ...(url && { load: loader(url), preload: "focus" }),
    render: {
      no_results: () => make("div", { class: "no-results" }, gettext("Nothing found")),
      option_create: (/** @type {{input: string}} */ data) =>
        make("div", { class: "create" }, interpolate(gettext("Add “%(text)s”"), { text: data.input })),
    },
  });
  const describedBy = select.getAttribute("aria-describedby");
  if (describedBy) widget.control_input.setAttribute("aria-describedby", describedBy);
  if (select.getAttribute("aria-invalid") === "true") widget.wrapper.classList.add("invalid");
  // Tom Select takes the label over to its own input; the native control stays only as the value.
  select.setAttribute("aria-hidden", "true");
  return () => widget.destroy();
}

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
