// @ts-check
/**
 * All that the server can be asked, as functions; the only module that asks it, but for what the parts of drift, of
 * the retrain policy, of the service's models, of what is tried and of all pictures alone do. Every one gives what the server answered or throws a Failure (transport.js).
 *
 * @import * as T from "./types.js"
 */

import { base, blob, checked, Failure, failureOf, ifAllowed, json, send, sentence, unkeyed } from "./transport.js";

const AGAIN_MS = 2_000; // between a stream's break and the next attempt
export const PAGE_MOST = 1000; // entries of a list that the server gives at once

/** @returns {Promise<T.Health>} also when the service calls itself unhealthy, which is an answer like any other */
export async function health() {
  const response = await send("GET", "/health", { silence: 5_000 });
  if (!response.ok && response.status !== 503) throw await failureOf(response);
  return response.json();
}

/** @returns {Promise<T.Stats>} */
export const stats = async () => (await unkeyed("GET", "/stats")).json();
/** @param {number} wanted @returns {Promise<T.Day[]>} newest first; those without answers are left out */
export const days = async (wanted) => (await (await unkeyed("GET", `/stats/days?limit=${wanted}`)).json()).days;

/**
 * @param {Blob} image @param {AbortSignal} [signal]
 * @returns {Promise<{prediction: T.Prediction, timing: T.Timing}>}
 */
export async function predict(image, signal) {
  const form = new FormData();
  form.append("file", image, "image");
  const begun = performance.now();
  const response = await unkeyed("POST", "/predict?include=input", { body: form, signal });
  const prediction = await response.json();
  return { prediction, timing: { ...timingOf(response), total: performance.now() - begun } };
}

/**
 * @param {Blob[]} images @param {AbortSignal} [signal]
 * @returns {Promise<(T.Prediction | {error: string})[]>} in the same order
 */
export async function predictBatch(images, signal) {
  const form = new FormData();
  for (const image of images) form.append("files", image, "image");
  const response = await unkeyed("POST", "/predict/batch", { body: form, signal });
  const { model_version, predictions } = await response.json();
  return predictions.map((/** @type {any} */ each) =>
    each.error === undefined ? { ...each, model_version } : { error: sentence(each.error) },
  );
}

/** @returns {Promise<T.Dataset>} */
export const dataset = () => json("GET", "/dataset");
/** @param {number} wanted @returns {Promise<T.Suspect[]>} the newest doubts first */
export const suspects = async (wanted) =>
  (await newest("/dataset/images", "images", wanted, { state: "suspect" })).images.flatMap(
    (/** @type {T.Image} */ { suspect }) => suspect ?? [],
  );
/** @param {number} wanted @returns {Promise<T.Batch[]>} newest first */
export const batches = async (wanted) => (await newest("/dataset/batches", "batches", wanted)).batches;
/** @returns {Promise<T.Batch[]>} as many as come at once */
export const batchesIfAllowed = async () => (await ifAllowed(`/dataset/batches?limit=${PAGE_MOST}`)).batches;

/** @returns {Promise<T.Classes>} */
export const classes = () => json("GET", "/classes");
/** @returns {Promise<T.Classes>} */
export const classesIfAllowed = () => ifAllowed("/classes");
/** @param {T.ClassChange} change @returns {Promise<{message: string}>} */
export const decideClass = (change) => json("POST", "/classes", { body: JSON.stringify(change), type: "application/json" });

/**
 * @param {{file: Blob, name: string, label: string}[]} images
 * @param {string} source
 * @param {{progress?: (share: number) => void, signal?: AbortSignal}} [sending]
 * @returns {Promise<T.Uploaded>}
 */
export function upload(images, source, sending = {}) {
  const form = new FormData();
  for (const { file, name } of images) form.append("files", file, name);
  for (const { label } of images) form.append("labels", label);
  form.append("source", source);
  return json("POST", "/upload", { body: form, ...sending });
}

/** @param {string} batch */
export const removeBatch = (batch) => json("DELETE", `/dataset/batches/${encodeURIComponent(batch)}`);
/** @param {string} sha256 */
export const rejectImage = (sha256) => json("POST", `${imagePath(sha256)}/reject`);
/** @param {string} sha256 */
export const imagePath = (sha256) => `/dataset/images/${encodeURIComponent(sha256)}`;
/** @param {string} path @returns {Promise<Blob>} a picture; an <img> would ask for it without the key */
export const picture = (path) => blob(path);

/** @param {number} wanted @returns {Promise<T.Samples>} the first that wait, in the server's order */
export async function samples(wanted) {
  const [found, accuracy] = await Promise.all([json("GET", `/samples?limit=${Math.min(wanted, PAGE_MOST)}`), json("GET", "/samples/accuracy")]);
  const placed = found.samples.map((/** @type {T.Sample} */ each, /** @type {number} */ place) => ({ ...each, place }));
  return { ...found, samples: placed, accuracy };
}
/** @returns {Promise<T.Accuracy>} */
export const accuracyIfAllowed = () => ifAllowed("/samples/accuracy");
/** @param {string} sample */
export const samplePath = (sample) => `/samples/${encodeURIComponent(sample)}/picture`;
/** @param {{sample: string, label?: string | null, skip?: string}[]} words @returns {Promise<T.Heard>} */
export const feedback = (words) => json("POST", "/feedback", { body: JSON.stringify(words), type: "application/json" });
export const removeSamples = () => json("DELETE", "/samples");

/** @param {T.RetrainOptions} options @returns {Promise<{message: string, job: string | null}>} null: nothing new */
export const retrain = (options) =>
  json("POST", "/retrain", { body: JSON.stringify(options), type: "application/json" });
/** @param {number} wanted @returns {Promise<T.Jobs>} */
export const jobs = (wanted) => newest("/retrain/jobs", "jobs", wanted);
/** @param {string} job */
export const cancel = (job) => json("DELETE", `/retrain/jobs/${encodeURIComponent(job)}`);
/** @param {string} job @returns {Promise<string>} */
export const jobLog = async (job) => (await checked("GET", `/retrain/jobs/${encodeURIComponent(job)}/log`)).text();

/**
 * Follow a job from its first event to its result; a connection that breaks is made again. Not by EventSource, which
 * can't be told to send a key.
 *
 * @param {string} job
 * @param {{progress: (event: T.JobEvent, id: number) => void, result: (result: T.JobResult) => void,
 *   interrupted: (forGood: boolean) => void}} on `forGood`: it is not tried again
 * @returns {() => void} stops following
 */
export function follow(job, on) {
  const stop = new AbortController();
  void listen("0");
  return () => stop.abort();

  /** @param {string} last the event that was heard last */
  async function listen(last) {
    let forGood = false;
    try {
      const path = `/retrain/jobs/${encodeURIComponent(job)}/events`;
      const { eventsOf, stream } = await import("./events.js");
      const told = await stream(path, { "Last-Event-ID": last }, stop.signal);
      for await (const { id, event, data } of eventsOf(told)) {
        if (stop.signal.aborted) return;
        if (event === "result") return on.result(JSON.parse(data));
        last = id;
        on.progress(JSON.parse(data), Number(id));
      }
    } catch (error) {
      forGood = error instanceof Failure && error.status !== 0;
    }
    if (stop.signal.aborted) return;
    on.interrupted(forGood);
    if (!forGood) setTimeout(() => stop.signal.aborted || listen(last), AGAIN_MS);
  }
}

/** @param {number} wanted versions @returns {Promise<T.Models>} */
export const models = (wanted) => newest("/models", "models", wanted);
/** @param {string} version @returns {Promise<T.ModelDetails>} */
export const model = (version) => json("GET", `/models/${encodeURIComponent(version)}`);
/** @param {string} version @returns {Promise<Blob>} the model itself, as onnxruntime reads it */
export const modelFile = (version) => blob(`/models/${encodeURIComponent(version)}/model.onnx`);
/** @param {string} version @param {string} file where a file of a version's report can be seen without a key */
export const reportUrl = (version, file) => base + reportPath(version, file);
/** @param {string} version @param {string} file @returns {Promise<Blob>} a file of a version's report */
export const reportFile = (version, file) => blob(reportPath(version, file));
/** @param {string} version @param {string} file */
const reportPath = (version, file) => `/models/${encodeURIComponent(version)}/report/${encodeURIComponent(file)}`;

/**
 * The newest of a list that comes in pages, as many as are wanted, with what else its last page says; `more` is whether
 * there are others, which is known by asking for one more.
 *
 * @param {string} path @param {string} name @param {number} wanted @param {Record<string, string>} [query]
 * @returns {Promise<any>}
 */
async function newest(path, name, wanted, query = {}) {
  const found = [];
  /** @type {Record<string, string>} */
  let from = {};
  for (;;) {
    const limit = String(Math.min(wanted + 1 - found.length, PAGE_MOST));
    const page = await json("GET", `${path}?${new URLSearchParams({ ...query, limit, ...from })}`);
    found.push(...page[name]);
    if (page.next === null || found.length > wanted)
      return { ...page, [name]: found.slice(0, wanted), more: found.length > wanted };
    from = { before: String(page.next) };
  }
}

/** @param {Response} response @returns {{decode: number, queue: number, infer: number}} */
function timingOf(response) {
  const timing = { decode: NaN, queue: NaN, infer: NaN };
  for (const entry of (response.headers.get("Server-Timing") ?? "").split(",")) {
    const found = /^\s*(decode|queue|infer)\s*;.*\bdur=([0-9.]+)/.exec(entry);
    if (found) timing[/** @type {"decode" | "queue" | "infer"} */ (found[1])] = Number(found[2]);
  }
  return timing;
}
