// @ts-check
/** What label a file's own place or name gives it. */

const WORDS = new Set(["label", "class", "digit"]);

/**
 * The label of the nearest folder that is named like one, else of the name's first word, or of the word after "label",
 * "class" or "digit". A number at the end of a name is mostly a running number and gives nothing.
 *
 * @param {string} path @param {string[]} labels
 * @returns {{label: string, origin: "folder" | "name"} | null}
 */
export function guess(path, labels) {
  const known = new Map(labels.map((label) => [label.toLowerCase(), label]));
  const parts = path.toLowerCase().split("/");
  const name = /** @type {string} */ (parts.pop());
  for (const folder of parts.reverse()) {
    const label = known.get(folder);
    if (label !== undefined) return { label, origin: "folder" };
  }
  const stem = name.replace(/\.[^.]*$/, "");
  const words = stem.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const told = words.findIndex((word) => WORDS.has(word)) + 1;
  for (const candidate of [stem, told ? words[told] : undefined, words[0]]) {
    const label = candidate === undefined ? undefined : known.get(candidate);
    if (label !== undefined) return { label, origin: "name" };
  }
  return null;
}
