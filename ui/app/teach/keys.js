// @ts-check
/** The desk by keyboard, wherever the focus is. */

import { labelOfKey } from "../choices.js";
import { onKeys } from "../shortcuts.js";
import { state } from "../state.js";
import { markAll, step, unmark } from "./marks.js";
import { current } from "./order.js";
import { accept, label, leaveOut, redo, undo } from "./words.js";

const PRESSED_BY_ENTER = "button, a, summary";
const STEPS = /** @type {Record<string, number>} */ ({
  ...{ ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 },
  ...{ Home: -Infinity, End: Infinity },
});

/** @param {HTMLElement[]} sight what is brought into it by a key that means something */
export function deskKeys(...sight) {
  onKeys("teach", (event) => {
    const meant = onKey(event);
    if (meant) for (const each of sight) each.scrollIntoView({ block: "nearest" });
    return meant;
  });
}

/** @param {KeyboardEvent} event @returns {boolean} whether it meant something */
function onKey(event) {
  const { past, future, marked, several } = state.teach;
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && (key === "y" || (key === "z" && event.shiftKey))) return act(future.length > 0, redo);
  if (command && key === "z") return act(past.length > 0, undo);
  if (event.altKey || current() === null) return false;
  if (command) return act(key === "a", markAll);
  if (key === "enter") return act(!/** @type {Element} */ (event.target).closest(PRESSED_BY_ENTER), accept);
  const said = labelOfKey(event.key);
  if (said !== null) return act(true, () => label(said));
  if (key === "delete" || key === "backspace") return act(true, leaveOut);
  if (key === "escape") return act(marked.size > 0 || several, unmark);
  const by = STEPS[event.key];
  return act(by !== undefined, () => step(by, event.shiftKey));
}

/** @param {boolean} can @param {() => void} work @returns {boolean} whether it was done */
function act(can, work) {
  if (can) work();
  return can;
}
