// @ts-check
/** The page's composition root: what is joined is joined here, and each view is loaded when it is first looked at. */

import { note, pulse } from "./connection.js";
import { element } from "./element.js";
import { refuseDrops } from "./files.js";
import { showFrame } from "./frame.js";
import { startRouter } from "./router.js";
import { hooks } from "./transport.js";

/** Style sheets that the first view needs none of; the others share them. */
const LATER = ["charts", "teach", "desk", "retrain", "models", "health"];

const LATER_MS = 1_000; // for what the first view needs none of

hooks.askKey = async (why) => (await import("./dialog.js")).askKey(why);
hooks.reached = note;
startRouter();
refuseDrops();
showFrame({
  predict: async () => (await import("./predict/view.js")).predictView,
  teach: async () => (await styled(import("./teach/view.js"))).teachView,
  retrain: async () => (await styled(import("./retrain/view.js"))).retrainView,
  models: async () => (await styled(import("./models/view.js"))).modelsView,
  health: async () => (await styled(import("./health/view.js"))).healthView,
});
void pulse();
const showKeys = () => import("./keys.js").then((keys) => keys.showKeys(), () => {}); // not while the server is lost
document.getElementById("keys")?.addEventListener("click", showKeys);
addEventListener("keydown", ({ key, target }) => {
  if (key === "?" && !(target instanceof Element && target.matches("input, select, textarea"))) void showKeys();
});
const late = () => import("./running.js").then((running) => running.showRunning(), () => setTimeout(late, LATER_MS));
setTimeout(late, LATER_MS);

/** @type {Promise<unknown> | null} */
let styles = null;

/** @template Module @param {Promise<Module>} module @returns {Promise<Module>} once it can be shown as it should be */
async function styled(module) {
  styles ??= Promise.all(LATER.map(addStyle));
  await styles.catch((error) => {
    styles = null; // to be tried again
    throw error;
  });
  return module;
}

/** @param {string} name @returns {Promise<unknown>} */
function addStyle(name) {
  return new Promise((load, error) => {
    document.head.append(element("link", { rel: "stylesheet", href: `style/${name}.css`, load, error }));
  });
}
