// @ts-check
/**
 * Every version with its figures, one looked at or several side by side, and the way forward and back.
 *
 * @import * as T from "../types.js"
 */

import { whenBack } from "../connection.js";
import { button, element, replace } from "../element.js";
import { folded } from "../folded.js";
import { heading } from "../frame.js";
import { state, update, watch } from "../state.js";
import { phrase, worded } from "../texts.js";
import { loadDetails, loadModels, showMore } from "./actions.js";
import { detailsOf } from "./details.js";
import { addressed, looked, tried, versionTable } from "./list.js";

export function modelsView() {
  const table = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": phrase("versions") });
  const more = element("p", { class: "more" }, button(phrase("show-more"), showMore, { "data-key": "more-models" }));
  const versions = element("div", { class: "versions-shown" });
  const view = element(
    "section",
    { class: "view models" },
    heading("models"),
    element("section", { class: "card", "aria-label": phrase("versions.short") }, table, more),
    trial(),
    folded(phrase("catalogue"), async () => (await import("../catalogue/view.js")).catalogue),
    versions,
    folded(phrase("use"), async () => (await import("./use.js")).useIt),
    aside(phrase("refused"), () => state.models.value?.candidates ?? [], "refusedList"),
    aside(phrase("served"), () => state.models.value?.promotions ?? [], "history"),
  );
  watch(
    () => [state.models.value, looked().join(), state.models.error],
    (models, _shown, error) => {
      replace(table, models ? versionTable(models, looked()) : element("p", { class: "hint" }, error ?? phrase("looking")));
      more.hidden = !models?.more;
    },
  );
  watch(
    () => [state.models.value, looked().join(), state.models.details, state.models.failed, compare],
    (models, _shown, details, failed, compare) => {
      const shown = looked();
      for (const each of shown) void loadDetails(each);
      const found = models ? shown.map((version) => whole(version, models, details)).filter((each) => each !== null) : [];
      const [one, other] = found;
      if (other && !compare) void loadCompare();
      const card = models && one && (other ? compare?.comparison(found, models) : detailsOf(one, models));
      const absent = models ? shown.filter((version) => !found.some((each) => each.version === version)) : [];
      replace(versions, card, absent.map((version) => absence(version, failed[version])));
      reach(versions, !!card && absent.every((version) => failed[version] !== undefined));
    },
  );
  watch(
    () => [state.route.view, state.health.value?.model_version],
    (now, _version) => {
      if (now === "models") void loadModels();
    },
  );
  whenBack(() => void loadModels());
  return view;
}

/** The version that is tried or watched, and how that ended: loaded once there is one. */
function trial() {
  const part = element("div", { class: "stack", hidden: true });
  let isLoaded = false;
  watch(
    () => [state.models.value],
    async (models) => {
      const shown = !isLoaded && tried(models) ? await worded(() => import("../rollout/view.js")).catch(() => null) : null;
      if (!shown || isLoaded) return;
      isLoaded = true;
      shown.showIn(part);
    },
  );
  return part;
}

/** @type {typeof import("./compare.js") | null} only for who holds versions side by side */
let compare = null;

async function loadCompare() {
  compare = await import("./compare.js").catch(() => null); // it is tried again when the server is back
  if (compare) update("models", {});
}

/** @param {string} version @param {string | undefined} why it is not there, once that is known */
function absence(version, why) {
  if (why === undefined) return element("p", { class: "hint" }, phrase("looking.version", { versions: version }));
  const again = button(phrase("again"), loadModels, { class: "quiet", "data-key": "again" });
  return element("p", { class: "failure", role: "alert" }, `${why} `, again);
}

let reached = ""; // the place of the address that was last brought into sight

/** @param {HTMLElement} place brought into sight once it has what the address asks for @param {boolean} isThere */
function reach(place, isThere) {
  const now = addressed().join();
  if (!isThere || now === reached) return;
  reached = now;
  if (now === "") return;
  place.scrollIntoView();
  place.querySelector("h2")?.focus({ preventScroll: true });
}

/**
 * All that is known of a version: what the list says, which can change, with what only its details have, once there.
 *
 * @param {string} version @param {T.Models} models @param {Record<string, T.ModelDetails>} details
 * @returns {T.ModelDetails | null}
 */
function whole(version, models, details) {
  const listed = models.models.find((each) => each.version === version);
  const seen = details[version];
  if (!listed && !seen) return null;
  return { ...listed, ...seen, version, current: version === models.current, problem: listed?.problem ?? seen?.problem };
}

/**
 * @param {string} title @param {() => any[]} select @param {"refusedList" | "history"} list loaded once there is something
 */
function aside(title, select, list) {
  const part = element("section", { class: "card", "aria-label": title, hidden: true });
  watch(
    () => [state.models.value],
    async (models) => {
      const past = select().length ? await worded(() => import("./past.js")).catch(() => null) : null;
      if (state.models.value !== models) return;
      part.hidden = !past;
      replace(part, element("h2", {}, title), past?.[list](select()));
    },
  );
  return part;
}
