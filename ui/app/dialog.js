// @ts-check
/** Questions that stop everything else: the browser's own modal dialog, which keeps the focus and minds Escape. */

import { element } from "./element.js";

const KEY_HINTS = {
  none: "Whoever runs this server has it. It is kept in this tab only and forgotten when the tab closes.",
  wrong: "That key is not the right one. Whoever runs this server makes keys with python -m server key.",
  scope: "The key of this tab may not do this. Another one may: it takes the place of the first.",
};

/**
 * The API key, or null if it was not given. It is kept by api.js, for this tab only.
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
  return ask(
    "This needs the API key",
    [
      element("p", { id: "key-hint" }, KEY_HINTS[why]),
      element("label", { for: "key" }, "API key"),
      field,
    ],
    "Continue",
    () => field.value.trim() || null,
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
 * @returns {Promise<string | null>}
 */
function ask(title, content, action, answer) {
  return new Promise((resolve) => {
    /** @type {string | null} */
    let given = null;
    const form = element(
      "form",
      {
        method: "dialog",
        submit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          given = answer();
          dialog.close();
        },
      },
      element("h2", { id: "dialog-title" }, title),
      content,
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
