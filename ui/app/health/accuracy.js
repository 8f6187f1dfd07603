// @ts-check
/**
 * How often the service was right in production, by predictions that were drawn by chance and reviewed, and by how sure it
 * was. Loaded only where some are kept.
 *
 * @import * as T from "../types.js"
 */

import { isNumber, percent } from "../format.js";
import { phrase } from "../texts.js";

/** @param {T.Accuracy} found @returns {string[]} */
export function accuracy({ reviewed, accuracy: right, low, high, estimated_accuracy: estimate, ...found }) {
  const figures = { n: reviewed, right: percent(right, 1), low: percent(low, 1), high: percent(high, 1) };
  const guess = { share: percent(estimate, 1), unfamiliar: percent(found.unfamiliar_share, 1) };
  return [
    phrase(reviewed ? "review.right" : "review.right.none", figures),
    isNumber(estimate) ? ` ${phrase(found.estimate_is_valid === false ? "review.estimate.not" : "review.estimate", guess)}` : "",
  ];
}
