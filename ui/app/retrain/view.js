// @ts-check
/** One button, then watch it learn, then the verdict. */

import { whenBack } from "../connection.js";
import { button, element, replace } from "../element.js";
import { age, counted, isNumber, percent } from "../format.js";
import { heading } from "../frame.js";
import { loadModels } from "../models/actions.js";
import { state, watch } from "../state.js";
import { sumOf } from "../teach/collection.js";
import { loadDataset } from "../teach/dataset.js";
import { cancelJob, followJob, loadJobs, loadLog, lookForNew, showMore } from "./actions.js";
import { optionsForm } from "./options.js";
import { curves, distance, pointsOf, progressOf } from "./progress.js";
import { verdict } from "./verdict.js";
import { isOpen } from "./words.js";

const LOG_MS = 2_000;

export function retrainView() {
  const view = element(
    "section",
    { class: "view retrain" },
    heading(
      "retrain",
      "Retrain",
      "Let the model learn from all pictures, old and new. It goes on answering, and takes the new model only if that reads kept pictures as well.",
    ),
    element(
      "div",
      { class: "split side" },
      element("section", { class: "card", "aria-label": "Start" }, fresh(), optionsForm()),
      element("section", { class: "card", "aria-label": "The retraining" }, job(), log()),
    ),
    earlier(),
  );
  watch(
    () => [state.route.view],
    (shown) => {
      if (shown !== "retrain") return;
      void loadJobs();
      void loadDataset();
      if (!state.models.value) void loadModels();
    },
  );
  watch(
    () => [state.health.value], // another one with every pulse
    () => {
      if (state.route.view === "retrain") void lookForNew();
    },
  );
  whenBack(() => void loadJobs());
  return view;
}

/** How much there is to learn from that was uploaded here. */
function fresh() {
  const line = element("p", {});
  watch(
    () => [state.dataset.value?.uploads],
    (uploads) => {
      const learnt = uploads && sumOf(uploads.train);
      const held = uploads && sumOf(uploads.test);
      const images = learnt === undefined || held === undefined ? undefined : learnt + held;
      replace(
        line,
        images === undefined && "Counting your pictures …",
        !!images && `${counted(images, "picture")} of yours: ${learnt} to learn from, ${held} held out as a test.`,
        images === 0 && "There are no pictures of yours yet. ",
        images === 0 && element("a", { href: "#teach" }, "Teach it some first"),
        images === 0 && ", or retrain with what it has.",
      );
    },
  );
  return line;
}

function job() {
  const head = element("div", { class: "card-head" });
  const stages = element("div", {});
  const folded = element("details", {}, element("summary", {}, "Its stages"), stages);
  const waiting = element("p", { class: "hint" });
  const far = element("div", {});
  const plots = element("div", {});
  const end = element("div", { "aria-live": "polite" });
  let running = ""; // the job that was seen to run
  watch(
    () => [state.retrain.followed?.job.job, state.retrain.followed?.job.state, state.retrain.jobs, state.retrain.error],
    (name, now, jobs, error) => {
      const open = now !== undefined && isOpen(now);
      replace(
        head,
        element("h2", {}, name === undefined ? "Nothing yet" : `Retraining ${name}`),
        name !== undefined &&
          open &&
          button("Cancel", () => cancelJob(name), { class: "quiet danger", "data-key": "cancel" }),
      );
      waiting.hidden = name !== undefined;
      replace(waiting, error ?? (jobs === null ? "Looking …" : "Its progress will be shown here, live."));
    },
  );
  watch(
    () => [state.retrain.followed?.job, state.retrain.followed?.events],
    () => {
      const { followed } = state.retrain;
      folded.hidden = !followed || !isOpen(followed.job.state);
      if (!followed) return;
      if (!folded.hidden) running = followed.job.job;
      replace(stages, progressOf(followed));
      replace(far, distance(followed.job));
      const points = pointsOf(followed.events);
      const length = Math.max(0, ...points.map((event) => event.epochs ?? 0));
      replace(plots, length ? curves(points, length) : null);
    },
  );
  watch(
    () => [state.retrain.followed?.job.result, state.models.value],
    (result, models) => {
      const { followed } = state.retrain;
      replace(end, followed && result ? verdict(followed.job, result, models, running === followed.job.job) : null);
    },
  );
  return element("div", {}, head, waiting, end, far, plots, folded);
}

function log() {
  const text = element("pre", { tabindex: 0, "aria-label": "Log" });
  const part = element("details", { class: "log" }, element("summary", {}, "Log"), text);
  let timer = 0;
  part.addEventListener("toggle", () => {
    clearInterval(timer);
    if (!part.open) return;
    void loadLog();
    timer = setInterval(() => {
      const running = state.retrain.followed && isOpen(state.retrain.followed.job.state);
      if (running && state.route.view === "retrain" && !state.connection.lost) void loadLog();
    }, LOG_MS);
  });
  watch(
    () => [state.retrain.followed?.job.job, state.retrain.followed?.log, state.retrain.followed?.job.result],
    (name, content, result) => {
      part.hidden = name === undefined;
      if (part.open && (content === null || result)) void loadLog();
      const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight < 20;
      text.textContent = content || "Nothing was written yet.";
      if (atEnd) text.scrollTop = text.scrollHeight;
    },
  );
  return part;
}

function earlier() {
  const list = element("ul", { class: "rows" });
  const more = element("p", { class: "more" }, button("Show more", showMore));
  const part = element(
    "section",
    { class: "card", "aria-label": "All retrainings", hidden: true },
    element("h2", {}, "All retrainings"),
    list,
    more,
  );
  watch(
    () => [state.retrain.jobs, state.retrain.more, state.retrain.followed?.job.job],
    (jobs, older, shown) => {
      part.hidden = !jobs?.length;
      more.hidden = !older;
      replace(
        list,
        (jobs ?? []).map((each) =>
          element(
            "li",
            {},
            element(
              "span",
              {},
              element("strong", {}, `${each.job} `),
              element("span", { class: `tag ${tagOf(each.state)}` }, each.state),
              element(
                "span",
                { class: "hint" },
                isNumber(each.result?.accuracy) && ` ${percent(each.result.accuracy)},`,
                ` ${age(each.created_at)}, by ${each.by}`,
              ),
            ),
            button("Show", () => followJob(each), {
              class: "quiet",
              disabled: each.job === shown,
              "aria-label": `Show retraining ${each.job}`,
              "data-key": `job-${each.job}`,
            }),
          ),
        ),
      );
    },
  );
  return part;
}

/** @param {string} state */
const tagOf = (state) => ({ published: "good", failed: "bad" })[state] ?? "";
