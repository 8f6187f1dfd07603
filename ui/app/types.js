// @ts-check
/**
 * What the server answers, as far as the page reads it; every other module names these types. Nothing is loaded from
 * here. A field with a question mark may be missing, and the page then shows nothing in its place.
 *
 * @typedef {{status: string, uptime_seconds: number, model_loaded: boolean, model_version: string | null,
 *   labels: string[], problems: string[], retraining?: Far | null, drift?: {alarm: {id: string} | null}}} Health
 * @typedef {{job: string, state: string, epoch?: number, epochs?: number, step?: number, steps?: number,
 *   seconds_left?: number}} Far how far the retraining that is open has come
 *
 * @typedef {{prediction: number, label: string, confidence: number, probabilities: number[], model_version: string,
 *   score?: number, score_threshold?: number, input?: string}} Prediction
 * @typedef {{decode: number, queue: number, infer: number, total: number}} Timing milliseconds; total as seen from here
 *
 * @typedef {{message: string, count: number, batch: string | null, duplicates: string[],
 *   suspects?: {file: string, sha256?: string, predicted?: string, probability?: number}[], settled?: number,
 *   reviewed?: string[], batches?: string[],
 *   refused: {file: string, error: string, code: string}[]}} Uploaded
 *
 * @typedef {Record<string, number>} Counts images by label
 * @typedef {{sha256: string, label: string, batch: string, probability?: number, predicted?: string,
 *   in_force: string | null, doubted_by: "upload" | "training"}} Suspect a doubted label; `in_force` is the one that the
 *   picture has meanwhile; a training doubts that one, and would have `label`
 * @typedef {{sha256: string, split: string, label: string | null, batch: string | null,
 *   suspect: Suspect | null}} Image
 * @typedef {{sample: string, why: string, label: string, confidence: number, place: number}} Sample a kept prediction that
 *   waits for a look; `place` in the order of what teaches most
 * @typedef {{answers: number, reviewed: number, accuracy: number | null, low: number | null, high: number | null,
 *   estimated_accuracy: number | null, unfamiliar_share: number | null, estimate_is_valid: boolean | null}} Accuracy of the
 *   answers that were drawn, as far as they were reviewed; estimated by how sure all of them were
 * @typedef {{samples: Sample[], count: number, kept: number, collecting: boolean, accuracy: Accuracy}} Samples the first of
 *   those that wait, the count of all that do and of all that are kept, and how often the service was right
 * @typedef {{batches: string[], results: {status?: string, error?: string, code?: string}[]}} Heard
 * @typedef {{batch: string, created_at: string, source: string, count: number}} Batch `count`: images that were new
 * @typedef {{labels: string[], base?: Record<string, Counts> | null, uploads: {train: Counts, test: Counts},
 *   count: number, decision: number, suspects_count: number, suspects: Suspect[], batches_count: number,
 *   batches: Batch[], quota?: {images: number, bytes: number, images_limit: number, bytes_limit: number}}} Dataset
 *   both lists have the newest, newest first, and the counts are of all
 *
 * @typedef {{name: string, uploads: number, lacking: number}} Class `lacking`: before a version can be trained
 * @typedef {{batch: string, action: "add" | "rename" | "merge" | "remove", name: string,
 *   becomes: string | null}} ClassChanged
 * @typedef {{classes: Class[], changes: ClassChanged[], version: string | null}} Classes the changes that stand, oldest
 *   first
 * @typedef {{begin: string[]} | {add: string} | {rename: string, to: string} | {merge: string, into: string} |
 *   {remove: string}} ClassChange
 *
 * @typedef {{name: string, value: number, limit: number, images: number, passed: boolean,
 *   detectable?: number | null, since?: string | null}} Check `detectable`: the smallest loss that so many images show;
 *   `since`: the anchor that it was held to
 * @typedef {{passed: boolean, against?: string | null, checks?: Check[],
 *   gain_on_uploads?: number | null}} Gate
 * @typedef {{state: string, version?: string | null, reason?: string | null, accuracy?: number | null,
 *   epochs?: number | null, gate?: Gate | null, tried?: string | null}} JobResult
 * @typedef {{stage?: string, time?: number, epoch?: number, epochs?: number, step?: number, steps?: number,
 *   loss?: number, accuracy?: number, validation_loss?: number, validation_accuracy?: number, seconds_left?: number,
 *   epoch_done?: boolean}} JobEvent
 * @typedef {{job: string, state: string, created_at: string, by: string, options: Record<string, unknown>,
 *   decision?: number | null, progress: JobEvent, result: JobResult | null}} Job `decision` names the dataset's state
 *   that it learns from
 * @typedef {{jobs: Job[], more: boolean, waiting: string | null}} Jobs newest first; whether there are older ones, and what
 *   of the policy waits for a word
 * @typedef {{mode: "off" | "ask" | "auto", labels: number | null, on_alarm: boolean, time_of_day: string | null,
 *   weekday: string | null, quiet_minutes: number, cooldown_minutes: number, runs_a_day: number,
 *   refusals: number, shadow_minutes: number, canary_minutes: number,
 *   watch_minutes: number}} Policy when retrains begin by themselves
 * @typedef {{decision: string, outcome: string, time: string, last_time: string, times: number, by: string | null,
 *   reasons: {code: string, text: string, figures: Record<string, string | number>}[],
 *   job: string | null}} PolicyDecision
 * @typedef {{policy: Policy, stopped: boolean, proposal: PolicyDecision | null, tag: string}} PolicySet
 * @typedef {{epochs?: number, from_scratch?: boolean, seed?: number, learning_rate?: number, batch_size?: number,
 *   force?: boolean}} RetrainOptions
 *
 * @typedef {{loss?: number, accuracy?: number, validation_loss?: number, validation_accuracy?: number}} Epoch
 * @typedef {{images?: number, right?: number, accuracy: number, precision?: number, recall?: number, f1?: number, log_loss?: number,
 *   classes?: Record<string, {precision: number, recall: number, f1: number, images: number}>,
 *   confusion?: number[][]}} Metrics
 * @typedef {{recipe?: Record<string, unknown>, epochs?: number, history?: Epoch[],
 *   images?: Record<string, number> | number, upload_batches?: unknown[], uploads_left_out?: number, seconds?: number,
 *   warm_start?: string | null}} Training
 * @typedef {{version: string, current: boolean, created_at?: string, bytes?: number, problem?: string,
 *   metrics?: Record<string, Metrics> | null, gate?: Gate | null, training?: Training | null,
 *   timing?: Record<string, number> | null}} Model `timing` is in microseconds an image, by size of batch; a list has
 *   none of what is long: the metrics' classes and confusion, the training's history and upload_batches
 * @typedef {{job?: string, metrics?: Record<string, Metrics> | null, gate?: Gate | null}} RefusedCandidate
 * @typedef {{time: string, from: string | null, to: string, kind: string, by: string, reason: string,
 *   canary?: string}} Promotion
 *   `by` is a key's name or "api"; the reason is a person's own words, "job 12", or empty
 * @typedef {{requests?: number, pictures?: number, p99_ms: number | null}} Arm
 * @typedef {{version: string, against: string, state: string, percent: number, minutes: number, started_at: string,
 *   why: string | null, pictures?: number, canary_minutes?: number,
 *   progress: {minutes: number, current: Arm, canary?: Arm, before?: Arm, shadow?: Arm, changed?: Record<string, number>,
 *   dropped?: number, agreement?: number | null}}} Rollout a canary, a watch, which has `before`, or a shadow
 * @typedef {{name: string, current: string | null, shadow?: Rollout | null, canary?: Rollout | null, watch?: Rollout | null,
 *   models: Model[], candidates?: RefusedCandidate[], promotions: Promotion[], more: boolean}} Models newest first, but promotions oldest first; whether there are older
 *   versions
 * @typedef {Model & {manifest?: {files?: Record<string, unknown>},
 *   report?: {dataset?: Record<string, Counts>, mistakes?: Mistake[]}}} ModelDetails `files` names the report's, as
 *   "report/…"
 * @typedef {{label: string, predicted: string, confidence: number, picture: string}} Mistake `picture` is a data URL
 *
 * @typedef {{name: string, default: boolean, model_version: string | null, versions: number, images: number,
 *   job: string | null}} Named a model of the service; `job`: a retraining of it that is not over
 *
 * @typedef {{seconds: number, requests_per_second: number, predictions: number, client_errors: number,
 *   server_errors: number, batch_mean: number | null, p50_ms: number | null, p95_ms: number | null,
 *   p99_ms: number | null}} LastMinute
 * @typedef {{labels: Record<string, number>, confidence_at_most: Record<string, number>, unfamiliar: number}} Answers
 *   all since the server's start; `confidence_at_most` counts up, from step to step
 * @typedef {{workers: number, workers_counted: number, answers: Answers, confidence: (number | null)[],
 *   unfamiliar: (number | null)[], uptime_seconds: number, model_version: string | null, queue: number,
 *   resident_bytes_now: number, bucket_seconds: number, reloads: {success: number, failure: number},
 *   last_minute: LastMinute, requests_per_second: number[], client_errors: number[], server_errors: number[],
 *   batch_mean: (number | null)[], batch_max: number[], queue_max: number[], resident_bytes: number[],
 *   p50_ms: (number | null)[], p95_ms: (number | null)[], p99_ms: (number | null)[]}} Stats
 * @typedef {{answers: number, confidence: number, judged: number, unfamiliar: number | null}} Answered `confidence` is
 *   their mean, `unfamiliar` a share of the judged
 * @typedef {Answered & {day: string, labels: (Answered & {label: string | null})[]}} Day in UTC, as 2026-05-01; of labels
 *   beyond those that the server keeps apart null
 */

export {};
