// @ts-check
/** A share as a bar; bars of one list begin and end together. */

import { element, property } from "./element.js";
import { percent } from "./format.js";

/**
 * A horizontal bar with its name and value.
 *
 * @param {string} name @param {number} share from 0 to 1 @param {string} [text] @param {string} [kind]
 */
export function bar(name, share, text = percent(share, 1), kind = "") {
  return element(
    "li",
    { class: `bar ${kind}` },
    element("span", { class: "bar-name" }, name),
    property(element("span", { class: "bar-track", "aria-hidden": "true" }), "--share", share),
    element("span", { class: "bar-value" }, text),
  );
}
