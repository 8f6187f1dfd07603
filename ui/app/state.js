// @ts-check
/**
 * All that the page knows, in one object. Actions change it with `update`; views say with `watch` what they show of it
 * and are told, once for any number of changes in a row, when that has become something else.
 *
 * @import * as T from "./types.js"
 *
 * @typedef {{id: string, name: string, image: Blob, picture: string | null, prediction: T.Prediction | null,
 *   timing: T.Timing | null, error: string | null, filed: {label: string, batch: string | null} | null,
 *   dismissed: boolean, edit: number | null}} Subject a picture that the model is asked about; `picture` is a URL to show
 *   it by, `dismissed` that a person said it is none of the labels, `edit` is the sheet's newest when it was taken, null
 *   for a file
 * @typedef {{id: string, name: string, file: Blob | null, picture: string | null, path: string | null,
 *   suspect: T.Suspect | null, sample: T.Sample | null}} Picture on the desk: a new one with its file and a URL to show it
 *   by, or one that the server has at that path, whose label is doubted or which is a prediction to review
 * @typedef {{label: string | null, origin: "folder" | "name" | "hand" | "model" | null}} Word what was said of a picture,
 *   and whence; no label: nothing yet of a new one, of a doubted one that it is to go, of a sample that none is right
 * @typedef {ReadonlyMap<string, Word>} Words by picture; a new one without any is left out
 * @typedef {{words: Words, cursor: string | null}} Labelling
 * @typedef {{label: string, share: number | null} | null} Suggestion the model's and how sure it is, as far as that is
 *   known; null where it can't read the picture
 * @typedef {{job: T.Job, events: T.JobEvent[], log: string | null}} Followed
 *
 * Where a list may be long, `wanted` is how much of it, from the newest on, a person wants to see.
 */

export const VIEWS = /** @type {const} */ (["predict", "teach", "retrain", "models", "health"]);

/** @typedef {(typeof VIEWS)[number]} View */

/** @typedef {"all" | "open" | "said" | "doubted" | "samples"} Kind of pictures on the desk */

export const state = {
  /** @type {{view: View, place: string}} */
  route: { view: "predict", place: "" },
  connection: { lost: false },
  /** @type {{value: T.Health | null}} */
  health: { value: null },
  /** @type {{edit: number, dots: boolean, drawing: Subject | null, gallery: Subject[], selected: string | null}}
   *  `edit`: the sheet's newest; `dots`: there is nothing else on it */
  predict: { edit: 0, dots: false, drawing: null, gallery: [], selected: null },
  /** @type {Labelling & {pictures: Picture[], past: Labelling[], future: Labelling[], suggestions: ReadonlyMap<string, Suggestion>,
   *   marked: ReadonlySet<string>, anchor: string | null, several: boolean, filter: {kind: Kind, label: string | null}}}
   *   `marked`: several at once, none where it is only the one under the cursor; `anchor`: where a range of them begins;
   *   `several`: a tap marks */
  teach: {
    ...{ pictures: [], words: new Map(), cursor: null, past: [], future: [], suggestions: new Map() },
    ...{ marked: new Set(), anchor: null, several: false, filter: { kind: "all", label: null } },
  },
  /** @type {{share: number | null, again: boolean, outcome: T.Uploaded | null, error: string | null}} `again`: it failed,
   *  and is tried again soon */
  sending: { share: null, again: false, outcome: null, error: null },
  /** @type {{value: T.Dataset | null, samples: T.Samples | null, wanted: {suspects: number, batches: number, samples: number},
   *   error: string | null}} */
  dataset: { value: null, samples: null, wanted: { suspects: 100, batches: 30, samples: 100 }, error: null },
  /** @type {{value: T.Classes | null, names: string[] | null, error: string | null}} `names`: as they were last heard of */
  classes: { value: null, names: null, error: null },
  /** @type {{jobs: T.Job[] | null, more: boolean, wanted: number, followed: Followed | null, waiting: string | null,
   *   policy: T.PolicySet | null, error: string | null}} `waiting`: what of the policy waits for a word */
  retrain: { jobs: null, more: false, wanted: 12, followed: null, waiting: null, policy: null, error: null },
  /** @type {{value: T.Models | null, wanted: number, details: Record<string, T.ModelDetails>, failed: Record<string, string>,
   *   ended: T.Rollout | null, error: string | null}} `failed`: why a version is not there; `ended`: what was tried until
   *   now */
  models: { value: null, wanted: 12, details: {}, failed: {}, ended: null, error: null },
  /** @type {{value: T.Named[] | null, error: string | null}} the models of the service */
  catalogue: { value: null, error: null },
  /** @type {{value: T.Stats | null, days: T.Day[] | null, corrections: T.Batch[] | null, accuracy: T.Accuracy | null,
   *   error: string | null}} `days`, `accuracy` and
   *   `corrections`: null where they are not known, or this page may not know */
  stats: { value: null, days: null, corrections: null, accuracy: null, error: null },
};

/** @type {Set<() => void>} */
const watchers = new Set();
let told = true;

/**
 * Change fields of one part of the state.
 *
 * @template {keyof typeof state} Part
 * @param {Part} part @param {Partial<(typeof state)[Part]>} change
 */
export function update(part, change) {
  state[part] = { ...state[part], ...change };
  if (!told) return;
  told = false;
  queueMicrotask(() => {
    told = true;
    for (const look of watchers) look();
  });
}

/**
 * Call `show` now, and again whenever one of the values that `select` gives is another one.
 *
 * @template {readonly unknown[]} Values
 * @param {() => readonly [...Values]} select @param {(...values: NoInfer<[...Values]>) => void} show
 */
export function watch(select, show) {
  let shown = select();
  show(...shown);
  watchers.add(() => {
    const values = select();
    if (values.every((value, position) => Object.is(value, shown[position]))) return;
    shown = values;
    show(...values);
  });
}
