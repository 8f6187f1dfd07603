// @ts-check
/**
 * What the server tells as it happens: Server-Sent Events out of a body that is read as it comes
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 */

import { base, failureOf, hooks, lost, SILENCE_MS, slow, stopped, withKey } from "./transport.js";

/** @typedef {{id: string, event: string, data: string}} ServerEvent */

/** @param {ReadableStream<Uint8Array>} body @returns {AsyncGenerator<ServerEvent>} */
export async function* eventsOf(body) {
  const reader = body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = /** @type {string} */ (blocks.pop());
    yield* blocks.map(eventOf).filter(({ data }) => data); // a comment is no event
  }
}

/** @param {string} block one event, as this server writes it: a line each for id, event and data */
function eventOf(block) {
  const event = { id: "", event: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, name, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (name) event[/** @type {keyof ServerEvent} */ (name)] = value;
  }
  return event;
}

/**
 * What comes as it is made, by fetch, since XMLHttpRequest hands over wholes. The server lets hear from it now and then.
 *
 * @param {string} path @param {Record<string, string>} headers @param {AbortSignal} signal
 * @returns {Promise<ReadableStream<Uint8Array>>}
 */
export const stream = (path, headers, signal) => withKey((key) => opened(path, headers, signal, key), true);

/**
 * @param {string} path @param {Record<string, string>} headers @param {AbortSignal} signal @param {string | null} key
 * @returns {Promise<ReadableStream<Uint8Array>>}
 */
async function opened(path, headers, signal, key) {
  const end = new AbortController();
  let quiet = 0;
  const moved = () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => end.abort(slow()), SILENCE_MS);
  };
  const cancel = () => {
    clearTimeout(quiet);
    end.abort(stopped());
  };
  signal.addEventListener("abort", cancel);
  moved();
  const sent = key === null ? headers : { ...headers, "X-API-Key": key };
  const response = await fetch(base + path, { headers: sent, signal: end.signal }).catch(() => {
    clearTimeout(quiet);
    if (end.signal.aborted) throw end.signal.reason;
    hooks.reached(false);
    throw lost();
  });
  hooks.reached(true);
  if (!response.ok) throw await failureOf(response).finally(cancel);
  const body = /** @type {ReadableStream<Uint8Array>} */ (response.body);
  const watch = new TransformStream({
    transform(piece, out) {
      moved();
      out.enqueue(piece);
    },
    flush: () => clearTimeout(quiet),
  });
  return body.pipeThrough(watch);
}
