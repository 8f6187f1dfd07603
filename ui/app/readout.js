// @ts-check
/**
 * The values of a chart under the pointer, wherever in it that is: the nearest of each line.
 *
 * @typedef {{name: string, kind: string, at: number[], values: (number | null | undefined)[]}} Line `at` is how far to
 *   the right each value stands, from 0 to 1
 */

import { element, property } from "./element.js";
import { isNumber } from "./format.js";

/** @type {{x: number, y: number} | null} where the pointer is on a chart, which may be made anew under it */
let pointer = null;

/**
 * @param {HTMLElement} plot with room for it @param {Element} ground what the values are drawn on
 * @param {Line[]} lines @param {(value: number) => string} format @param {(at: number) => string} name of a place
 */
export function readOut(plot, ground, lines, format, name) {
  const mark = element("span", { class: "mark-line", hidden: true });
  const text = element("p", { class: "readout", hidden: true });
  plot.append(mark, text);
  plot.addEventListener("pointermove", ({ clientX, clientY }) => show((pointer = { x: clientX, y: clientY })));
  plot.addEventListener("pointerleave", () => hide((pointer = null)));
  if (pointer) {
    requestAnimationFrame(() => {
      if (pointer && plot.contains(document.elementFromPoint(pointer.x, pointer.y))) show(pointer);
    });
  }

  /** @param {{x: number, y: number}} place */
  function show({ x }) {
    const { left, width } = ground.getBoundingClientRect();
    const wanted = Math.min(1, Math.max(0, (x - left) / (width || 1)));
    const near = lines.map((line) => nearest(line, wanted)).filter((each) => each !== null);
    if (!near.length) return;
    const at = near.reduce((one, other) => (Math.abs(other.at - wanted) < Math.abs(one.at - wanted) ? other : one)).at;
    const there = near.filter((each) => Math.abs(each.at - at) < 1e-6 || lines.length === 1);
    for (const each of [mark, text]) {
      each.hidden = false;
      property(each, "--at", at);
    }
    text.classList.toggle("left", at > 0.5);
    text.replaceChildren(
      element("span", {}, name(at)),
      ...there.map((each) =>
        element(
          "span",
          {},
          element("span", { class: `swatch ${each.kind}` }),
          `${lines.length > 1 ? `${each.name} ` : ""}${format(each.value)}`,
        ),
      ),
    );
  }

  /** @param {null} _ */
  function hide(_) {
    mark.hidden = text.hidden = true;
  }
}

/** @param {Line} line @param {number} wanted */
function nearest({ name, kind, at, values }, wanted) {
  let found = null;
  for (const [index, value] of values.entries()) {
    if (!isNumber(value)) continue;
    if (found === null || Math.abs(at[index] - wanted) < Math.abs(found.at - wanted))
      found = { name, kind, at: at[index], value };
  }
  return found;
}
