// @ts-check
/**
 * What the server can be asked about all that was uploaded, and told of many at once, as api.js has the rest.
 *
 * @import * as T from "../types.js"
 *
 * @typedef {T.Image & {id: string, created_at: string, answer?: {label: string}}} Found `id` is its hash; `answer`: what
 *   the version that serves says instead of its label
 * @typedef {{images: Found[], next: number | null}} Page `next`: from where on there are others
 * @typedef {{label: string, part: keyof typeof PARTS, order: keyof typeof ORDERS}} Filter no label: any
 * @typedef {{action: "relabel" | "accept" | "remove", images: string[], label?: string}} Revision of images by their
 *   hashes; only relabelling has a label
 */

import { json } from "../transport.js";

/** Which pictures, as the server is asked for them. */
export const PARTS = {
  all: {},
  learnt: { split: "train", state: "labelled" },
  held: { split: "test", state: "labelled" },
  doubted: { state: "suspect" },
  removed: { state: "removed" },
};
/** In which order, and whether by what speaks against their labels. */
export const ORDERS = {
  newest: {},
  otherwise: { against: "version" },
  doubt: { against: "doubt" },
};

/**
 * Some of those that are meant; fewer than `limit`, or none, where the server would have to look for long.
 *
 * @param {Filter} filter @param {number | null} from as the page before said @param {number} limit
 * @param {AbortSignal} signal @returns {Promise<Page>}
 */
export async function images({ label, part, order }, from, limit, signal) {
  const place = from === null ? {} : { [order === "doubt" ? "offset" : "before"]: String(from) };
  const query = { ...PARTS[part], ...ORDERS[order], ...(label && { label }), limit: String(limit), ...place };
  const page = await json("GET", `/dataset/images?${new URLSearchParams(query)}`, { signal });
  return { ...page, images: page.images.map((/** @type {T.Image} */ each) => ({ ...each, id: each.sha256 })) };
}

/** @param {Revision} revision @returns {Promise<{batch: string, count: number}>} which of them it changed */
export const revise = (revision) =>
  json("POST", "/dataset/batches", { body: JSON.stringify(revision), type: "application/json" });
