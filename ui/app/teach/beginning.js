// @ts-check
/**
 * A model begins from nothing: its classes are named, by hand or by the folders that their pictures lie in.
 *
 * @import { Found } from "../files.js"
 */

import { element } from "../element.js";
import { acceptDrops, chooser } from "../files.js";
import { phrase } from "../texts.js";
import { decide } from "./decisions.js";
import { addPictures } from "./pictures.js";

const LEAST = 2;

export function beginning() {
  const field = element("textarea", { id: "classes-begin", rows: 4, autocomplete: "off", required: true });
  const wrong = element("p", { class: "failure", role: "alert", hidden: true });
  const begin = element("button", { class: "primary" }, phrase("begin"));
  /** @type {Found[]} */
  let brought = [];
  /** @param {Found[]} found */
  const take = (found) => {
    const names = new Set(found.flatMap(({ path }) => path.split("/").at(-2) ?? []));
    if (names.size) field.value = [...names].sort().join("\n");
    brought = found;
    field.focus();
  };
  const submit = async () => {
    const names = [...new Set(field.value.split("\n").map((each) => each.trim()).filter(Boolean))];
    wrong.hidden = names.length >= LEAST;
    wrong.textContent = wrong.hidden ? "" : phrase("begin.least");
    if (!wrong.hidden || !(await decide({ begin: names }))) return field.focus();
    addPictures(brought);
  };
  const form = element(
    "form",
    {
      class: "stack",
      submit: async (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        begin.disabled = true;
        await submit();
        begin.disabled = false;
      },
    },
    element("p", {}, phrase("begin.intro")),
    element("label", { for: "classes-begin" }, phrase("begin.names")),
    field,
    wrong,
    element("div", { class: "actions" }, begin, chooser(phrase("begin.folder"), take, { folder: true, class: "quiet" })),
  );
  acceptDrops(form, take);
  return form;
}
