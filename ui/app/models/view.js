// @ts-check
/**
 * Every version with its figures, one looked at or several side by side, and the way forward and back.
 *
 * @import * as T from "../types.js"
 */

import { whenBack } from "../connection.js";
import { button, element, replace } from "../element.js";
import { heading } from "../frame.js";
import { state, watch } from "../state.js";
import { loadDetails, loadModels, showMore } from "./actions.js";
import { addressed, looked } from "./address.js";
import { comparison } from "./compare.js";
import { detailsOf } from "./details.js";
import { history, refusedList, versionTable } from "./list.js";
import { useIt } from "./use.js";

export function modelsView() {
  const table = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Versions, newest first" });
  const more = element("p", { class: "more" }, button("Show more", showMore, { "data-key": "more-models" }));
  const versions = element("div", { class: "versions-shown" });
  const view = element(
    "section",
    { class: "view models" },
    heading(
      "models",
      "Models",
      "Every version there ever was. Look at one, hold several side by side, go back to an old one.",
    ),
    element("section", { class: "card", "aria-label": "Versions" }, table, more),
    versions,
    useIt(),
    aside("Refused by the gate", () => state.models.value?.candidates ?? [], refusedList),
    aside("What served when", () => state.models.value?.promotions ?? [], history),
  );
  watch(
    () => [state.models.value, looked().join(), state.models.error],
    (models, _shown, error) => {
      replace(table, models ? versionTable(models, looked()) : element("p", { class: "hint" }, error ?? "Looking …"));
      more.hidden = !models?.more;
    },
  );
  watch(
    () => [state.models.value, looked().join(), state.models.details],
    (models, _shown, details) => {
      const shown = looked();
      for (const each of shown) void loadDetails(each);
      const found = models ? shown.map((version) => whole(version, models, details)).filter((each) => each !== null) : [];
      const [one] = found;
      if (models && one) replace(versions, found.length > 1 ? comparison(found, models) : detailsOf(one, models));
      else replace(versions, models && shown.length > 0 && element("p", { class: "hint" }, `Looking for version ${shown.join(", ")} …`));
      reach(versions, found.length === shown.length);
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
 * @template Item
 * @param {string} title @param {() => Item[]} select @param {(items: Item[]) => HTMLElement} list
 */
function aside(title, select, list) {
  const part = element("section", { class: "card", "aria-label": title, hidden: true });
  watch(
    () => [state.models.value],
    () => {
      const items = select();
      part.hidden = !items.length;
      replace(part, element("h2", {}, title), list(items));
    },
  );
  return part;
}
