// @ts-check
// `data-controller="board"`: columns of tiles that are dragged, walked and moved by keyboard, loaded while scrolling,
// added to in place and kept in step with what others do. The parts are in ../board/.
import { attachDragging } from "../board/dragging.js";
import { attachKeyboard } from "../board/keyboard.js";
import { attachLater } from "../board/later.js";
import { attachLive } from "../board/live.js";
import { attachLoading } from "../board/loading.js";

export { applyEvent } from "../board/live.js";

/** @param {HTMLElement} board */
export function attach(board) {
  const parts = [attachLoading, attachDragging, attachKeyboard, attachLater, attachLive];
  const detach = parts.map((part) => part(board));
  return () => detach.forEach((undo) => undo());
}
