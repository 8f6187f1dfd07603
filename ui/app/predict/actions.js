// @ts-check
/**
 * Asking the model about a drawing or about files, and filing what it got wrong.
 *
 * @import { Subject } from "../state.js"
 */

import * as api from "../api.js";
import { messageOf, say, tell } from "../notice.js";
import { count, percent } from "../format.js";
import { latest } from "../latest.js";
import { state, update } from "../state.js";
import { loadDataset } from "../teach/dataset.js";

const AT_ONCE = 2; // requests for a gallery
const GALLERY_LIMIT = 500; // pictures; each is kept in memory
const SPOKEN_AFTER_MS = 900;

/** What is said of a click without a movement: it stays, as every other stroke, until it is undone. */
export const DOTS = "That is only a dot. Draw on, and the answer appears here.";

let wiped = 0; // the edit that last left nothing to read
let pictures = 0;
let speaking = 0;
/** @type {WeakSet<Blob>} pictures on their way to be filed, each under one label */
const filing = new WeakSet();

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
  const answered = await ask(subjectOf("drawing", "drawing.png", await sheet.image(), null, edit));
  if (edit < wiped) return;
  update("predict", { drawing: answered });
  speakLater(answered);
});

/** @param {{file: File, path: string}[]} found */
export async function addPictures(found) {
  if (!found.length) return;
  const room = GALLERY_LIMIT - state.predict.gallery.length;
  if (found.length > room) tell(`Only ${GALLERY_LIMIT} pictures fit here; clear them to look at more.`, "bad");
  const added = found
    .slice(0, Math.max(room, 0))
    .map(({ file }) => subjectOf(`picture-${++pictures}`, file.name, file, URL.createObjectURL(file)));
  if (!added.length) return;
  update("predict", { gallery: [...state.predict.gallery, ...added], selected: added[0].id });
  const waiting = [...added];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await askAboutPicture(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const read = state.predict.gallery.filter(({ prediction }) => prediction !== null).length;
  say(`${count(read)} of ${count(state.predict.gallery.length)} pictures read`);
}

/** @param {string} id */
export const select = (id) => update("predict", { selected: id });

export function clearGallery() {
  for (const { picture } of state.predict.gallery) if (picture) URL.revokeObjectURL(picture);
  update("predict", { gallery: [], selected: null });
}

/**
 * File a picture under its right label; of the sheet only what is on it now.
 *
 * @param {Subject} subject @param {string} label
 */
export async function correct(subject, label) {
  if (isStale(subject) || filing.has(subject.image)) return;
  filing.add(subject.image);
  try {
    const answer = await api.upload([{ file: subject.image, name: subject.name, label }], "correction");
    change(subject, { filed: { label, batch: answer.batch } });
    say(`Filed as ${label}`);
  } catch (error) {
    tell(messageOf(error), "bad");
    return;
  } finally {
    filing.delete(subject.image);
  }
  await loadDataset();
}

/** @param {Subject} subject */
export async function takeBack(subject) {
  if (!subject.filed?.batch) return;
  try {
    await api.removeBatch(subject.filed.batch);
    change(subject, { filed: null });
    say("Taken back");
  } catch (error) {
    tell(messageOf(error), "bad");
  }
  await loadDataset();
}

/** @param {Subject} subject @param {boolean} dismissed whether it is none of what the model knows, which no label says */
export function dismiss(subject, dismissed) {
  change(subject, { dismissed });
  say(dismissed ? "None of these; nothing was stored" : "Taken back");
}

/** @returns {Subject | null} what the answer on show is about */
export function shownSubject() {
  const { drawing, gallery, selected } = state.predict;
  return gallery.find(({ id }) => id === selected) ?? drawing;
}

/** @param {Subject | null} subject whether the ink has changed since it was taken from the sheet */
export const isStale = (subject) => (subject?.edit ?? null) !== null && subject?.edit !== state.predict.edit;

/** Ask again what could not be asked while the server was away. @param {Sheet} sheet */
export async function askAgain(sheet) {
  const { drawing } = state.predict;
  if (sheet.isReadable() && (!drawing?.prediction || isStale(drawing))) askAboutDrawing(sheet);
  for (const subject of state.predict.gallery) if (!subject.prediction) await askAboutPicture(subject);
}

/** @param {Subject} subject @returns {Promise<Subject>} the same with its answer, or with the reason for none */
async function ask(subject) {
  try {
    return { ...subject, ...(await api.predict(subject.image)), error: null };
  } catch (error) {
    return { ...subject, prediction: null, timing: null, error: messageOf(error) };
  }
}

/** @param {Subject} subject */
async function askAboutPicture(subject) {
  const answered = await ask(subject);
  change(subject, { prediction: answered.prediction, timing: answered.timing, error: answered.error });
}

/** @param {Subject} subject @param {Partial<Subject>} changed */
function change(subject, changed) {
  const { drawing, gallery } = state.predict;
  if (drawing && drawing.image === subject.image) update("predict", { drawing: { ...drawing, ...changed } });
  else update("predict", { gallery: gallery.map((each) => (each.id === subject.id ? { ...each, ...changed } : each)) });
}

/**
 * @param {string} id @param {string} name @param {Blob} image @param {string | null} picture
 * @param {number | null} [edit] @returns {Subject}
 */
function subjectOf(id, name, image, picture, edit = null) {
  return { id, name, image, picture, edit, prediction: null, timing: null, error: null, filed: null, dismissed: false };
}

/** @param {Subject} subject an answer while the pen moves is seen, and said once the pen rests */
function speakLater({ prediction, error }) {
  clearTimeout(speaking);
  const words = prediction ? `It reads ${prediction.label}, ${percent(prediction.confidence, 0)} sure` : error;
  speaking = setTimeout(() => say(words ?? ""), SPOKEN_AFTER_MS);
}
