// @ts-check
// The “…” menu of a tile: the way to move it with one pointer, on touch, or without dragging.
import { announce } from "../lib/announce.js";
import { request } from "../lib/http.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { openMenu } from "../controllers/menu.js";
import { toast, toastError } from "../controllers/toast.js";
import { add, amountOf, columnOf, columnOfStage, homeColumn, mayEnter, neighbour, recordUrl, tileById, tilesOf, titleOf } from "./column.js";
import { recountSoon } from "./live.js";
import { move, refusal, reload, take } from "./moving.js";
import "./limits.js";

/** The id of the tile at which the menu hangs. */
let current = "";

/** @param {HTMLElement} tile */
export function openTileMenu(tile) {
  const menu = /** @type {HTMLElement} */ (document.getElementById("tile-menu"));
  current = tile.dataset.id ?? "";
  fit(menu, tile);
  openMenu(menu, tile.querySelector("[data-tile-menu]") ?? tile);
}

/**
 * Does what was chosen with the tile at which the menu hangs.
 * @param {HTMLElement} board
 * @param {HTMLElement} item
 */
export function choose(board, item) {
  const tile = tileById(current);
  if (!tile || item.matches("[aria-disabled=true]")) return;
  tile.focus({ preventScroll: true });
  ACTIONS[item.dataset.does ?? ""](board, tile, item);
}

/**
 * What is impossible for this tile is shown as such, with the reason.
 * @param {HTMLElement} menu
 * @param {HTMLElement} tile
 */
function fit(menu, tile) {
  const column = columnOf(tile);
  const board = /** @type {HTMLElement} */ (tile.closest(".board"));
  const fixed = "fixed" in tile.dataset;
  const first = tilesOf(column)[0] === tile;
  const last = !neighbour(tile, "nextElementSibling");
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (menu.querySelectorAll("[data-does]"))) {
    const does = item.dataset.does ?? "";
    let why = "";
    if (does === "move") {
      const target = columnOfStage(board, item.dataset.stage ?? "");
      const isHere = target === homeColumn(tile);
      item.hidden = isHere;
      why = target && !isHere && (fixed || !mayEnter(tile, target)) ? refusal(tile, target) : "";
    } else if (["top", "up", "down"].includes(does)) {
      item.hidden = does === "down" ? last : first;
      why = fixed ? refusal(tile, column) : "";
    } else if (does === "take") {
      item.hidden = !("assignable" in tile.dataset);
    } else if (does === "elsewhere") {
      why = fixed ? refusal(tile, column) : "";
    } else if (does === "delete") {
      item.hidden = !("deletable" in tile.dataset);
    }
    disable(item, why);
  }
  for (const line of menu.querySelectorAll("hr")) {
    const next = line.nextElementSibling;
    /** @type {HTMLElement} */ (line).hidden = next instanceof HTMLElement && next.hidden;
  }
}

/** @param {HTMLElement} item @param {string} why */
function disable(item, why) {
  item.toggleAttribute("data-tip", Boolean(why));
  item.setAttribute("aria-disabled", String(Boolean(why)));
  if (why) {
    item.dataset.tip = why;
    item.setAttribute("aria-description", why);
  } else {
    item.removeAttribute("aria-description");
  }
}

/** @type {Record<string, (board: HTMLElement, tile: HTMLElement, item: HTMLElement) => unknown>} */
const ACTIONS = {
  open: (board, tile) => tile.querySelector("a")?.click(),
  copy: async (board, tile) => {
    await navigator.clipboard?.writeText(tile.querySelector("a")?.href ?? "");
    announce(gettext("Copied"));
  },
  top: (board, tile) => move(tile, { column: columnOf(tile), before: tilesOf(columnOf(tile))[0] }),
  up: (board, tile) => move(tile, { column: columnOf(tile), before: neighbour(tile, "previousElementSibling") }),
  down: (board, tile) => {
    const next = /** @type {HTMLElement} */ (neighbour(tile, "nextElementSibling"));
    return move(tile, { column: columnOf(tile), before: neighbour(next, "nextElementSibling") });
  },
  move: (board, tile, item) => {
    const column = columnOfStage(board, item.dataset.stage ?? "");
    if (column) move(tile, { column, before: tilesOf(column)[0] ?? null });
  },
  take: async (board, tile, item) => {
    try {
      await request(recordUrl(board, `${tile.dataset.id}/fields/assignee/`), { json: { value: item.dataset.person } });
      await reload(board, Number(tile.dataset.id));
    } catch (error) {
      toastError(error);
    }
  },
  elsewhere: async (board, tile) => {
    (await import("../controllers/elsewhere.js")).moveElsewhere(recordUrl(board, `${tile.dataset.id}/`));
  },
  delete: (board, tile) => bin(board, tile),
};

/**
 * @param {HTMLElement} board
 * @param {HTMLElement} tile
 */
async function bin(board, tile) {
  const id = Number(tile.dataset.id);
  const column = homeColumn(tile);
  try {
    await request(recordUrl(board, `${id}/delete/`));
    add(column, -1, -amountOf(tile));
    take(board, tile);
    recountSoon(board);
    toast(interpolate(gettext("%(title)s is in the bin"), { title: titleOf(tile) }), {
      undo: async () => {
        await request(recordUrl(board, `${id}/restore/`));
        if (await reload(board, id)) add(column, 1, amountOf(tile));
        recountSoon(board);
      },
    });
  } catch (error) {
    toastError(error);
  }
}
