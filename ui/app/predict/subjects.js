// @ts-check
/**
 * Pictures that the model is asked about: the drawing, and those of the gallery.
 *
 * @import { Subject } from "../state.js"
 */

import * as api from "../api.js";
import { messageOf } from "../notice.js";
import { state, update } from "../state.js";

/**
 * @param {string} id @param {string} name @param {Blob} image @param {string | null} picture
 * @param {number | null} [edit] @returns {Subject}
 */
export function subjectOf(id, name, image, picture, edit = null) {
  return {
    ...{ id, name, image, picture, edit },
    ...{ prediction: null, timing: null, error: null, filed: null, dismissed: false },
  };
}

/** @returns {Subject | null} what the answer on show is about */
export function shownSubject() {
  const { drawing, gallery, selected } = state.predict;
  return gallery.find(({ id }) => id === selected) ?? drawing;
}

/** @param {Subject | null} subject whether the ink has changed since it was taken from the sheet */
export const isStale = (subject) => (subject?.edit ?? null) !== null && subject?.edit !== state.predict.edit;

/** @param {Subject} subject @returns {Promise<Partial<Subject>>} its answer, or the reason for none */
export async function ask({ image }) {
  try {
    return { ...(await api.predict(image)), error: null };
  } catch (error) {
    return { prediction: null, timing: null, error: messageOf(error) };
  }
}

/** @param {Subject} subject @param {Partial<Subject>} changed */
export function change(subject, changed) {
  const { drawing } = state.predict;
  if (drawing && drawing.image === subject.image) update("predict", { drawing: { ...drawing, ...changed } });
  else changeAll(new Map([[subject.id, changed]]));
}

/** @param {Map<string, Partial<Subject>>} changed of the gallery, by id */
export function changeAll(changed) {
  const gallery = state.predict.gallery.map((each) => {
    const found = changed.get(each.id);
    return found ? { ...each, ...found } : each;
  });
  update("predict", { gallery });
}
