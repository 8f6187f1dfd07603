// @ts-check
/** Which of the views is shown: the part of the address after #, so that the browser's own history works. */

import { state, update, VIEWS } from "./state.js";

export function startRouter() {
  addEventListener("hashchange", read);
  read();
}

/** @param {import("./state.js").View} view */
export function go(view) {
  location.hash = view;
}

function read() {
  const view = VIEWS.find((each) => `#${each}` === location.hash) ?? "predict";
  if (view !== state.route.view) update("route", { view });
}
