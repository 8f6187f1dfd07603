// @ts-check
/** The style sheets that the first view does without. */

import { element } from "./element.js";

/** @type {Promise<unknown> | null} */
let added = null;

/** @returns {Promise<unknown>} until they hold */
export function addStyles() {
  added ??= new Promise((load, error) => {
    document.head.append(element("link", { rel: "stylesheet", href: "style/later.css", load, error }));
  });
  added.catch(() => (added = null)); // to be tried again
  return added;
}
