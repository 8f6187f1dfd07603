// @ts-check
/**
 * All that was uploaded, to be looked through: by class, by what became of it, by what speaks against its label. Many
 * pictures are relabelled, accepted or put aside by one decision, which is undone as an upload is. Loaded once unfolded.
 *
 * @import { Filter, Found, Revision } from "./api.js"
 */

import { button, element, replace } from "../element.js";
import { classesNow } from "../labels.js";
import { attempt, messageOf, tell } from "../notice.js";
import { state, watch } from "../state.js";
import { loadDataset, undoBatch } from "../teach/dataset.js";
import { phrase } from "../texts.js";
import { images, ORDERS, PARTS, revise } from "./api.js";
import { tiles } from "./tiles.js";

const STEP = 100; // pictures that are shown more
const LOOKS = 8; // pages in which there may be none of those that are meant, before a person is asked to go on

export function browse() {
  const anew = () => load([], null, STEP);
  const label = labelChoice(phrase("filter.label"), phrase("filter.any"), anew);
  const part = choice(phrase("filter"), anew, keysOf(PARTS).map((key) => [key, phrase(`browse-part.${key}`)]));
  const order = choice(phrase("browse.order"), anew, keysOf(ORDERS).map((key) => [key, phrase(`browse-order.${key}`)]));
  const line = element("p", { class: "hint", role: "status" });
  const more = button(phrase("show-more"), () => load(found, next, found.length + STEP), { hidden: true });
  const acts = actions(() => grid);
  const grid = tiles((marked) => {
    count(marked.length);
    acts.show(marked);
  });
  /** @type {Found[]} */
  let found = [];
  /** @type {number | null} */
  let next = null;
  let asking = new AbortController();

  /** @param {number} marked */
  const count = (marked) => {
    const none = next === null ? phrase("browse.none") : phrase("browse.none.yet");
    line.textContent = marked ? phrase("marked", { n: marked }) : found.length ? phrase("pictures", { n: found.length }) : none;
  };

  /** @param {Found[]} had what stays @param {number | null} from where those after it begin @param {number} wanted with these */
  async function load(had, from, wanted) {
    asking.abort();
    const { signal } = (asking = new AbortController());
    const filter = /** @type {Filter} */ ({ label: label.value, part: part.value, order: order.value });
    const all = new Map(had.map((each) => [each.id, each])); // one may come twice, when what is before it has changed
    line.textContent = phrase("looking");
    try {
      for (let looks = 0; looks < LOOKS && all.size < wanted && (looks === 0 || from !== null); looks++) {
        const page = await images(filter, from, wanted - all.size, signal);
        for (const each of page.images) all.set(each.id, each);
        from = page.next;
      }
    } catch (error) {
      if (!signal.aborted) line.textContent = messageOf(error);
      return;
    }
    [found, next] = [[...all.values()], from];
    more.hidden = next === null;
    const inside = grid.list.contains(document.activeElement);
    grid.show(found);
    if (inside && !found.length) part.focus();
  }

  watch(
    () => [state.dataset.value],
    () => void load([], null, Math.max(STEP, found.length)),
  );
  return element(
    "div",
    { class: "browse" },
    element("p", { class: "hint by-key" }, phrase("browse.hint")),
    element("div", { class: "actions filters", role: "group", "aria-label": phrase("filter") }, label, part, order),
    acts.bar,
    line,
    element("div", { class: "found scroll" }, grid.list, more),
  );
}

/** What can be done with those that are marked. @param {() => ReturnType<typeof tiles>} grid */
function actions(grid) {
  /** @type {Found[]} */
  let marked = [];
  const doubted = () => marked.filter(({ suspect }) => suspect);
  const every = button("", () => (marked.length ? grid().unmark() : grid().markAll()));
  const label = labelChoice(phrase("browse.label"), phrase("browse.label.none"), () => show(marked));
  const give = button(phrase("browse.give"), () => decide("relabel", marked, { label: label.value }));
  const accept = button("", () => decide("accept", doubted()));
  const remove = button(phrase("remove"), () => decide("remove", marked), { class: "danger" });
  const bar = element("div", { class: "actions filters" }, every, label, give, accept, remove);

  /** @param {Found[]} now */
  function show(now) {
    marked = now;
    every.textContent = phrase(marked.length ? "browse.unmark" : "browse.mark");
    give.disabled = !marked.length || !label.value;
    accept.textContent = phrase("accept.all", { n: doubted().length });
    accept.hidden = !doubted().length;
    remove.disabled = !marked.length;
  }

  /** @param {Revision["action"]} action @param {Found[]} of @param {{label?: string}} [said] */
  async function decide(action, of, said = {}) {
    let done = { batch: "", count: 0 };
    const images = of.map(({ id }) => id);
    if (!(await attempt(async () => (done = await revise({ action, images, ...said }))))) return;
    const text = phrase(`browse.${action}`, { n: done.count, label: said.label ?? "" });
    tell(text, "good", [phrase("undo"), () => undoBatch(done.batch)]);
    grid().focus();
    grid().unmark();
    await loadDataset();
  }

  show([]);
  return { bar, show };
}

/** @param {string} title @param {() => unknown} change @param {[string, string][]} [options] values and their texts */
const choice = (title, change, options = []) =>
  element("select", { "aria-label": title, change }, options.map(([value, text]) => element("option", { value }, text)));

/** Of the classes, as they are now, or none of them. @param {string} title @param {string} none @param {() => unknown} change */
function labelChoice(title, none, change) {
  const made = choice(title, change);
  watch(
    () => [classesNow().join("\n")],
    () => {
      const [labels, { value }] = [classesNow(), made];
      replace(made, ["", ...labels].map((each) => element("option", { value: each }, each || none)));
      made.value = labels.includes(value) ? value : "";
    },
  );
  return made;
}

/** @template {object} Table @param {Table} table */
const keysOf = (table) => /** @type {(keyof Table & string)[]} */ (Object.keys(table));
