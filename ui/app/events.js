// @ts-check
/** Server-Sent Events out of a body that is read as it comes (https://html.spec.whatwg.org/multipage/server-sent-events.html). */

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
