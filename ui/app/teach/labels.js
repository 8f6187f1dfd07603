// @ts-check
/** What label a file's own place or name gives it. */

const WORDS = new Set(["label", "class", "digit"]);

/**
 * The label of the nearest folder that is named like one, else of the name's first words, or of those after "label",
 * "class" or "digit". A number at the end of a name is mostly a running number and gives nothing.
 *
 * @param {string} path @param {string[]} labels
 * @returns {{label: string, origin: "folder" | "name"} | null}
 */
export function guess(path, labels) {
  const known = new Map(labels.map((label) => [wordsOf(label).join(" "), label]));
  known.delete(""); // a label of signs only
  const parts = path.split("/");
  const name = /** @type {string} */ (parts.pop());
  for (const folder of parts.reverse()) {
    const label = known.get(wordsOf(folder).join(" "));
    if (label !== undefined) return { label, origin: "folder" };
  }
  const words = wordsOf(name.replace(/\.[^.]*$/, ""));
  const told = words.findIndex((word) => WORDS.has(word)) + 1;
  for (const candidate of told ? [words.slice(told), words] : [words])
    for (let length = candidate.length; length > 0; length--) {
      const label = known.get(candidate.slice(0, length).join(" "));
      if (label !== undefined) return { label, origin: "name" };
    }
  return null;
}

/** @param {string} text its words, however they are joined: a folder can't have every sign that a label may have */
const wordsOf = (text) =>
  text
    .normalize("NFC")
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean);
