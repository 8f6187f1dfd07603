// @ts-check
/**
 * Asking the model about the drawing, at every change of it.
 *
 * @import { Subject } from "../state.js"
 */

import * as api from "../api.js";
import { percent } from "../format.js";
import { latest } from "../latest.js";
import { messageOf, say } from "../notice.js";
import { state, update } from "../state.js";
import { phrase } from "../texts.js";

const SPOKEN_AFTER_MS = 900;

/** What is said of a click without a movement: it stays, as every other stroke, until it is undone. */
export const DOTS = phrase("dots");

let wiped = 0; // the edit that last left nothing to read
let speaking = 0;

/** @typedef {{isReadable: () => boolean, isDots: () => boolean, edit: () => number, image: () => Promise<Blob>}} Sheet */

/**
 * The sheet has changed: ask again, with at most one request under way.
 *
 * @param {Sheet} sheet
 */
export function drawn(sheet) {
  const edit = sheet.edit();
  if (sheet.isReadable()) {
    if (edit === state.predict.edit) return;
    update("predict", { edit, dots: false, selected: null });
    return askAboutDrawing(sheet);
  }
  wiped = edit; // an answer that is still on its way belongs to what was wiped off
  const dots = sheet.isDots();
  update("predict", { edit, dots, drawing: null });
  clearTimeout(speaking);
  if (dots) say(DOTS);
}

const askAboutDrawing = latest(async (/** @type {Sheet} */ sheet) => {
  if (!sheet.isReadable()) return;
  const edit = sheet.edit();
  const subject = subjectOf("drawing", "drawing.png", await sheet.image(), null, edit);
  const answered = { ...subject, ...(await ask(subject)) };
  if (edit < wiped) return;
  update("predict", { drawing: answered });
  speakLater(answered);
});

/** Ask again what could not be asked while the server was away. @param {Sheet} sheet */
export function askAgain(sheet) {
  const { drawing } = state.predict;
  if (sheet.isReadable() && (!drawing?.prediction || isStale(drawing))) askAboutDrawing(sheet);
}

/** @param {Subject} subject an answer while the pen moves is seen, and said once the pen rests */
function speakLater({ prediction, error }) {
  clearTimeout(speaking);
  const words = prediction ? phrase("spoken", { label: prediction.label, share: percent(prediction.confidence, 0) }) : error;
  speaking = setTimeout(() => say(words ?? ""), SPOKEN_AFTER_MS);
}

/* Pictures that the model is asked about: the drawing, and those of the gallery. */

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
