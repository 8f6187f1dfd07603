// @ts-check
/** Labels as buttons, each with its key; where there are many of them, with a field to find one by. */

import { button, element } from "./element.js";
import { keysOf } from "./labels.js";

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
    const printed = key !== undefined && key !== label && element("kbd", { "aria-hidden": "true" }, key);
    return button([label, printed], () => pick(label), {
      class: "choice",
      disabled,
      "aria-label": name(label),
      "aria-keyshortcuts": key,
      "data-key": `is-${label}`,
    });
  });
  const nothing = element("p", { class: "hint", hidden: true }, "No label is called that.");
  const find = (/** @type {string} */ text) => {
    labels.forEach((label, index) => (buttons[index].hidden = !fold(label).includes(fold(text))));
    nothing.hidden = buttons.some(({ hidden }) => !hidden);
  };
  const field = element("input", {
    type: "search",
    autocomplete: "off",
    placeholder: `Find one of ${labels.length} labels`,
    "aria-label": "Find a label; Enter takes the first",
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
