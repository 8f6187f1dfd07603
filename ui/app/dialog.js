// @ts-check
/** Questions that stop everything else: the browser's own modal dialog, which keeps the focus and minds Escape. */

import { element } from "./element.js";

const KEY_HINTS = {
  none: "Whoever runs this server has it. It is kept in this tab only and forgotten when the tab closes.",
  wrong: "That key is not the right one. Whoever runs this server makes keys with python -m server key.",
  scope: "The key of this tab may not do this. Another one may: it takes the place of the first.",
};

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
    return strange === undefined ? null : `A key can't have “${strange}” in it: something else was pasted, too.`;
  };
  return ask(
    "This needs the API key",
    [
      element("p", { id: "key-hint" }, KEY_HINTS[why]),
      element("label", { for: "key" }, "API key"),
      field,
    ],
    "Continue",
    () => field.value.trim() || null,
    problem,
  );
}

/**
 * Whether a person agrees; null if not, else what they wrote as the reason, which may be empty.
 *
 * @param {{title: string, text: string, action: string, reason?: string}} question `reason`: labels a field for it
 * @returns {Promise<string | null>}
 */
export function confirm({ title, text, action, reason }) {
  const field = element("input", { type: "text", id: "reason", maxlength: 200, autocomplete: "off" });
  const content = [element("p", {}, text)];
  return ask(
    title,
    reason === undefined ? content : [...content, element("label", { for: "reason" }, reason), field],
    action,
    () => field.value.trim(),
  );
}

/**
 * @param {string} title @param {Node[]} content @param {string} action @param {() => string | null} answer
 * @param {() => string | null} [problem] what is wrong with the answer, which is then asked for again
 * @returns {Promise<string | null>}
 */
function ask(title, content, action, answer, problem = () => null) {
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
        element("button", { type: "button", click: () => dialog.close() }, "Cancel"),
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
