// @ts-check
/** Numbers in rows and columns, each cell with a shade. */

import { element, property } from "./element.js";

/**
 * @param {{title: string, cells: string, corner: string, kind: string, columns: string[], rows: string[],
 *   values: number[][], look: (value: number, row: number, column: number) =>
 *   {text: string | number, kind: string, share: number}}} grid `cells`: what they are, for whoever hears it; `look`: how
 *   one of them looks, `share` of its shade
 */
export function grid({ title, cells, corner, kind, columns, rows, values, look }) {
  const head = (/** @type {string} */ scope, /** @type {string} */ name) => element("th", { scope }, name);
  return element(
    "figure",
    { class: `chart matrix ${kind}` },
    element("figcaption", {}, element("span", { class: "chart-title" }, title)),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": title },
      element(
        "table",
        {},
        element("caption", { class: "unseen" }, cells),
        element(
          "thead",
          {},
          element("tr", {}, element("th", { class: "corner" }, corner), columns.map((each) => head("col", each))),
        ),
        element(
          "tbody",
          {},
          values.map((cellsOf, row) =>
            element(
              "tr",
              {},
              head("row", rows[row] ?? String(row)),
              cellsOf.map((value, column) => {
                const { text, kind: of, share } = look(value, row, column);
                return property(element("td", { class: of }, text), "--share", share);
              }),
            ),
          ),
        ),
      ),
    ),
  );
}
