// @ts-check
/**
 * What became of an upload, file by file.
 *
 * @import * as T from "../types.js"
 */

import { element } from "../element.js";
import { counted } from "../format.js";

const NAMED = 50; // files in one list; the rest is counted

/** @param {T.Uploaded} outcome @returns {HTMLElement} */
export function outcomeOf({ count, duplicates, suspects = [], refused, settled = 0 }) {
  return element(
    "div",
    { class: "outcome", role: "status" },
    element(
      "p",
      { class: count ? "good" : "" },
      count ? `${counted(count, "new picture")} stored.` : settled ? "" : "Nothing new was stored.",
    ),
    settled > 0 && element("p", { class: "good" }, `${counted(settled, "doubt")} settled.`),
    group(
      "known already, so not stored again",
      duplicates.map((file) => [file, ""]),
    ),
    group(
      "set aside, because the label looks like a slip: it is on the desk, to be judged",
      suspects.map(({ file, predicted }) => [file, predicted === undefined ? "" : `the model reads ${predicted}`]),
    ),
    group(
      "refused",
      refused.map(({ file, error }) => [file, error]),
    ),
  );
}

/** @param {string} what @param {[string, string][]} files */
function group(what, files) {
  if (!files.length) return null;
  return element(
    "details",
    { open: files.length <= 12 },
    element("summary", {}, `${counted(files.length, "file")} ${what}`),
    element(
      "ul",
      { class: "named" },
      files.slice(0, NAMED).map(([file, why]) => element("li", {}, element("code", {}, file), why && ` ${why}`)),
      files.length > NAMED && element("li", {}, `and ${counted(files.length - NAMED, "more", "more")}`),
    ),
  );
}
