// @ts-check
/**
 * The classes: how many pictures each has and lacks, more of them from files or a camera, and what is decided about them.
 * Loaded once they are unfolded, as they are from the start while there is no model.
 *
 * @import * as T from "../types.js"
 */

import { ask } from "../dialog.js";
import { button, element, form, replace } from "../element.js";
import { acceptDrops, chooser } from "../files.js";
import { state, watch } from "../state.js";
import { phrase } from "../texts.js";
import { beginning } from "./beginning.js";
import { addPictures } from "./pictures.js";
import { decide, loadClasses, takeBack } from "./decisions.js";
import { isSaid } from "./order.js";
import { whatNext } from "./shortage.js";

const SHOWN = 24; // classes at once; the others are found by their names
const CAMERA = Boolean(navigator.mediaDevices?.getUserMedia); // which a page has that nobody can have changed on its way

export function classes() {
  const place = element("div", { class: "stack" });
  const list = known();
  const begin = beginning();
  watch(
    () => [state.classes.value, state.classes.error],
    (value, error) => {
      const part = value && (value.classes.length ? list : begin);
      if (part && part.parentNode !== place) replace(place, part);
      if (!part) replace(place, element("p", { class: "hint" }, error ?? phrase("looking")));
    },
  );
  watch(
    () => [state.dataset.value, state.health.value?.model_version],
    () => void loadClasses(),
  );
  return place;
}

function known() {
  const list = element("ul", { class: "rows" });
  const others = element("p", { class: "hint" });
  const decided = element("div", {});
  const field = element("input", { type: "search", autocomplete: "off", "aria-label": phrase("find.hint"), input: () => show() });
  const show = () => {
    const all = state.classes.value?.classes ?? [];
    const found = all.filter(({ name }) => name.toLowerCase().includes(field.value.toLowerCase()));
    field.hidden = all.length <= SHOWN;
    field.placeholder = phrase("find", { n: all.length });
    const waiting = said();
    replace(list, found.slice(0, SHOWN).map((each) => row(each, waiting.get(each.name) ?? 0)));
    others.textContent = found.length ? phrase("outcome.more", { n: found.length - SHOWN }) : phrase("find.none");
    others.hidden = found.length > 0 && found.length <= SHOWN;
  };
  watch(() => [state.classes.value, [...said()].join()], show);
  watch(
    () => [state.classes.value],
    (value) => replace(decided, value?.changes.length ? changes(value.changes) : null),
  );
  const hint = phrase(CAMERA ? "classes.hint" : "classes.hint.files");
  return element("div", { class: "stack" }, element("p", { class: "hint" }, hint), field, list, others, whatNext(), adding(), decided);
}

/** @returns {Map<string, number>} pictures on the desk by the label they have there */
export function said() {
  const found = new Map();
  for (const each of state.teach.pictures) {
    const label = isSaid(each) ? state.teach.words.get(each.id)?.label : null;
    if (label != null && !each.sample) found.set(label, (found.get(label) ?? 0) + 1);
  }
  return found;
}

/** @param {T.Class} each @param {number} waiting on the desk */
function row({ name, uploads, lacking }, waiting) {
  /** @param {import("../files.js").Found[]} found */
  const take = (found) => addPictures(found, name);
  const [opener, field] = chooser(phrase("choose"), take);
  opener.setAttribute("aria-label", phrase("classes.choose", { label: name }));
  opener.setAttribute("data-key", `choose-${name}`);
  const missing = Math.max(0, lacking - waiting);
  const figures = [
    phrase("pictures", { n: uploads }),
    waiting > 0 && phrase("classes.desk", { n: waiting }),
    missing > 0 && phrase("classes.missing", { n: missing }),
  ];
  const made = element(
    "li",
    { class: "class" },
    element("span", {}, element("strong", {}, name), element("span", { class: "hint" }, ` ${figures.filter(Boolean).join(", ")}`)),
    element(
      "div",
      { class: "actions" },
      opener,
      field,
      CAMERA && button(phrase("camera"), async () => take(await (await import("./camera.js")).photograph(name)), {
        "aria-label": phrase("camera.of", { label: name }),
        "data-key": `camera-${name}`,
      }),
      button(phrase("classes.change"), () => askChange(name), {
        class: "quiet",
        "aria-label": phrase("classes.change.of", { label: name }),
        "data-key": `change-${name}`,
      }),
    ),
  );
  acceptDrops(made, take);
  return made;
}

function adding() {
  const field = element("input", { type: "text", id: "class-new", autocomplete: "off", maxlength: 100, required: true });
  const add = async () => {
    if (await decide({ add: field.value.trim() })) field.value = "";
    field.focus();
  };
  return form(
    { class: "adding" },
    add,
    element("label", { for: "class-new" }, phrase("classes.new")),
    element("div", { class: "actions" }, field, element("button", {}, phrase("classes.add"))),
  );
}

/** @param {T.ClassChanged[]} all oldest first */
function changes(all) {
  return [
    element("h3", {}, phrase("classes.decided")),
    element(
      "ul",
      { class: "rows" },
      [...all].reverse().map(({ batch, action, name, becomes }) =>
        element(
          "li",
          {},
          element("span", {}, phrase(`decided.${action}`, { label: name, other: becomes ?? "" })),
          button(phrase("undo"), () => takeBack(batch), {
            class: "quiet",
            "aria-label": phrase("upload.undo", { batch }),
            "data-key": `change-undo-${batch}`,
          }),
        ),
      ),
    ),
  ];
}

/** Ask what is to become of a class. @param {string} name */
async function askChange(name) {
  const others = (state.classes.value?.classes ?? []).filter((each) => each.name !== name);
  const to = element("input", { type: "text", autocomplete: "off", maxlength: 100, value: name, "aria-label": phrase("classes.to") });
  const into = element(
    "select",
    { "aria-label": phrase("classes.into") },
    others.map((each) => element("option", { value: each.name }, each.name)),
  );
  /** @type {Record<string, () => T.ClassChange>} */
  const ways = {
    rename: () => ({ rename: name, to: to.value.trim() }),
    merge: () => ({ merge: name, into: into.value }),
    remove: () => ({ remove: name }),
  };
  const picked = element(
    "select",
    { "aria-label": phrase("classes.change"), change: () => look() },
    element("option", { value: "rename" }, phrase("classes.rename")),
    element("option", { value: "merge" }, phrase("classes.merge")),
    element("option", { value: "remove" }, phrase("classes.remove")),
  );
  const look = () => {
    to.hidden = picked.value !== "rename";
    into.hidden = picked.value !== "merge";
  };
  look();
  const content = [picked, to, into, element("p", { class: "hint" }, phrase("classes.change.hint"))];
  const title = phrase("classes.change.of", { label: name });
  if ((await ask(title, content, phrase("classes.change"), () => picked.value)) !== null) await decide(ways[picked.value]());
}
