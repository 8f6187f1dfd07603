// @ts-check
/** The page's composition root: what is joined is joined here, and each view is loaded when it is first looked at. */

import { note, pulse } from "./connection.js";
import { refuseDrops } from "./files.js";
import { keepFocus } from "./focus.js";
import { showFrame } from "./frame.js";
import { startRouter } from "./router.js";
import { addStyle } from "./style.js";
import { hooks } from "./transport.js";

/** Style sheets that the first view needs none of; the others share them. */
const LATER = ["dialog", "charts", "teach", "desk", "retrain", "models", "health"];
const LATER_MS = 1_000; // for what the first view needs none of

hooks.askKey = async (why) => (await styled(import("./dialog.js"))).askKey(why);
hooks.reached = note;
startRouter();
refuseDrops();
keepFocus();
showFrame({
  predict: async () => (await import("./predict/view.js")).predictView,
  teach: async () => (await styled(import("./teach/view.js"))).teachView,
  retrain: async () => (await styled(import("./retrain/view.js"))).retrainView,
  models: async () => (await styled(import("./models/view.js"))).modelsView,
  health: async () => (await styled(import("./health/view.js"))).healthView,
});
void pulse();
const showKeys = () => styled(import("./keys.js")).then((keys) => keys.showKeys(), () => {}); // not while the server is lost
document.getElementById("keys")?.addEventListener("click", showKeys);
addEventListener("keydown", ({ key, target }) => {
  if (key === "?" && !(target instanceof Element && target.matches("input, select, textarea"))) void showKeys();
});
const late = () => import("./running.js").then((running) => running.showRunning(), () => setTimeout(late, LATER_MS));
setTimeout(late, LATER_MS);

/** @template Module @param {Promise<Module>} module @returns {Promise<Module>} once it can be shown as it should be */
async function styled(module) {
  await Promise.all(LATER.map(addStyle));
  return module;
}
