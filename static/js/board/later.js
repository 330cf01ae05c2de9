// @ts-check
// What a board needs only when somebody asks for it: the menu of a tile and quick add. They come when the page is idle,
// so that they cost nothing at the start and a fast typist loses no letter.

const SOON = 600; // ms

/** Kept, because even a loaded module is imported later, and a letter typed meanwhile would go elsewhere. */
/** @type {{menu?: typeof import("./menu.js"), adding?: typeof import("./adding.js")}} */
const loaded = {};
const menuModule = async () => (loaded.menu ??= await import("./menu.js"));
const addingModule = async () => (loaded.adding ??= await import("./adding.js"));

/** @param {HTMLElement} tile */
export const openMenuOf = (tile) =>
  loaded.menu ? loaded.menu.openTileMenu(tile) : menuModule().then(({ openTileMenu }) => openTileMenu(tile));

/** @param {HTMLElement} board @param {HTMLElement} button */
const openFormAt = (board, button) =>
  loaded.adding ? loaded.adding.openForm(board, button) : addingModule().then(({ openForm }) => openForm(board, button));

/** @param {HTMLElement} board */
export function attachLater(board) {
  const menu = document.getElementById("tile-menu");
  const timer = setTimeout(() => Promise.all([menuModule(), addingModule()]), SOON);
  const onClick = (/** @type {MouseEvent} */ event) => {
    const target = /** @type {Element} */ (event.target);
    const tile = target.closest("[data-tile-menu]")?.closest(".tile");
    const button = target.closest("[data-quick-add]");
    if (tile instanceof HTMLElement) openMenuOf(tile);
    if (button instanceof HTMLElement) openFormAt(board, button);
  };
  const onContext = (/** @type {MouseEvent} */ event) => {
    const tile = /** @type {Element} */ (event.target).closest(".tile");
    if (!(tile instanceof HTMLElement) || event.shiftKey || /** @type {Element} */ (event.target).closest("a")) return;
    event.preventDefault();
    openMenuOf(tile);
  };
  const onChoice = async (/** @type {MouseEvent} */ event) => {
    const item = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-does]"));
    if (item) (await menuModule()).choose(board, item);
  };
  board.addEventListener("click", onClick);
  board.addEventListener("contextmenu", onContext);
  menu?.addEventListener("click", onChoice);
  return () => {
    clearTimeout(timer);
    board.removeEventListener("click", onClick);
    board.removeEventListener("contextmenu", onContext);
    menu?.removeEventListener("click", onChoice);
  };
}
