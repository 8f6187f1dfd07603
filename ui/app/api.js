// @ts-check
/**
 * The only module that talks to the server. Every call either gives what the server answered or throws a Failure whose
 * message is a sentence for a person. Where the server asks for its key, the key is asked for and the call made again.
 *
 * @import * as T from "./types.js"
 */

const KEY = "relearn-key";
const TIMEOUT_MS = 30_000;
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
  /** @type {(wrong: boolean) => Promise<string | null>} the key that was typed, null for none */
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
/** @param {string} sha256 where a picture can be seen */
export const imageUrl = (sha256) => `${base}/dataset/images/${encodeURIComponent(sha256)}`;

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
 * Follow a job from its first event to its result; a connection that breaks is made again by the browser.
 *
 * @param {string} job
 * @param {{progress: (event: T.JobEvent, id: number) => void, result: (result: T.JobResult) => void,
 *   interrupted: (forGood: boolean) => void}} on `forGood`: the browser does not try again
 * @returns {() => void} stops following
 */
export function follow(job, on) {
  const stream = new EventSource(`${base}/retrain/jobs/${encodeURIComponent(job)}/events`);
  stream.addEventListener("progress", (event) => on.progress(JSON.parse(event.data), Number(event.lastEventId)));
  stream.addEventListener("result", (event) => {
    stream.close();
    on.result(JSON.parse(event.data));
  });
  stream.addEventListener("error", () => on.interrupted(stream.readyState === EventSource.CLOSED));
  return () => stream.close();
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
/** @param {string} version @param {string} file where a file of a version's report can be seen */
export const reportUrl = (version, file) =>
  `${base}/models/${encodeURIComponent(version)}/report/${encodeURIComponent(file)}`;

/**
 * @typedef {{body?: BodyInit, type?: string, timeout?: number}} Sending
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
  });
}

/**
 * Make a call; where it fails for want of the key, ask for the key and make it again.
 *
 * @template Answer @param {() => Promise<Answer>} call @returns {Promise<Answer>}
 */
async function withKey(call) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Failure) || error.status !== 401) throw error;
      const key = await hooks.askKey(sessionStorage.getItem(KEY) !== null);
      if (key === null) throw new Failure("Nothing was changed, since that needs the API key.", error.code, 401);
      sessionStorage.setItem(KEY, key);
    }
  }
}

/** @param {string} method @param {string} path @param {Sending} [sending] @returns {Promise<Response>} */
async function send(method, path, { body, type, timeout = TIMEOUT_MS } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (type) headers["Content-Type"] = type;
  const key = sessionStorage.getItem(KEY);
  if (key !== null && method !== "GET") headers["X-API-Key"] = key;
  try {
    const signal = AbortSignal.timeout(timeout);
    const response = await fetch(base + path, { method, headers, body, signal });
    hooks.reached(true);
    return response;
  } catch {
    hooks.reached(false);
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
