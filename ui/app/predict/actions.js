// @ts-check
/**
 * Asking the model about the drawing, at every change of it.
 *
 * @import { Subject } from "../state.js"
 */

import { percent } from "../format.js";
import { latest } from "../latest.js";
import { say } from "../notice.js";
import { state, update } from "../state.js";
import { ask, isStale, subjectOf } from "./subjects.js";

const SPOKEN_AFTER_MS = 900;

/** What is said of a click without a movement: it stays, as every other stroke, until it is undone. */
export const DOTS = "That is only a dot. Draw on, and the answer appears here.";

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
  const words = prediction ? `It reads ${prediction.label}, ${percent(prediction.confidence, 0)} sure` : error;
  speaking = setTimeout(() => say(words ?? ""), SPOKEN_AFTER_MS);
}
