// @ts-check
/**
 * Every version with its figures, two side by side, and the way forward and back.
 *
 * @import * as T from "../types.js"
 */

import { whenBack } from "../connection.js";
import { button, element, replace } from "../element.js";
import { heading } from "../frame.js";
import { state, watch } from "../state.js";
import { loadModels, show, showBeside, showMore } from "./actions.js";
import { detailsOf } from "./details.js";
import { history, refusedList, versionTable } from "./list.js";

export function modelsView() {
  const table = element("div", { class: "scroll" });
  const picker = element("div", { class: "picker" });
  const versions = element("div", { class: "split even versions-shown" });
  const view = element(
    "section",
    { class: "view models" },
    heading(
      "models",
      "Models",
      "Every version there ever was. Look at one, hold two side by side, go back to an old one.",
    ),
    element("section", { class: "card", "aria-label": "Versions" }, table),
    picker,
    versions,
    aside("Refused by the gate", () => state.models.value?.candidates ?? [], refusedList),
    aside("What served when", () => state.models.value?.promotions ?? [], history),
  );
  watch(
    () => [state.models.value, state.models.shown, state.models.error],
    (models, shown, error) => {
      replace(
        table,
        models ? versionTable(models, shown) : element("p", { class: "hint" }, error ?? "Looking …"),
        models?.more && element("p", { class: "more" }, button("Show more", showMore, { "data-key": "more-models" })),
      );
    },
  );
  watch(
    () => [state.models.value, state.models.shown, state.models.beside],
    (models, shown, beside) => {
      const listed = (models?.models ?? []).map(({ version }) => version);
      const names = models?.current == null ? listed : [...new Set([...listed, models.current])];
      picker.hidden = names.length < 2;
      replace(
        picker,
        choice("Version", "shown", names, shown, show),
        choice(
          "beside",
          "beside",
          names.filter((each) => each !== shown),
          beside,
          showBeside,
          "no other",
        ),
      );
    },
  );
  watch(
    () => [state.models.value, state.models.shown, state.models.beside, state.models.details],
    (models, shown, beside, details) => {
      const [one, other] = [shown, beside].map((version) => whole(version, models, details));
      versions.classList.toggle("single", !other);
      replace(versions, one && detailsOf(one, other), other && detailsOf(other, one));
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

/**
 * All that is known of a version: what the list says, which can change, with what only its details have, once there.
 *
 * @param {string | null} version @param {T.Models | null} models @param {Record<string, T.ModelDetails>} details
 * @returns {T.ModelDetails | null}
 */
function whole(version, models, details) {
  const listed = models?.models.find((each) => each.version === version);
  const looked = version === null ? undefined : details[version];
  if (!models || version === null || !(listed || looked)) return null;
  return { ...listed, ...looked, version, current: version === models.current, problem: listed?.problem };
}

/**
 * @param {string} text @param {string} key @param {string[]} versions @param {string | null} chosen
 * @param {(version: string | null) => void} take @param {string} [none] what stands for no version
 */
function choice(text, key, versions, chosen, take, none) {
  const field = element(
    "select",
    { id: `pick-${key}`, "data-key": `pick-${key}`, change: () => take(field.value || null) },
    none !== undefined && element("option", { value: "" }, none),
    versions.map((each) => element("option", { value: each, selected: each === chosen }, each)),
  );
  return element("span", { class: "pick" }, element("label", { for: `pick-${key}` }, text), field);
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
