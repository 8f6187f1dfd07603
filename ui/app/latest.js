// @ts-check
/**
 * At most one at a time, and always the newest: what comes while one runs waits, and what comes after that takes its
 * place.
 *
 * @template Value
 * @param {(value: Value) => Promise<void>} run which throws nothing
 * @returns {(value: Value) => void}
 */
export function latest(run) {
  let running = false;
  /** @type {{value: Value} | null} */
  let waiting = null;

  /** @param {Value} value */
  return async function offer(value) {
    waiting = { value };
    if (running) return;
    running = true;
    while (waiting !== null) {
      const next = /** @type {{value: Value}} */ (waiting);
      waiting = null;
      await run(next.value);
    }
    running = false;
  };
}
