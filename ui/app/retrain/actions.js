// @ts-check
/**
 * Starting a retraining and following it. All that is known of one is on the server, so following starts anew after a
 * reload of the page, or of the server, and shows the same.
 *
 * @import * as T from "../types.js"
 */

import * as api from "../api.js";
import { pulse } from "../connection.js";
import { loadModels } from "../models/actions.js";
import { asked, attempt, messageOf, say, tell } from "../notice.js";
import { state, update } from "../state.js";
import { phrase, phraseOr } from "../texts.js";
import { Failure } from "../transport.js";
import { isOpen } from "./words.js";

const AGAIN_MS = 2_000;
const STEP = 50; // retrainings that are shown more

let unfollow = () => {};

/** Load the jobs, and follow the open one, or else the one that was followed, or else the newest. */
export async function loadJobs() {
  try {
    const jobs = await listJobs();
    const shown = state.retrain.followed?.job.job;
    const job = jobs.find((each) => isOpen(each.state)) ?? jobs.find((each) => each.job === shown) ?? jobs[0];
    if (job) followJob(job);
  } catch (error) {
    update("retrain", { error: messageOf(error) });
  }
}

export async function showMore() {
  update("retrain", { wanted: state.retrain.wanted + STEP });
  await attempt(listJobs);
}

/** Look whether somebody else has started one, and then follow that. */
export async function lookForNew() {
  const known = state.retrain.jobs;
  if (!known || known.some((each) => isOpen(each.state))) return;
  try {
    const { jobs, waiting } = await api.jobs(1);
    update("retrain", { waiting });
    if (jobs.length && jobs[0].job !== known[0]?.job) await loadJobs();
  } catch (error) {
    messageOf(error); // a server that can't be reached is told of elsewhere
  }
}

/**
 * @param {T.RetrainOptions} options
 * @returns {Promise<{text: string, overrulable: boolean} | null>} why it was not started, if it was not
 */
export async function start(options) {
  try {
    const { job } = await api.retrain(options);
    if (job === null) return { text: phrase("nothing-new"), overrulable: true };
    say(phrase("retrain.begun", { job }));
    await loadJobs();
    return null;
  } catch (error) {
    const text = messageOf(error);
    if (error instanceof Failure && (error.status === 409 || error.code === "uncertain")) await loadJobs();
    return { text, overrulable: false };
  }
}

/** @returns {Promise<T.Job[]>} as many as are wanted, newest first */
async function listJobs() {
  const { jobs, more, waiting } = await api.jobs(state.retrain.wanted);
  update("retrain", { jobs, more, waiting, error: null });
  return jobs;
}

/** Ask, where something was learnt that would be lost, then have it stop. @param {T.Job} job */
export async function cancelJob({ job, state: now }) {
  const question = () => ({ title: phrase("stop.title", { job }), text: phrase("stop.text"), action: phrase("stop") });
  if (now !== "queued" && (await asked(({ confirm }) => confirm(question()))) === null) return;
  if (await attempt(() => api.cancel(job))) tell(phrase("retrain.stopping"));
}

/** @param {T.Job} job */
export function followJob(job) {
  unfollow();
  const before = state.retrain.followed;
  const same = before?.job.job === job.job;
  /** @type {T.JobEvent[]} */
  const events = same ? [...before.events] : [];
  update("retrain", { followed: { job, events, log: same ? before.log : null } });
  unfollow = api.follow(job.job, {
    progress(event, id) {
      if (id <= events.length) return; // told again, by a new connection
      events.push(event);
      change(job.job, { state: isOpen(job.state) ? (event.stage ?? job.state) : job.state, progress: event });
    },
    result(result) {
      change(job.job, { state: result.state, result });
      if (!isOpen(job.state)) return;
      say(phrase("retrain.over", { state: phraseOr(`job.${result.state}`, result.state) }));
      void attempt(listJobs);
      void loadModels();
      void pulse();
    },
    interrupted(forGood) {
      void pulse(); // is it the stream alone, or the server?
      if (forGood) setTimeout(again, AGAIN_MS);
    },
  });

  /** Follow it anew; later, where the server is there but can't tell now. */
  async function again() {
    if (state.retrain.followed?.job.job !== job.job || state.connection.lost) return;
    await loadJobs();
    if (state.retrain.error !== null) setTimeout(again, AGAIN_MS);
  }

  /** @param {string} name @param {Partial<T.Job>} changed */
  function change(name, changed) {
    const { followed, jobs } = state.retrain;
    if (followed?.job.job !== name) return;
    const now = { ...followed.job, ...changed };
    update("retrain", { followed: { ...followed, job: now, events: [...events] } });
    const listed = jobs?.find((each) => each.job === name);
    if (!jobs || !listed || listed.state === now.state) return;
    update("retrain", { jobs: jobs.map((each) => (each === listed ? now : each)) });
  }
}

/** Load the log of the job that is followed. */
export async function loadLog() {
  const name = state.retrain.followed?.job.job;
  if (name === undefined) return;
  await attempt(async () => {
    const log = await api.jobLog(name);
    const { followed } = state.retrain;
    if (followed?.job.job === name && followed.log !== log) update("retrain", { followed: { ...followed, log } });
  });
}
