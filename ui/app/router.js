// @ts-check
/**
 * Which of the views is shown, and which place in it: the part of the address after #, so that the browser's own history
 * works. #models/3..1 is the place 3..1 of the models.
 */

import { state, update, VIEWS } from "./state.js";

export function startRouter() {
  addEventListener("hashchange", read);
  read();
}

function read() {
  if (location.hash === "#main") return; // the way past the header
  const [name, place = ""] = location.hash.slice(1).split("/");
  const view = VIEWS.find((each) => each === name) ?? "predict";
  if (view !== state.route.view || place !== state.route.place) update("route", { view, place });
}
