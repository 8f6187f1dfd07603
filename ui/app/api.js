// @ts-check
/**
 * The only module that talks to the server. Every call either gives what the server answered or throws a Failure whose
 * message is a sentence for a person. Where the server asks for its key, the key is asked for and the call made again.
 *
 * @import * as T from "./types.js"
 */

import { eventsOf } from "./events.js";

const KEY = "relearn-key";
const TIMEOUT_MS = 30_000;
const AGAIN_MS = 2_000; // between a stream's break and the next attempt
const PAGE_MOST = 1000; // entries of a list that the server gives at once

const elsewhere = document.querySelector('meta[name="relearn-api"]')?.getAttribute("content");
/** The server: the folder that the page came from, which a proxy may have put anywhere, unless the page names another. */
const base = (elsewhere || new URL(".", document.baseURI).pathname).replace(/\/+$/, "");

/** A call that did not work out. `code` is the server's word, or "lost" where no answer came. */
export class Failure extends Error {
  /** @param {string} message @param {string} code @param {number} status */
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** What the page does when a key is needed, and when the server is found or lost; set once, in main.js. */
export const hooks = {
  /** @type {(why: "none" | "wrong" | "scope") => Promise<string | null>} the key that was typed, null for none */
  askKey: async () => null,
  /** @type {(reached: boolean) => void} */
  reached: () => {},
};

/** @returns {Promise<T.Health>} also when the service calls itself unhealthy, which is an answer like any other */
export async function health() {
  const response = await send("GET", "/health", { timeout: 5_000 });
  if (!response.ok && response.status !== 503) throw await failureOf(response);
  return whole(response.json());
}

/** @returns {Promise<T.Stats>} */
export const stats = () => json("GET", "/stats");

/**
 * @param {Blob} image
 * @returns {Promise<{prediction: T.Prediction, timing: T.Timing}>}
 */
export async function predict(image) {
  const form = new FormData();
  form.append("file", image, "image");
  const begun = performance.now();
  const response = await checked("POST", "/predict?include=input", { body: form });
  const prediction = await whole(response.json());
  return { prediction, timing: { ...timingOf(response), total: performance.now() - begun } };
}

/** @returns {Promise<T.Dataset>} */
export const dataset = () => json("GET", "/dataset");
/** @param {number} wanted @returns {Promise<T.Suspect[]>} the newest doubts first */
export const suspects = async (wanted) =>
  (await newest("/dataset/images", "images", wanted, { split: "suspect" })).images.flatMap(
    (/** @type {T.Image} */ { suspect }) => suspect ?? [],
  );
/** @param {number} wanted @returns {Promise<T.Batch[]>} newest first */
export const batches = async (wanted) => (await newest("/dataset/batches", "batches", wanted)).batches;

/**
 * @param {{file: Blob, name: string, label: string}[]} images
 * @param {string} source
 * @param {(share: number) => void} [progress] told how much has been sent, from 0 to 1
 * @returns {Promise<T.Uploaded>}
 */
export function upload(images, source, progress = () => {}) {
  const form = new FormData();
  for (const { file, name } of images) form.append("files", file, name);
  for (const { label } of images) form.append("labels", label);
  form.append("source", source);
  return withKey(() => sendWithProgress("/upload", form, progress));
}

/** @param {string} batch */
export const removeBatch = (batch) => json("DELETE", `/dataset/batches/${encodeURIComponent(batch)}`);
/** @param {string} sha256 */
export const acceptImage = (sha256) => json("POST", `/dataset/images/${encodeURIComponent(sha256)}/accept`);
/** @param {string} sha256 */
export const rejectImage = (sha256) => json("POST", `/dataset/images/${encodeURIComponent(sha256)}/reject`);
/** @param {string} sha256 @returns {Promise<Blob>} a picture; an <img> would ask for it without the key */
export const image = async (sha256) =>
  whole((await checked("GET", `/dataset/images/${encodeURIComponent(sha256)}`)).blob());

/** @param {T.RetrainOptions} options @returns {Promise<{message: string, job: string | null}>} null: nothing new */
export const retrain = (options) =>
  json("POST", "/retrain", { body: JSON.stringify(options), type: "application/json" });
/** @param {number} wanted @returns {Promise<T.Jobs>} */
export const jobs = (wanted) => newest("/retrain/jobs", "jobs", wanted);
/** @param {string} job */
export const cancel = (job) => json("DELETE", `/retrain/jobs/${encodeURIComponent(job)}`);
/** @param {string} job @returns {Promise<string>} */
export const jobLog = async (job) =>
  whole((await checked("GET", `/retrain/jobs/${encodeURIComponent(job)}/log`)).text());

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
    const sending = { signal: stop.signal, headers: { "Last-Event-ID": last } };
    let forGood = false;
    try {
      const response = await checked("GET", `/retrain/jobs/${encodeURIComponent(job)}/events`, sending);
      for await (const { id, event, data } of eventsOf(/** @type {ReadableStream} */ (response.body))) {
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
/** @param {string} version @param {string} reason @returns {Promise<{message: string}>} */
export const promote = (version, reason) =>
  json("POST", `/models/${encodeURIComponent(version)}/promote`, {
    body: JSON.stringify({ reason }),
    type: "application/json",
  });
/** @param {string} version @param {string} file where a file of a version's report can be seen without a key */
export const reportUrl = (version, file) => base + reportPath(version, file);
/** @param {string} version @param {string} file @returns {Promise<Blob>} a file of a version's report */
export const reportFile = async (version, file) => whole((await checked("GET", reportPath(version, file))).blob());
/** @param {string} version @param {string} file */
const reportPath = (version, file) => `/models/${encodeURIComponent(version)}/report/${encodeURIComponent(file)}`;

/** Whether the page was given a key. */
export const hasKey = () => sessionStorage.getItem(KEY) !== null;

/**
 * @typedef {{body?: BodyInit, type?: string, timeout?: number, signal?: AbortSignal,
 *   headers?: Record<string, string>}} Sending `signal`: ends it, in place of the time limit
 * @param {string} method @param {string} path @param {Sending} [sending] @returns {Promise<any>}
 */
async function json(method, path, sending) {
  const response = await checked(method, path, sending);
  return whole(response.json());
}

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

/** @param {string} method @param {string} path @param {Sending} [sending] @returns {Promise<Response>} */
function checked(method, path, sending) {
  return withKey(async () => {
    const response = await send(method, path, sending);
    if (!response.ok) throw await failureOf(response);
    return response;
  }, method === "GET");
}

/** @type {Promise<string | null> | null} the question for the key that is being asked: one, however many calls wait */
let asking = null;
let declined = false; // no key was given: what a view merely shows asks again when another is looked at
window.addEventListener("hashchange", () => (declined = false));

/**
 * Make a call; where it fails for want of a key, ask for one and make it again.
 *
 * @template Answer @param {() => Promise<Answer>} call @param {boolean} [isRead] @returns {Promise<Answer>}
 */
async function withKey(call, isRead = false) {
  for (;;) {
    const key = sessionStorage.getItem(KEY);
    try {
      return await call();
    } catch (error) {
      const isScope = error instanceof Failure && error.code === "insufficient_scope";
      if (!(error instanceof Failure) || (error.status !== 401 && !isScope)) throw error;
      if (sessionStorage.getItem(KEY) !== key) continue; // another call has asked meanwhile
      if ((isRead && declined) || !(await giveKey(key === null ? "none" : isScope ? "scope" : "wrong"))) {
        const what = isRead ? "This is not shown" : "Nothing was changed";
        throw new Failure(`${what}, since that needs the API key.`, error.code, error.status);
      }
    }
  }
}

/** @param {"none" | "wrong" | "scope"} why @returns {Promise<boolean>} whether a key was given */
async function giveKey(why) {
  asking ??= hooks.askKey(why).finally(() => (asking = null));
  const key = await asking;
  declined = key === null;
  if (key !== null) sessionStorage.setItem(KEY, key);
  return key !== null;
}

/** @param {string} method @param {string} path @param {Sending} [sending] @returns {Promise<Response>} */
async function send(method, path, { body, type, timeout = TIMEOUT_MS, signal, headers = {} } = {}) {
  /** @type {Record<string, string>} */
  const sent = { ...headers };
  if (type) sent["Content-Type"] = type;
  const key = sessionStorage.getItem(KEY);
  if (key !== null) sent["X-API-Key"] = key;
  try {
    const until = signal ?? AbortSignal.timeout(timeout);
    const response = await fetch(base + path, { method, headers: sent, body, signal: until });
    hooks.reached(true);
    return response;
  } catch {
    if (!signal?.aborted) hooks.reached(false);
    throw lost();
  }
}

/**
 * A body, or the news that the server was lost before it was all there.
 *
 * @template Body @param {Promise<Body>} body @returns {Promise<Body>}
 */
async function whole(body) {
  try {
    return await body;
  } catch {
    hooks.reached(false);
    throw lost();
  }
}

/**
 * What fetch can't: tell how much of a large form has been sent.
 *
 * @param {string} path @param {FormData} form @param {(share: number) => void} progress @returns {Promise<any>}
 */
function sendWithProgress(path, form, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", base + path);
    const key = sessionStorage.getItem(KEY);
    if (key !== null) request.setRequestHeader("X-API-Key", key);
    request.upload.addEventListener("progress", (event) => progress(event.total ? event.loaded / event.total : 0));
    request.addEventListener("load", () => {
      hooks.reached(true);
      const response = new Response(request.responseText, { status: request.status });
      if (response.ok) response.json().then(resolve, reject);
      else failureOf(response).then(reject);
    });
    request.addEventListener("error", () => {
      hooks.reached(false);
      reject(lost());
    });
    request.send(form);
  });
}

/** @param {Response} response @returns {Promise<Failure>} */
async function failureOf(response) {
  try {
    const { error, code } = await response.json();
    return new Failure(sentence(String(error)), String(code), response.status);
  } catch {
    return new Failure(`The server answered with status ${response.status} and no reason.`, "unknown", response.status);
  }
}

function lost() {
  return new Failure("The server can't be reached. The page tries again by itself.", "lost", 0);
}

/** @param {string} text the server's sentences begin small and end open, as they are parts of a log line too */
function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
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
