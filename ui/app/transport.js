// @ts-check
/**
 * Requests, and what goes wrong with them. A request gives a whole answer or throws a Failure, whose message is a
 * sentence for a person. Where the server asks for a key, the key is asked for and the request made again.
 */

import { phrase } from "./texts.js";

const KEY = "relearn-key";
export const SILENCE_MS = 30_000;
const TOLD = ["Content-Type", "Server-Timing", "ETag"]; // headers that somebody asks for

const elsewhere = document.querySelector('meta[name="relearn-api"]')?.getAttribute("content");
/** The server: the folder that the page came from, which a proxy may have put anywhere, unless the page names another. */
export const base = (elsewhere || new URL(".", document.baseURI).pathname).replace(/\/+$/, "");

/**
 * A request that did not work out. `code` is the server's word, or "lost" where no answer came, "slow" where the line
 * stood still, "cancelled" where a person had enough of it.
 */
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

/**
 * @typedef {{body?: FormData | string, type?: string, match?: string, silence?: number, signal?: AbortSignal,
 *   progress?: (share: number) => void}} Sending `match`: the tag of what is to be changed, as it was seen; `silence`:
 *   milliseconds in which nothing moved, after which it is given up; `progress` is told how much has been sent, from 0 to 1
 */

/** @param {string} method @param {string} path @param {Sending} [sending] @returns {Promise<Response>} which is good */
export const checked = (method, path, sending) =>
  withKey((key) => good(method, path, sending, key), method === "GET");

/** @param {string} method @param {string} path @param {Sending} [sending] @returns {Promise<any>} */
export const json = async (method, path, sending) => (await checked(method, path, sending)).json();

/** @param {string} path @returns {Promise<any>} the same, where this page may know it: nobody is asked for a key */
export const ifAllowed = async (path) => (hasKey() ? json("GET", path) : (await unkeyed("GET", path)).json());

/** @param {string} path @returns {Promise<Blob>} a file, as it is */
export const blob = async (path) => (await checked("GET", path)).blob();

/**
 * What anybody may ask, which is sent no key.
 *
 * @param {string} method @param {string} path @param {Sending} [sending] @returns {Promise<Response>} which is good
 */
export const unkeyed = (method, path, sending) => good(method, path, sending, null);

/** @param {string} method @param {string} path @param {Sending | undefined} sending @param {string | null} key */
async function good(method, path, sending, key) {
  const response = await send(method, path, sending, key);
  if (!response.ok) throw await failureOf(response);
  return response;
}

/** The key that is sent: the tab's own, or one that was typed and that the server has not taken yet. */
let held = sessionStorage.getItem(KEY);
/** @type {Promise<string | null> | null} the question for a key that is being asked: one, however many requests wait */
let asking = null;
let declined = false; // no key was given: what a view merely shows asks again when another is looked at
window.addEventListener("hashchange", () => (declined = false));

/** Whether the page was given a key. */
export const hasKey = () => held !== null;

/**
 * Make a request; where it fails for want of a key, ask for one and make it again. Only a key that the server took is
 * kept: a read may have needed none, unless it was refused before.
 *
 * @template Answer @param {(key: string | null) => Promise<Answer>} request @param {boolean} isRead
 * @returns {Promise<Answer>}
 */
export async function withKey(request, isRead) {
  for (let needed = !isRead; ; needed = true) {
    const key = held;
    try {
      const answer = await request(key);
      if (needed) keep(key);
      return answer;
    } catch (error) {
      const isScope = error instanceof Failure && error.code === "insufficient_scope";
      if (!(error instanceof Failure) || (error.status !== 401 && !isScope)) throw error;
      if (held !== key) continue; // another request has asked meanwhile
      if (isScope) keep(key);
      else drop(key);
      if ((isRead && declined) || !(await giveKey(key === null ? "none" : isScope ? "scope" : "wrong"))) {
        throw new Failure(phrase(isRead ? "failure.key.read" : "failure.key.write"), error.code, error.status);
      }
    }
  }
}

/** @param {"none" | "wrong" | "scope"} why @returns {Promise<boolean>} whether a key was given */
async function giveKey(why) {
  asking ??= hooks.askKey(why).finally(() => (asking = null));
  const key = await asking;
  declined = key === null;
  held = key ?? held;
  return key !== null;
}

/** @param {string | null} key which the server took */
function keep(key) {
  if (key !== null && key === held) sessionStorage.setItem(KEY, key);
}

/** @param {string | null} key which the server did not take: what the tab had before is its key again */
function drop(key) {
  if (sessionStorage.getItem(KEY) === key) sessionStorage.removeItem(KEY);
  held = sessionStorage.getItem(KEY);
}

/**
 * By XMLHttpRequest, since fetch does not tell how much was sent, and so cannot tell slow from silent.
 *
 * @param {string} method @param {string} path @param {Sending} [sending] @param {string | null} [key]
 * @returns {Promise<Response>}
 */
export function send(method, path, { body, type, match, silence = SILENCE_MS, signal, progress } = {}, key = null) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let quiet = 0;
    const moved = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => give(slow()), silence);
    };
    const cancel = () => give(stopped());
    /** @param {Failure | Response} end */
    const give = (end) => {
      clearTimeout(quiet);
      signal?.removeEventListener("abort", cancel);
      if (end instanceof Response || end.code === "lost") hooks.reached(end instanceof Response);
      if (end instanceof Response) return resolve(end);
      reject(end);
      request.abort();
    };
    if (signal?.aborted) return cancel();
    signal?.addEventListener("abort", cancel);
    request.open(method, base + path);
    request.responseType = "arraybuffer";
    if (type) request.setRequestHeader("Content-Type", type);
    if (match) request.setRequestHeader("If-Match", match);
    if (key !== null) request.setRequestHeader("X-API-Key", key);
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      moved();
      if (total) progress?.(loaded / total);
    });
    request.addEventListener("progress", moved);
    request.addEventListener("error", () => give(lost()));
    request.addEventListener("load", () => {
      const headers = TOLD.map((name) => /** @type {[string, string]} */ ([name, request.getResponseHeader(name) ?? ""]));
      give(new Response(request.response, { status: request.status, headers }));
    });
    moved();
    request.send(body);
  });
}

/** @param {Response} response @returns {Promise<Failure>} */
export async function failureOf(response) {
  try {
    const { error, code } = await response.json();
    return new Failure(sentence(String(error)), String(code), response.status);
  } catch {
    return new Failure(phrase("failure.status", { status: `${response.status}` }), "unknown", response.status);
  }
}

export const lost = () => new Failure(phrase("failure.lost"), "lost", 0);
export const stopped = () => new Failure(phrase("failure.stopped"), "cancelled", 0);
export const slow = () => new Failure(phrase("failure.slow"), "slow", 0);

/** @param {string} text the server's sentences begin small and end open, as they are parts of a log line too */
export function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
