// @ts-check
/**
 * What there is to learn from: counts by label, and each upload with its way back.
 *
 * @import * as T from "../types.js"
 */

import { columns } from "../charts.js";
import { confirm } from "../dialog.js";
import { button, element } from "../element.js";
import { age, bytes, count, counted, moment } from "../format.js";
import { PARTS } from "../models/details.js";
import { showMore, undoBatch } from "./dataset.js";

const FROM_UPLOADS = ["uploads", "held out"]; // parts of a version's report that are no part of what it began with

/** @param {T.Dataset} dataset */
export function collection(dataset) {
  const { labels, uploads } = dataset;
  const shown = sumOf(uploads.train) + sumOf(uploads.test);
  const waiting = dataset.count - shown; // nothing but a doubted label is said of them
  const base = Object.entries(dataset.base ?? {}).filter(
    ([name, counts]) => sumOf(counts) && !FROM_UPLOADS.includes(name),
  );
  return [
    element(
      "div",
      { class: "split even" },
      columns({
        title: `${counted(shown, "uploaded picture")}`,
        labels,
        parts: [
          { name: "to learn from", kind: "first", counts: uploads.train },
          { name: "held out as a test", kind: "second", counts: uploads.test },
        ],
      }),
      base.length
        ? columns({ title: baseTitle(base), labels, parts: baseParts(base) })
        : element("p", { class: "hint" }, "The dataset that the model began with is not listed by this server."),
    ),
    waiting > 0 && element("p", { class: "hint" }, `${count(waiting)} more ${waiting === 1 ? "waits" : "wait"} for a judgement.`),
    quota(dataset),
  ];
}

/** @param {T.Batch[]} batches */
export function batchList(batches) {
  return element(
    "ul",
    { class: "rows" },
    batches.map((each) =>
      element(
        "li",
        {},
        element(
          "span",
          {},
          element("strong", {}, each.source === "correction" ? "Correction" : `Upload ${each.batch}`),
          element(
            "span",
            { class: "hint", title: moment(each.created_at) },
            ` ${counted(each.count, "picture")}, ${age(each.created_at)}`,
          ),
        ),
        button("Undo", () => askUndo(each), {
          class: "quiet",
          "aria-label": `Undo upload ${each.batch}`,
          "data-key": `undo-${each.batch}`,
        }),
      ),
    ),
  );
}

/** @param {"suspects" | "batches"} list @param {number} shown @param {number} all @param {string} what one of them is */
export function moreOf(list, shown, all, what) {
  const text = `Show more of the ${counted(all, what)}`;
  return (
    shown < all && element("p", { class: "more" }, button(text, () => showMore(list), { "data-key": `more-${list}` }))
  );
}

/** @param {T.Batch} batch */
async function askUndo({ batch }) {
  const agreed = await confirm({
    title: `Take upload ${batch} back?`,
    text:
      "What it said is forgotten: its pictures are deleted, or have the label again that they had before. " +
      "The next retraining learns without it.",
    action: "Take back",
  });
  if (agreed !== null) await undoBatch(batch);
}

/** @param {[string, T.Counts][]} base */
function baseTitle(base) {
  return `${count(base.reduce((sum, [, counts]) => sum + sumOf(counts), 0))} in the dataset it began with`;
}

/** @param {[string, T.Counts][]} base */
function baseParts(base) {
  const kinds = ["first", "third", "fourth", "second"];
  return base.map(([name, counts], index) => ({
    name: PARTS[name] ?? name,
    kind: kinds[index % kinds.length],
    counts,
  }));
}

/** @param {T.Dataset} dataset */
function quota({ quota: used }) {
  if (!used?.images_limit || !used.bytes_limit) return null;
  const share = Math.max(used.images / used.images_limit, used.bytes / used.bytes_limit);
  return element(
    "p",
    { class: "hint quota" },
    element("meter", { min: 0, max: 1, high: 0.9, value: share, "aria-label": "Space used" }),
    ` ${count(used.images)} of ${count(used.images_limit)} pictures, `,
    `${bytes(used.bytes)} of ${bytes(used.bytes_limit)}`,
  );
}

/** @param {T.Counts} counts */
export const sumOf = (counts) => Object.values(counts).reduce((sum, each) => sum + each, 0);
