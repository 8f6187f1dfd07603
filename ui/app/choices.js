// @ts-check
/** Labels as buttons, each with its key; where there are many of them, with a field to find one by. */

import { button, element } from "./element.js";
import { isSign, classesNow } from "./labels.js";
import { state } from "./state.js";
import { phrase } from "./texts.js";

const FEW = 12; // labels, which an eye takes in

/**
 * @param {{labels: string[], title: string, name: (label: string) => string, pick: (label: string) => unknown,
 *   keyed?: boolean, disabled?: boolean, enter?: () => void}} choice `title` of all, `name` of each; `keyed`: whether their
 *   keys work; `enter`: what Enter does where nothing is looked for
 */
export function choices({ labels, title, name, pick, keyed = false, disabled = false, enter }) {
  const keys = keyed ? keysOf(labels) : new Map();
  const buttons = labels.map((label) => {
    const key = keys.get(label);
    return button(label, () => pick(label), {
      class: "choice",
      disabled,
      "aria-label": name(label),
      "aria-keyshortcuts": key,
      "data-printed": key === label ? undefined : key,
      "data-key": `is-${label}`,
    });
  });
  const nothing = element("p", { class: "hint", hidden: true }, phrase("find.none"));
  const find = (/** @type {string} */ text) => {
    labels.forEach((label, index) => (buttons[index].hidden = !fold(label).includes(fold(text))));
    nothing.hidden = buttons.some(({ hidden }) => !hidden);
  };
  const field = element("input", {
    type: "search",
    autocomplete: "off",
    placeholder: phrase("find", { n: labels.length }),
    "aria-label": phrase("find.hint"),
    "data-key": "find-label",
    input: () => find(field.value),
    keydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter") return;
      if (!field.value) return enter?.();
      buttons.find(({ hidden }) => !hidden)?.click();
      field.value = "";
      find("");
    },
  });
  return element(
    "div",
    { class: "palette" },
    labels.length > FEW && field,
    element("div", { class: "choices", role: "group", "aria-label": title }, buttons),
    nothing,
  );
}

/** @param {string} text without what a keyboard may lack */
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * A key for each label, as far as there are any: itself, else one of its letters, its first if that is free.
 *
 * @param {string[]} labels @returns {Map<string, string>}
 */
function keysOf(labels) {
  /** @type {Map<string, string>} */
  const keys = new Map();
  const taken = new Set();
  /** @param {(label: string) => Iterable<string>} candidates */
  const give = (candidates) => {
    for (const label of labels) {
      if (keys.has(label)) continue;
      for (const key of candidates(label)) {
        if (taken.has(key)) continue;
        keys.set(label, key);
        taken.add(key);
        break;
      }
    }
  };
  give((label) => (isSign(label) ? [label] : []));
  give((label) => lettersOf(label).slice(0, 1));
  give((label) => label.split(/[^\p{L}\p{N}]+/u).flatMap((word) => lettersOf(word).slice(0, 1)));
  give(lettersOf);
  give(() => "1234567890abcdefghijklmnopqrstuvwxyz");
  return keys;
}

/** @param {string} pressed @returns {string | null} */
export function labelOfKey(pressed) {
  const keys = [...keysOf(classesNow())];
  const found = [pressed, pressed.toLowerCase()].map((key) => keys.find((each) => each[1] === key));
  return (found[0] ?? found[1])?.[0] ?? null;
}

/** @param {string} label */
const lettersOf = (label) => label.toLowerCase().match(/[\p{L}\p{N}]/gu) ?? [];

/* Keys of a view, wherever the focus is, unless that takes them itself. */

const TAKES_KEYS = "input, select, textarea, canvas, iframe, [role=region][tabindex], .found";

/** @param {import("./state.js").View} view @param {(event: KeyboardEvent) => boolean} act whether the key meant something */
export function onKeys(view, act) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || state.route.view !== view || document.querySelector("dialog[open]")) return;
    if (event.target instanceof Element && event.target.closest(TAKES_KEYS)) return;
    if (act(event)) event.preventDefault();
  });
}
