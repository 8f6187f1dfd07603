// @ts-check
/** Who was taken for whom: true labels in rows, answers in columns; of one version, or what another changed in it. */

import { element, property } from "../element.js";
import { isSign } from "../labels.js";
import { phrase } from "../texts.js";

/** @param {string[]} labels @param {number[][]} confusion */
export function matrix(labels, confusion) {
  return table(phrase("matrix"), phrase("matrix.cells"), labels, confusion, (value, right, total) => {
    // Mistakes are rare, so their shade grows with the root: one in a hundred must still be seen.
    const share = right ? value / total : Math.min(1, Math.sqrt(value / total) * 3);
    return { text: value || "·", kind: right ? "right" : value ? "wrong" : "none", share };
  });
}

/** @param {string[]} labels @param {number[][]} now @param {number[][]} before */
export function difference(labels, now, before) {
  const change = now.map((row, is) => row.map((value, read) => value - before[is][read]));
  const most = Math.max(1, ...change.flat().map(Math.abs));
  return table(phrase("matrix.change"), phrase("matrix.change.cells"), labels, change, (value, right) => {
    const better = right ? value > 0 : value < 0;
    const share = Math.sqrt(Math.abs(value) / most);
    return { text: signed(value), kind: value === 0 ? "none" : better ? "better" : "wrong", share };
  });
}

/** @param {number} value */
const signed = (value) => (value > 0 ? `+${value}` : value < 0 ? `−${-value}` : "·");

/**
 * @param {string} title @param {string} cells @param {string[]} labels @param {number[][]} rows
 * @param {(value: number, right: boolean, total: number) => {text: string | number, kind: string, share: number}} look
 */
function table(title, cells, labels, rows, look) {
  const head = (/** @type {string} */ scope, /** @type {string | number} */ label) => element("th", { scope }, label);
  return element(
    "figure",
    { class: `chart matrix ${labels.every(isSign) ? "" : "words"}` },
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
          element("tr", {}, element("th", { class: "corner" }, phrase("matrix.corner")), labels.map((each) => head("col", each))),
        ),
        element(
          "tbody",
          {},
          rows.map((row, is) => {
            const total = row.reduce((sum, each) => sum + each, 0) || 1;
            return element(
              "tr",
              {},
              head("row", labels[is] ?? is),
              row.map((value, read) => {
                const { text, kind, share } = look(value, is === read, total);
                return property(element("td", { class: kind }, text), "--share", share);
              }),
            );
          }),
        ),
      ),
    ),
  );
}
