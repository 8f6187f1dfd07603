// @ts-check
/**
 * Requests, and what goes wrong with them. A request gives a whole answer or throws a Failure, whose message is a
 * sentence for a person. Where the server asks for its key, the key is asked for and the request made again.
 */

const KEY = "relearn-key";
const SILENCE_MS = 30_000;

/** The server: the one that the page came from, unless the page names another. */
export const base = (
  document.querySelector('meta[name="relearn-api"]')?.getAttribute("content") ?? ""
).replace(/\/+$/, "");

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
  /** @type {(wrong: boolean) => Promise<string | null>} the key that was typed, null for none */
  askKey: async () => null,
  /** @type {(reached: boolean) => void} */
  reached: () => {},
};

/**
 * @typedef {{body?: FormData | string, type?: string, silence?: number, signal?: AbortSignal,
 *   progress?: (share: number) => void}} Sending `silence`: milliseconds in which nothing moved, after which it is given
 *   up; `progress` is told how much has been sent, from 0 to 1
 */

/** @param {string} method @param {string} path @param {Sending} [sending] @returns {Promise<Response>} which is good */
export function checked(method, path, sending) {
  return withKey(async (key) => {
    const response = await send(method, path, sending, method === "GET" ? null : key);
    if (!response.ok) throw await failureOf(response);
    return response;
  });
}

/** @param {string} method @param {string} path @param {Sending} [sending] @returns {Promise<any>} */
export const json = async (method, path, sending) => (await checked(method, path, sending)).json();

/**
 * Make a request; where it fails for want of the key, ask for the key and make it again. Only a key that the server took
 * is kept.
 *
 * @template Answer @param {(key: string | null) => Promise<Answer>} request @returns {Promise<Answer>}
 */
async function withKey(request) {
  let key = sessionStorage.getItem(KEY);
  const keep = () => key !== null && sessionStorage.setItem(KEY, key);
  for (;;) {
    try {
      const answer = await request(key);
      keep();
      return answer;
    } catch (error) {
      if (error instanceof Failure && error.status && error.status !== 401) keep(); // refused for something else
      if (!(error instanceof Failure) || error.status !== 401) throw error;
      sessionStorage.removeItem(KEY);
      key = await hooks.askKey(key !== null);
      if (key === null) throw new Failure("Nothing was changed, since that needs the API key.", error.code, 401);
    }
  }
}

/**
 * By XMLHttpRequest, since fetch does not tell how much was sent, and so cannot tell slow from silent.
 *
 * @param {string} method @param {string} path @param {Sending} [sending] @param {string | null} [key]
 * @returns {Promise<Response>}
 */
export function send(method, path, { body, type, silence = SILENCE_MS, signal, progress } = {}, key = null) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let quiet = 0;
    const moved = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => give(slow()), silence);
    };
    const cancel = () => give(new Failure("Stopped.", "cancelled", 0));
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
    if (type) request.setRequestHeader("Content-Type", type);
    if (key !== null) request.setRequestHeader("X-API-Key", key);
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      moved();
      if (total) progress?.(loaded / total);
    });
    request.addEventListener("progress", moved);
    request.addEventListener("error", () => give(lost()));
    request.addEventListener("load", () => {
      const timing = request.getResponseHeader("Server-Timing") ?? "";
      give(new Response(request.responseText, { status: request.status, headers: { "Server-Timing": timing } }));
    });
    moved();
    request.send(body);
  });
}

/** @param {string} path @returns {Promise<Blob>} a file, as it is */
export async function blob(path) {
  const response = await fetch(base + path).catch(() => {
    hooks.reached(false);
    throw lost();
  });
  if (!response.ok) throw await failureOf(response);
  return response.blob();
}

/** @param {Response} response @returns {Promise<Failure>} */
export async function failureOf(response) {
  try {
    const { error, code } = await response.json();
    return new Failure(sentence(String(error)), String(code), response.status);
  } catch {
    return new Failure(`The server answered with status ${response.status} and no reason.`, "unknown", response.status);
  }
}

const lost = () => new Failure("The server can't be reached. The page tries again by itself.", "lost", 0);
const slow = () => new Failure("The line is too slow: nothing moved for a while. Try again.", "slow", 0);

/** @param {string} text the server's sentences begin small and end open, as they are parts of a log line too */
export function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
