// @ts-check
/** What is lacking before a version can be trained, what is to be done where nothing is, and the way to do it. */

import { button, element, replace } from "../element.js";
import { tell } from "../notice.js";
import { state, watch } from "../state.js";
import { locale, phrase } from "../texts.js";
import { said } from "./classes.js";
import { send } from "./sending.js";

const NAMED = 5; // classes in one sentence
const list = new Intl.ListFormat(locale);

export function whatNext() {
  const place = element("div", { class: "stack", role: "status" });
  watch(
    () => [state.classes.value, [...said()].join(), state.sending.share === null],
    (value, _said, rests) => {
      if (!value) return;
      const waiting = said();
      const lacking = value.classes.flatMap(({ name, lacking }) => {
        const n = lacking - (waiting.get(name) ?? 0);
        return n > 0 ? [{ name, n }] : [];
      });
      const first = value.version === null;
      const [text, action] = lacking.length
        ? [sentence(lacking), null]
        : waiting.size
          ? [phrase("begin.send"), button(phrase("send"), send, { class: "primary", disabled: !rests, "data-key": "send-all" })]
          : first
            ? [phrase("begin.enough"), button(phrase("begin.train"), train, { class: "primary", "data-key": "train" })]
            : [null, null];
      replace(place, text && element("p", {}, text), action && element("p", { class: "actions" }, action));
    },
  );
  return place;
}

/** @param {{name: string, n: number}[]} lacking */
function sentence(lacking) {
  const parts = lacking.slice(0, NAMED).map(({ name, n }) => phrase("begin.more", { n, label: name }));
  const others = lacking.length - NAMED;
  if (others > 0) parts.push(phrase("begin.others", { n: others }));
  return phrase("begin.lacking", { list: list.format(parts) });
}

async function train() {
  const { start } = await import("../retrain/actions.js");
  const refusal = await start({});
  if (refusal) tell(refusal.text, "bad");
  else location.hash = "#retrain";
}
