// @ts-check
/** Keys of a view, wherever the focus is, unless that takes them itself. */

import { state } from "./state.js";

const TAKES_KEYS = "input, select, textarea, canvas, iframe, [role=region][tabindex]";

/** @param {import("./state.js").View} view @param {(event: KeyboardEvent) => boolean} act whether the key meant something */
export function onKeys(view, act) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || state.route.view !== view || document.querySelector("dialog[open]")) return;
    if (event.target instanceof Element && event.target.closest(TAKES_KEYS)) return;
    if (act(event)) event.preventDefault();
  });
}
