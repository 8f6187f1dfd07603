// @ts-check
/**
 * A model begins from nothing: its classes are named, by hand or by the folders that their pictures lie in.
 *
 * @import { Found } from "../files.js"
 */

import { element, form } from "../element.js";
import { acceptDrops, chooser } from "../files.js";
import { phrase } from "../texts.js";
import { decide } from "./decisions.js";
import { naming } from "./naming.js";
import { addPictures } from "./pictures.js";

export function beginning() {
  const { field, label, names, problem } = naming("classes-begin");
  const wrong = element("p", { class: "failure", role: "alert", hidden: true });
  /** @type {Found[]} */
  let brought = [];
  /** @param {Found[]} found */
  const take = (found) => {
    const folders = new Set(found.flatMap(({ path }) => path.split("/").at(-2) ?? []));
    if (folders.size) field.value = [...folders].sort().join("\n");
    brought = found;
    field.focus();
  };
  const begin = async () => {
    wrong.textContent = problem();
    wrong.hidden = !wrong.textContent;
    if (!wrong.hidden || !(await decide({ begin: names() }))) return field.focus();
    addPictures(brought);
  };
  const made = form(
    { class: "stack" },
    begin,
    element("p", {}, phrase("begin.intro")),
    label,
    field,
    wrong,
    element(
      "div",
      { class: "actions" },
      element("button", { class: "primary" }, phrase("begin")),
      chooser(phrase("begin.folder"), take, { folder: true, class: "quiet" }),
    ),
  );
  acceptDrops(made, take);
  return made;
}
