// @ts-check
/** A part of a view that is folded away, and loaded with its texts once it is unfolded. */

import { whenBack } from "./connection.js";
import { element } from "./element.js";
import { worded } from "./texts.js";

/**
 * @param {string} title @param {() => Promise<() => Node>} load gives what makes the content; where that can't be had it
 *   is tried again
 * @returns {HTMLDetailsElement}
 */
export function folded(title, load) {
  const inside = element("div", {});
  const fill = async () => {
    const make = part.open && !inside.firstChild ? await worded(load).catch(() => null) : null;
    if (make && !inside.firstChild) inside.append(make());
  };
  const part = element("details", { class: "card", toggle: fill }, element("summary", {}, title), inside);
  whenBack(() => void fill());
  return part;
}
