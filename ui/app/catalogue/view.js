// @ts-check
/**
 * Every model of this service, with the way to its page and out of the service, and how another one is made: a name and
 * its classes, and its page goes on from there.
 *
 * @import * as T from "../types.js"
 */

import { ask } from "../dialog.js";
import { button, element, form, replace } from "../element.js";
import { messageOf, tell } from "../notice.js";
import { state, watch } from "../state.js";
import { naming } from "../teach/naming.js";
import { phrase } from "../texts.js";
import { Failure } from "../transport.js";
import { here, home, loadCatalogue, make, pageOf, remove } from "./actions.js";

const NAME = /^(?!stats$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export function catalogue() {
  const list = element("ul", { class: "rows" });
  watch(
    () => [state.catalogue.value, state.catalogue.error],
    (models, error) => replace(list, models ? models.map(row) : element("li", {}, error ?? phrase("looking"))),
  );
  watch(
    () => [state.route.view],
    (view) => {
      if (view === "models") void loadCatalogue();
    },
  );
  return element("div", { class: "stack" }, element("p", { class: "hint" }, phrase("catalogue.hint")), list, making());
}

/** @param {T.Named} model whether it is the one that this page is of */
const isHere = (model) => (here ? model.name === here : model.default);

/** @param {T.Named} model */
function row(model) {
  const { name, model_version: version, images, job } = model;
  const figures = [
    version === null ? phrase("catalogue.begins") : phrase("version.small", { version }),
    phrase("pictures", { n: images }),
    job !== null && phrase("catalogue.learns", { job }),
  ];
  return element(
    "li",
    {},
    element(
      "span",
      {},
      element("a", { href: pageOf(name, "#models"), "aria-current": isHere(model) ? "true" : null, "data-key": `model-${name}` }, name),
      " ",
      isHere(model) && element("span", { class: "tag good" }, phrase("catalogue.here")),
      element("span", { class: "hint" }, ` ${figures.filter(Boolean).join(", ")}`),
    ),
    !model.default &&
      button(phrase("catalogue.delete"), () => askDelete(name), {
        class: "quiet danger",
        "aria-label": phrase("catalogue.delete.of", { name }),
        "data-key": `delete-${name}`,
      }),
  );
}

/** Nothing of it comes back, so its name is to be typed. @param {string} name */
async function askDelete(name) {
  const model = await lookedUp(name);
  if (!model) return;
  const field = element("input", { type: "text", id: "model-gone", autocomplete: "off", spellcheck: "false", required: true });
  const figures = { versions: phrase("catalogue.versions", { n: model.versions }), pictures: phrase("pictures", { n: model.images }) };
  const content = [
    element("p", {}, phrase("catalogue.delete.text", figures)),
    element("label", { for: "model-gone" }, phrase("catalogue.delete.name", { name })),
    field,
  ];
  const problem = () => (field.value.trim() === name ? null : phrase("catalogue.delete.other"));
  const agreed = await ask(phrase("catalogue.delete.title", { name }), content, phrase("catalogue.delete"), () => name, problem);
  if (agreed === null) return;
  try {
    await remove(name);
  } catch (error) {
    const message = messageOf(error);
    if (await lookedUp(name)) tell(message, "bad");
    return;
  }
  tell(phrase("catalogue.deleted", { name }), "good");
  if (isHere(model)) location.assign(home);
  else await loadCatalogue();
}

/** @param {string} name @returns {Promise<T.Named | null>} a model as it is now; null where it can't be deleted, which is told */
async function lookedUp(name) {
  await loadCatalogue();
  const { value, error } = state.catalogue;
  const found = value?.find((each) => each.name === name);
  const job = found?.job ?? null;
  const problem = error ?? (!found ? phrase("catalogue.gone", { name }) : job === null ? null : phrase("catalogue.busy", { name, job }));
  if (problem !== null) tell(problem, "bad");
  return problem === null && found ? found : null;
}

function making() {
  const field = element("input", {
    ...{ type: "text", id: "model-name", maxlength: 64, autocomplete: "off", autocapitalize: "none", spellcheck: "false" },
    ...{ required: true, "aria-describedby": "model-name-hint" },
  });
  const classes = naming("model-classes");
  const wrong = element("p", { class: "failure", role: "alert", hidden: true });
  /** @param {string | null} problem @param {HTMLElement} place where it is mended */
  const refuse = (problem, place) => {
    wrong.textContent = problem;
    wrong.hidden = !problem;
    if (problem) place.focus();
    return problem !== null;
  };
  const begin = async () => {
    const name = field.value.trim();
    const taken = phrase("catalogue.taken", { name });
    const isTaken = state.catalogue.value?.some((each) => each.name.toLowerCase() === name.toLowerCase());
    if (refuse(!NAME.test(name) ? phrase("catalogue.wrong") : isTaken ? taken : null, field)) return;
    if (refuse(classes.problem(), classes.field)) return;
    try {
      await make(name, classes.names());
      location.assign(pageOf(name, "#teach"));
    } catch (error) {
      const message = messageOf(error);
      const { status, code } = /** @type {Failure} */ (error);
      if (code === "unusable_label") refuse(message, classes.field);
      else refuse(status === 409 ? taken : code === "unusable_name" ? phrase("catalogue.wrong") : message, field);
    }
  };
  return form(
    { class: "options" },
    begin,
    element("h2", {}, phrase("catalogue.make")),
    element(
      "div",
      { class: "field" },
      element("label", { for: "model-name" }, phrase("catalogue.name")),
      field,
      element("p", { class: "hint", id: "model-name-hint" }, phrase("catalogue.name.hint")),
    ),
    element("div", { class: "field" }, classes.label, classes.field),
    wrong,
    element("div", { class: "actions" }, element("button", { class: "primary" }, phrase("catalogue.begin"))),
  );
}
