// @ts-check
/**
 * What there is to learn from: counts by label, and each upload with its way back.
 *
 * @import * as T from "../types.js"
 */

import { columns } from "../charts.js";
import { button, element } from "../element.js";
import { age, bytes, moment } from "../format.js";
import { asked } from "../notice.js";
import { state } from "../state.js";
import { phrase, phraseOr } from "../texts.js";
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
        title: phrase("uploaded", { n: shown }),
        labels,
        parts: [
          { name: phrase("part.fit"), kind: "first", counts: uploads.train },
          { name: phrase("held-out"), kind: "second", counts: uploads.test },
        ],
      }),
      base.length
        ? columns({ title: baseTitle(base), labels, parts: baseParts(base) })
        : state.health.value?.model_loaded && element("p", { class: "hint" }, phrase("base.unknown")),
    ),
    waiting > 0 && element("p", { class: "hint" }, phrase("waiting", { n: waiting })),
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
          element("strong", {}, named(each)),
          element(
            "span",
            { class: "hint", title: moment(each.created_at) },
            ` ${phrase("pictures", { n: each.count })}, ${age(each.created_at)}`,
          ),
        ),
        button(phrase("undo"), () => askUndo(each), {
          class: "quiet",
          "aria-label": phrase("upload.undo", { batch: each.batch }),
          "data-key": `undo-${each.batch}`,
        }),
      ),
    ),
  );
}

/** @param {T.Batch} each */
function named({ batch, source }) {
  if (source === "correction") return phrase("correction");
  if (source === "by training: doubt") return phrase("doubts.name", { batch });
  if (/^by hand: \w+ class$/.test(source)) return phrase("classes.change.name", { batch });
  return phrase(source.startsWith("by hand: ") ? "decision.name" : "upload.name", { batch });
}

/** @param {"suspects" | "batches" | "samples"} list @param {number} shown @param {number} all */
export function moreOf(list, shown, all) {
  const text = phrase(`more.${list}`, { n: all });
  return (
    shown < all && element("p", { class: "more" }, button(text, () => showMore(list), { "data-key": `more-${list}` }))
  );
}

/** @param {T.Batch} batch */
async function askUndo({ batch }) {
  const agreed = await asked(({ confirm }) =>
    confirm({ title: phrase("undo.title", { batch }), text: phrase("undo.text"), action: phrase("take-back") }),
  );
  if (agreed !== null) await undoBatch(batch);
}

/** @param {[string, T.Counts][]} base */
function baseTitle(base) {
  return phrase("base", { n: base.reduce((sum, [, counts]) => sum + sumOf(counts), 0) });
}

/** @param {[string, T.Counts][]} base */
function baseParts(base) {
  const kinds = ["first", "third", "fourth", "second"];
  return base.map(([name, counts], index) => ({
    name: phraseOr(`part.${name}`, name),
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
    element("meter", { min: 0, max: 1, high: 0.9, value: share, "aria-label": phrase("space") }),
    " ",
    phrase("quota", {
      ...{ images: used.images, most: used.images_limit },
      ...{ bytes: bytes(used.bytes), limit: bytes(used.bytes_limit) },
    }),
  );
}

/** @param {T.Counts} counts */
export const sumOf = (counts) => Object.values(counts).reduce((sum, each) => sum + each, 0);
