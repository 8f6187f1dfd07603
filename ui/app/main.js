// @ts-check
/** The page's composition root: what is joined is joined here, and each view is loaded when it is first looked at. */

import { note, pulse } from "./connection.js";
import { refuseDrops } from "./files.js";
import { showFrame, startRouter } from "./frame.js";
import { addStyles } from "./style.js";
import { translate, worded } from "./texts.js";
import { hooks } from "./transport.js";

const AGAIN_MS = 1_000;

hooks.askKey = async (why) => (await styled(worded(() => import("./dialog.js")))).askKey(why);
hooks.reached = note;
translate();
startRouter();
refuseDrops();
showFrame({
  predict: async () => (await import("./predict/view.js")).predictView,
  teach: async () => (await styled(import("./teach/view.js"))).teachView,
  retrain: async () => (await styled(import("./retrain/view.js"))).retrainView,
  models: async () => (await styled(import("./models/view.js"))).modelsView,
  health: async () => (await styled(import("./health/view.js"))).healthView,
}, around);
void pulse();
const showKeys = () => styled(worded(() => import("./keys.js"))).then((keys) => keys.showKeys(), () => {}); // not while the server is lost
document.getElementById("keys")?.addEventListener("click", showKeys);
addEventListener("keydown", ({ key, target }) => {
  if (key === "?" && !(target instanceof Element && target.matches("input, select, textarea"))) void showKeys();
});

/** @template Module @param {Promise<Module>} module @returns {Promise<Module>} once it can be shown as it should be */
async function styled(module) {
  await addStyles();
  return module;
}

/** What the first view needs none of. */
async function around() {
  const module = await styled(import("./around.js")).catch(() => null);
  if (!module) return void setTimeout(around, AGAIN_MS);
  module.keepFocus();
  module.showRunning();
  module.showLanguages();
  module.showModels();
}
