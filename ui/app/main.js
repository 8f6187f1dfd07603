// @ts-check
/** The page's composition root: what is joined is joined here, and each view is loaded when it is first looked at. */

import * as api from "./api.js";
import { note, pulse } from "./connection.js";
import { askKey } from "./dialog.js";
import { showFrame } from "./frame.js";
import { startRouter } from "./router.js";

api.hooks.askKey = askKey;
api.hooks.reached = note;
startRouter();
showFrame({
  predict: async () => (await import("./predict/view.js")).predictView,
  teach: async () => (await import("./teach/view.js")).teachView,
  retrain: async () => (await import("./retrain/view.js")).retrainView,
  models: async () => (await import("./models/view.js")).modelsView,
  health: async () => (await import("./health/view.js")).healthView,
});
void pulse();

// What is looked at later is fetched while nothing else is to be done, so that it is there even if the server is lost.
addEventListener("load", () => {
  for (const view of ["teach", "retrain", "models", "health"]) void import(`./${view}/view.js`).catch(() => {});
});
