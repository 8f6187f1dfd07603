// @ts-check
/** Style sheets that the first view does without. */

import { element } from "./element.js";

/** @type {Map<string, Promise<unknown>>} */
const added = new Map();

/** @param {string} name @returns {Promise<unknown>} until it holds */
export function addStyle(name) {
  const found = added.get(name) ?? new Promise((load, error) => {
    document.head.append(element("link", { rel: "stylesheet", href: `style/${name}.css`, load, error }));
  });
  added.set(name, found);
  found.catch(() => added.delete(name)); // to be tried again
  return found;
}
