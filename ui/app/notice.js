// @ts-check
/** What just happened, in a sentence: shown for a while, and read out by a screen reader. */

import { Failure } from "./transport.js";
import { element } from "./element.js";

const SHOWN_MS = 8_000;

/** @param {string} text @param {"good" | "bad" | "plain"} [kind] */
export function tell(text, kind = "plain") {
  const place = /** @type {HTMLElement} */ (document.getElementById("notices"));
  const notice = element("p", { class: `notice ${kind}` }, text);
  notice.append(
    element("button", { type: "button", class: "quiet", "aria-label": "Dismiss", click: () => notice.remove() }, "✕"),
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
