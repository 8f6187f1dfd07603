// @ts-check
/** The names of a new model's classes, one on each line. */

import { element } from "../element.js";
import { phrase } from "../texts.js";

const LEAST = 2; // classes to tell apart
const LENGTH = 100; // characters of a name, as the server has it

/** @param {string} id of the field */
export function naming(id) {
  const field = element("textarea", { id, rows: 4, autocomplete: "off", required: true });
  const names = () => [...new Set(field.value.split("\n").map((each) => each.trim()).filter(Boolean))];
  /** @returns {string | null} what is wrong with them */
  const problem = () => {
    const long = names().find((each) => [...each].length > LENGTH);
    if (long) return phrase("begin.long", { label: `${long.slice(0, 20)} …`, n: LENGTH });
    return names().length < LEAST ? phrase("begin.least") : null;
  };
  return { field, label: element("label", { for: id }, phrase("begin.names")), names, problem };
}
