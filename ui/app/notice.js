// @ts-check
/** What just happened, in a sentence: shown for a while, and read out by a screen reader. */

import { phrase, worded } from "./texts.js";
import { Failure, lost } from "./transport.js";
import { element } from "./element.js";

const SHOWN_MS = 8_000;

/**
 * @param {string} text @param {"good" | "bad" | "plain"} [kind]
 * @param {[string, () => unknown]} [action] what may be done about it
 */
export function tell(text, kind = "plain", action) {
  const place = /** @type {HTMLElement} */ (document.getElementById("notices"));
  const notice = element("p", { class: `notice ${kind}` }, text);
  const act = (/** @type {() => unknown} */ work) => {
    notice.remove();
    work();
  };
  if (action) notice.append(element("button", { type: "button", class: "quiet", click: () => act(action[1]) }, action[0]));
  notice.append(
    element("button", { type: "button", class: "quiet", "aria-label": phrase("dismiss"), click: () => notice.remove() }, "✕"),
  );
  while (place.children.length > 2) place.firstElementChild?.remove();
  place.append(notice);
  setTimeout(() => notice.remove(), SHOWN_MS);
}

/** Have a screen reader say something that everybody else can see. @param {string} text */
export function say(text) {
  /** @type {HTMLElement} */ (document.getElementById("spoken")).textContent = text;
}

/**
 * Ask a person, by what is fetched with the first question; where that can't be had, it is told, and nothing is agreed to.
 *
 * @param {(dialog: typeof import("./dialog.js")) => Promise<string | null>} put @returns {Promise<string | null>}
 */
export async function asked(put) {
  const dialog = await worded(() => import("./dialog.js")).catch(() => null);
  if (!dialog) tell(lost().message, "bad");
  return dialog && put(dialog);
}

/**
 * Do something that may fail, and tell if it did; whether it worked.
 *
 * @param {() => Promise<unknown>} work @returns {Promise<boolean>}
 */
export async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    tell(messageOf(error), "bad");
    return false;
  }
}

/** @param {unknown} error the sentence of a failure; anything else is a fault of ours and thrown on */
export function messageOf(error) {
  if (error instanceof Failure) return error.message;
  throw error;
}
