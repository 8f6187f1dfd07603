// @ts-check
/** Questions that stop everything else: the browser's own modal dialog, which keeps the focus and minds Escape. */

import { element } from "./element.js";
import { phrase } from "./texts.js";

/**
 * The API key, or null if it was not given. It is kept by transport.js, for this tab only.
 *
 * @param {"none" | "wrong" | "scope"} why none was given, or the one that was is wrong or may not do this
 * @returns {Promise<string | null>}
 */
export function askKey(why) {
  const field = element("input", {
    type: "password",
    id: "key",
    autocomplete: "off",
    required: true,
    "aria-describedby": "key-hint",
  });
  const problem = () => {
    const strange = [...field.value.trim()].find((each) => !/[\x20-\x7e\xa0-\xff]/.test(each));
    return strange === undefined ? null : phrase("key.strange", { sign: strange });
  };
  return ask(
    phrase("key.title"),
    [
      element("p", { id: "key-hint" }, phrase(`key.${why}`)),
      element("label", { for: "key" }, phrase("key.label")),
      field,
    ],
    phrase("continue"),
    () => field.value.trim() || null,
    problem,
  );
}

/**
 * Whether a person agrees; null if not.
 *
 * @param {{title: string, text: string, action: string}} question @returns {Promise<string | null>}
 */
export const confirm = ({ title, text, action }) => ask(title, [element("p", {}, text)], action, () => "");

/**
 * @param {string} title @param {Node[]} content @param {string} action @param {() => string | null} answer
 * @param {() => string | null} [problem] what is wrong with the answer, which is then asked for again
 * @returns {Promise<string | null>}
 */
export function ask(title, content, action, answer, problem = () => null) {
  return new Promise((resolve) => {
    /** @type {string | null} */
    let given = null;
    const wrong = element("p", { class: "failure", role: "alert", hidden: true });
    const form = element(
      "form",
      {
        method: "dialog",
        submit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          wrong.textContent = problem();
          wrong.hidden = !wrong.textContent;
          if (!wrong.hidden) return;
          given = answer();
          dialog.close();
        },
      },
      element("h2", { id: "dialog-title" }, title),
      content,
      wrong,
      element(
        "div",
        { class: "actions" },
        element("button", { type: "button", click: () => dialog.close() }, phrase("cancel")),
        element("button", { type: "submit", class: "primary" }, action),
      ),
    );
    const dialog = element("dialog", { "aria-labelledby": "dialog-title" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(given);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
