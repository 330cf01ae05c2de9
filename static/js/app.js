// @ts-check
// The entry of every page. What is always there is imported; the rest comes alive by `data-controller="name"`,
// in the first HTML and in whatever is swapped in later.
import "./controllers/confirm.js";
import "./controllers/dialog.js";
import "./controllers/menu.js";
import "./controllers/shortcuts.js";
import "./controllers/tip.js";
import { attach as attachToast, toast } from "./controllers/toast.js";
import { messageFor, tabId } from "./lib/http.js";
import { startLive } from "./lib/live.js";

/** @typedef {(element: any) => void | (() => void)} Attach */
/** One line per controller; the literal addresses let the static storage put in hashed names. */
/** @type {Record<string, () => Promise<{attach: Attach}>>} */
const controllers = {
  access: () => import("./controllers/access.js"),
  asked: () => import("./controllers/asked.js"),
  autosubmit: () => import("./controllers/autosubmit.js"),
  bell: () => import("./controllers/bell.js"),
  board: () => import("./controllers/board.js"),
  card: () => import("./controllers/card.js"),
  condition: () => import("./controllers/condition.js"),
  copy: () => import("./controllers/copy.js"),
  designer: () => import("./controllers/designer.js"),
  dropzone: () => import("./controllers/dropzone.js"),
  files: () => import("./controllers/files.js"),
  filters: () => import("./controllers/filters.js"),
  grid: () => import("./controllers/grid.js"),
  kinds: () => import("./controllers/kinds.js"),
  linked: () => import("./controllers/linked.js"),
  look: () => import("./controllers/look.js"),
  matrix: () => import("./controllers/matrix.js"),
  options: () => import("./controllers/options.js"),
  pairs: () => import("./controllers/pairs.js"),
  placeholders: () => import("./controllers/placeholders.js"),
  presses: () => import("./controllers/presses.js"),
  rail: () => import("./controllers/rail.js"),
  search: () => import("./controllers/search.js"),
  select: () => import("./controllers/select.js"),
  selection: () => import("./controllers/selection.js"),
  sortable: () => import("./controllers/sortable.js"),
  swatches: () => import("./controllers/swatches.js"),
  theme: () => import("./controllers/theme.js"),
  toast: async () => ({ attach: attachToast }),
  unsaved: () => import("./controllers/unsaved.js"),
  work: () => import("./controllers/work.js"),
};

/** @type {Map<Element, (void | (() => void))[]>} */
const alive = new Map();
const page = document.documentElement;

/** @param {Element} element */
async function enliven(element) {
  if (alive.has(element)) return;
  alive.set(element, []);
  try {
    for (const name of element.getAttribute("data-controller")?.split(/\s+/).filter(Boolean) ?? []) {
      if (!(name in controllers)) throw new Error(`There is no controller called ${name}.`);
      const { attach } = await controllers[name]();
      if (!element.isConnected) return;
      alive.get(element)?.push(attach(element));
    }
  } finally {
    // What failed holds up no press for ever.
    element.setAttribute("data-ready", "");
  }
}

/** @param {Element} root */
const enlivenAll = (root) =>
  Promise.all([root, ...root.querySelectorAll("[data-controller]")].filter((element) => element.hasAttribute("data-controller")).map(enliven));

function buryRemoved() {
  for (const [element, cleanups] of alive) {
    if (element.isConnected) continue;
    cleanups.forEach((cleanup) => cleanup?.());
    alive.delete(element);
  }
}

new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) enlivenAll(node);
  if (changes.some(({ removedNodes }) => removedNodes.length)) buryRemoved();
}).observe(page, { childList: true, subtree: true });
enlivenAll(page).finally(() => page.setAttribute("data-ready", ""));
page.setAttribute("data-alive", "");

document.addEventListener("htmx:config:request", (event) => {
  /** @type {CustomEvent} */ (event).detail.ctx.request.headers["X-Tab-Id"] = tabId;
});

document.addEventListener("htmx:response:error", (event) => {
  const { ctx } = /** @type {CustomEvent} */ (event).detail;
  const isJson = ctx.response.headers.get("Content-Type")?.includes("json");
  // The form comes back with its errors.
  if (ctx.response.status === 422 && !isJson) return;
  ctx.swap = "none";
  const said = isJson ? JSON.parse(ctx.text).message : "";
  toast(said || messageFor(ctx.response.status, ctx.response.headers.get("X-Request-ID")), { kind: "bad" });
});

document.addEventListener("htmx:error", (event) => {
  const { error } = /** @type {CustomEvent} */ (event).detail;
  console.error(error);
  toast(messageFor(error instanceof TypeError ? 0 : 500), { kind: "bad" });
});

if (document.querySelector(".rail")) startLive();
