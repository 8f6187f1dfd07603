"""What Prometheus is told. Requests are collected as records and counted once a tick, out of the hot path.

With several workers prometheus_client keeps its numbers in files under PROMETHEUS_MULTIPROC_DIR, which is set before
this module is imported (process/supervised.py); /metrics then answers for all workers. In that mode the library has no
process collector, so that memory and descriptors are gauges of our own.
"""

import os
import time
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from server.machine import descriptors
from server.machine.memory import resident_bytes
from server.observe.answers import CONFIDENCES, Said
from server.observe.crew import Crew
from server.observe.deaths import Deaths
from server.observe.histogram import observe_many
from server.observe.named import Named
from server.observe.rollouts import Rollouts
from server.observe.stages import Stages
from server.store.jobs import FINAL_STATES
from server.store.occasion import Outcome
from server.web.access import Record

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody here asks for


class Metrics:
    """The metrics of one worker."""

    def __init__(self, crew: Crew) -> None:
        self._started = time.monotonic()
        self._registry = registry = CollectorRegistry()
        self.rollouts = Rollouts(registry, self.shared_folder, crew.place)
        self.named = Named(self.shared_folder, crew.place)
        self._stages = Stages(self.shared_folder, crew.place)
        self._of_all = (Deaths(crew), self._stages, self.rollouts, self.named)  # each tells for all workers
        for each in self._of_all:
            registry.register(each)
        self._requests = Counter(
            "relearn_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self._batches = Histogram(
            "relearn_batch_size",
            "Images in the batch a prediction ran in.",
            buckets=BATCH_SIZES,
            registry=registry,
        )
        self._answers = Counter("relearn_answers", "Answers to predictions.", ["label"], registry=registry)
        self._confidences = Histogram(
            "relearn_confidence", "How sure the model was of an answer.", buckets=CONFIDENCES, registry=registry
        )
        self._unfamiliar = Counter(
            "relearn_unfamiliar", "Answers about pictures unlike those that were learnt from.", registry=registry
        )
        self._reloads = Counter(
            "relearn_model_reloads", "Models taken over, or refused.", ["outcome"], registry=registry
        )
        self._retrains = Counter("relearn_retrains", "Retrains that ended.", ["state"], registry=registry)
        self._policy = Counter("relearn_policy_decisions", "Of the retrain policy.", ["outcome"], registry=registry)
        self._lost_lines = Counter(
            "relearn_log_lines_lost", "Lines of the access log that nobody read in time.", registry=registry
        )
        self._lost_lines_counted = 0
        self._dropped_samples = Counter(
            "relearn_samples_dropped", "Samples for which there was no room, or no time.", registry=registry
        )
        self._queue = _gauge("relearn_queue_images", "Images waiting for the model.", "livesum", registry)
        self._serving = _gauge(
            "relearn_model_info", "Workers that a version serves in.", "livesum", registry, ["name", "version"]
        )
        self._served: tuple[str, str] | None = None
        self._version = _gauge("relearn_model_version", "Version of the model that serves.", "livemin", registry)
        self._uptime = _gauge("relearn_uptime_seconds", "Seconds since the oldest worker started.", "livemax", registry)
        self._memory = _gauge("relearn_resident_memory_bytes", "Resident memory, all workers.", "livesum", registry)
        self._descriptors = _gauge(
            "relearn_open_descriptors", "Open file descriptors, all workers.", "livesum", registry
        )
        self._drift = _gauge(
            "relearn_drift_distance", "How far the answers drifted; 1 is an alarm.", "livemax", registry
        )
        self._alarm = _gauge("relearn_drift_alarm", "Whether an alarm of drift is open.", "livemax", registry)
        for state in FINAL_STATES:
            self._retrains.labels(state)
        for decided in Outcome:
            self._policy.labels(decided)
        for outcome in ("success", "failure"):
            self._reloads.labels(outcome)

    def count_requests(self, records: Sequence[Record], under: str = "") -> None:
        """Count what was asked since the last tick, by routes `under` a prefix."""
        tally = Tally((record.route, record.method, record.status) for record in records)
        for (route, method, status), number in tally.items():
            self._requests.labels(under + route, method, status).inc(number)

    def count_stages(self, records: Sequence[Record]) -> None:
        """Count how long each stage of the same requests took, and how large the batches were."""
        for version in {record.version for record in records}:
            mine = [record for record in records if record.version == version]
            self._stages.count(version if version != "-" else "", mine)
        observe_many(self._batches, BATCH_SIZES, (record.batch_size for record in records if record.batch_size))

    def count_answers(self, said: Said) -> None:
        """Count what the model said since the last tick."""
        for label, answered in said.labels.items():
            self._answers.labels(label).inc(answered.answers)
        for step, number in enumerate(said.confidences):
            if number:
                self._confidences._buckets[step].inc(number)  # as observe_many does
        self._confidences._sum.inc(said.confidence)
        self._unfamiliar.inc(said.unfamiliar)

    def answers(self) -> dict[str, object]:
        """What the model of all workers said since the server's start: answers by label, and by how sure it was."""
        labels: dict[str, float] = {}
        confidences: dict[str, float] = {}
        unfamiliar = 0.0
        for sample in (sample for metric in self._collected() for sample in metric.samples):
            if sample.name == "relearn_answers_total":
                labels[sample.labels["label"]] = sample.value
            elif sample.name == "relearn_confidence_bucket":
                confidences[sample.labels["le"]] = sample.value
            elif sample.name == "relearn_unfamiliar_total":
                unfamiliar = sample.value
        return {"labels": labels, "confidence_at_most": confidences, "unfamiliar": unfamiliar}

    def _collected(self) -> Iterable[Metric]:
        """The counts of all workers."""
        folder = self.shared_folder
        if folder is None:
            return self._registry.collect()
        files = [str(path) for name in ("counter", "histogram") for path in folder.glob(f"{name}_*.db")]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged

    def count_reload(self, success: bool) -> None:
        self._reloads.labels("success" if success else "failure").inc()

    def count_retrain(self, state: str) -> None:
        """Count a job that ended in that state."""
        self._retrains.labels(state).inc()

    def count_policy(self, outcome: str) -> None:
        """Count a decision by the retrain policy, or about it."""
        self._policy.labels(outcome).inc()

    def count_lost_lines(self, so_far: int) -> None:
        """Bring the count up to the number that this worker lost so far."""
        self._lost_lines.inc(so_far - self._lost_lines_counted)
        self._lost_lines_counted = so_far

    def count_dropped_samples(self, number: int) -> None:
        self._dropped_samples.inc(number)

    def gauge_drift(self, share: float, is_alarm: bool) -> None:
        self._drift.set(share)
        self._alarm.set(is_alarm)

    def gauge(self, name: str, version: str | None, waiting: int) -> None:
        """Bring the gauges up to date, before a scrape."""
        served = (name, version) if version is not None else None
        if served != self._served:
            if self._served is not None:
                self._serving.labels(*self._served).set(0)
            if served is not None:
                self._serving.labels(*served).set(1)
            self._served = served
        self._queue.set(waiting)
        self._version.set(float(version) if version is not None else float("nan"))
        self._uptime.set(self.uptime_seconds)
        self._memory.set(resident_bytes())
        self._descriptors.set(descriptors.number_open())

    @property
    def shared_folder(self) -> Path | None:
        """Where the workers of one server keep their numbers together; None for a single worker."""
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        return Path(folder) if folder is not None else None

    @property
    def uptime_seconds(self) -> float:
        return time.monotonic() - self._started

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes, for all workers."""
        if self.shared_folder is None:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        for each in self._of_all:
            together.register(each)
        return generate_latest(together)


def _gauge(name: str, text: str, mode: str, registry: CollectorRegistry, labels: Sequence[str] = ()) -> Gauge:
    return Gauge(name, text, labels, registry=registry, multiprocess_mode=mode)  # type: ignore[arg-type]
