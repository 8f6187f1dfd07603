// @ts-check
/**
 * The models of this service: listed, made and deleted, from the page of whichever of them this is.
 *
 * @import * as T from "../types.js"
 */

import { messageOf } from "../notice.js";
import { update } from "../state.js";
import { base, ifAllowed, json } from "../transport.js";

/** The name of this page's model; none where its address means the default. */
export const here = /\/m\/([\w-]+)$/.exec(base)?.[1];
const root = here ? "/../.." : "";

/** @param {string} name @param {string} [view] where the page of a model is */
export const pageOf = (name, view = "") => `${base}${root}/m/${name}/${view}`;
/** The page of the default. */
export const home = `${base}${root}/`;

/** Load which there are, the default first. @param {boolean} [quietly] nobody is asked for a key */
export async function loadCatalogue(quietly = false) {
  try {
    const { models } = await (quietly ? ifAllowed(`${root}/m`) : json("GET", `${root}/m`));
    update("catalogue", { value: models, error: null });
  } catch (error) {
    update("catalogue", { error: messageOf(error) });
  }
}

/** @param {string} name @param {string[]} classes */
export const make = (name, classes) =>
  json("POST", `${root}/m`, { body: JSON.stringify({ name, classes }), type: "application/json" });
/** @param {string} name */
export const remove = (name) => json("DELETE", `${root}/m/${encodeURIComponent(name)}`);
