// @ts-check
/**
 * What the page says, in the language of whoever reads it: every text is a line of that language's file in texts/, by its
 * key. {name} in it stands for a value; forms for one and for many are parted by |, in the order of the Unicode CLDR
 * (https://cldr.unicode.org/index/cldr-spec/plural-rules), and `n` chooses among them.
 *
 * @typedef {keyof typeof import("../texts/en.json") | keyof typeof import("../texts/policy/en.json")} Key
 * @typedef {Record<string, string | number>} Values a number is written as it is where the reader lives
 */

/** Each has its file. */
export const LANGUAGES = /** @type {const} */ ({ en: "English", de: "Deutsch" });
const KEPT = "relearn-language";
const FORMS = ["zero", "one", "two", "few", "many", "other"];

/** @param {string} tag as de-CH */
const languageOf = (tag) => /** @type {keyof typeof LANGUAGES} */ (tag.split("-")[0]);
const wished = [kept() ?? "", ...navigator.languages].find((tag) => languageOf(tag) in LANGUAGES) ?? "en";
export const language = languageOf(wished);
/** How dates and numbers are written: as the browser is set, where that is in this language. */
export const locale = navigator.languages.find((tag) => languageOf(tag) === language) ?? language;

const file = await fetch(new URL(`../texts/${language}.json`, import.meta.url));
/** @type {Record<string, string>} those of a part that few look at come with it */
export const texts = await file.json();
const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const plural = new Intl.PluralRules(locale);
const categories = /** @type {string[]} */ (plural.resolvedOptions().pluralCategories);
const forms = FORMS.filter((each) => categories.includes(each));

/** @param {Key} key @param {Values} [values] @returns {string} */
export const phrase = (key, values = {}) => phrased(key, values).join("");

/** @param {string} key which may be none @param {string} otherwise @returns {string} what the server calls it, then */
export const phraseOr = (key, otherwise) => texts[key] ?? otherwise;

/**
 * With elements among the values.
 *
 * @template {string | number | Node} Value
 * @param {Key} key @param {Record<string, Value>} values @returns {(string | Exclude<Value, number>)[]}
 */
export function phrased(key, values) {
  const all = texts[key].split("|");
  const { n } = values;
  const form = typeof n === "number" ? forms.indexOf(plural.select(n)) : 0;
  return (all[form] ?? all[all.length - 1]).split(/\{(\w+)\}/).map((part, index) => {
    const value = index % 2 ? values[part] : part;
    return typeof value === "number" ? numbers.format(value) : /** @type {any} */ (value);
  });
}

/** Say what index.html says in this language, too. */
export function translate() {
  document.documentElement.lang = language;
  for (const place of document.querySelectorAll("[data-text]")) {
    const { text = "", of } = /** @type {HTMLElement} */ (place).dataset;
    if (of) place.setAttribute(of, texts[text]);
    else place.textContent = texts[text];
  }
}

/** @param {keyof typeof LANGUAGES} chosen from now on */
export function speak(chosen) {
  localStorage.setItem(KEPT, chosen);
  location.reload();
}

/** @returns {string | null} what was chosen in this browser, where it keeps anything */
function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
