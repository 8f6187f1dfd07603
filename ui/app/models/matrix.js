// @ts-check
/** Who was taken for whom: true labels in rows, answers in columns; of one version, or what another changed in it. */

import { grid } from "../grid.js";
import { isSign } from "../labels.js";
import { phrase } from "../texts.js";

/** @param {string[]} labels @param {number[][]} confusion */
export function matrix(labels, confusion) {
  const totals = confusion.map((row) => row.reduce((sum, each) => sum + each, 0) || 1);
  return square(phrase("matrix"), phrase("matrix.cells"), labels, confusion, (value, is, read) => {
    const [right, part] = [is === read, value / totals[is]];
    // Mistakes are rare, so their shade grows with the root: one in a hundred must still be seen.
    const share = right ? part : Math.min(1, Math.sqrt(part) * 3);
    return { text: value || "·", kind: right ? "right" : value ? "wrong" : "none", share };
  });
}

/** @param {string[]} labels @param {number[][]} now @param {number[][]} before */
export function difference(labels, now, before) {
  const change = now.map((row, is) => row.map((value, read) => value - before[is][read]));
  const most = Math.max(1, ...change.flat().map(Math.abs));
  return square(phrase("matrix.change"), phrase("matrix.change.cells"), labels, change, (value, is, read) => {
    const better = is === read ? value > 0 : value < 0;
    const share = Math.sqrt(Math.abs(value) / most);
    return { text: signed(value), kind: value === 0 ? "none" : better ? "better" : "wrong", share };
  });
}

/** @param {number} value */
const signed = (value) => (value > 0 ? `+${value}` : value < 0 ? `−${-value}` : "·");

/**
 * @param {string} title @param {string} cells @param {string[]} labels @param {number[][]} values
 * @param {Parameters<typeof grid>[0]["look"]} look
 */
function square(title, cells, labels, values, look) {
  const kind = labels.every(isSign) ? "" : "words";
  return grid({ title, cells, corner: phrase("matrix.corner"), kind, columns: labels, rows: labels, values, look });
}
