"""The parts of one worker, wired once in app.py and handed to the routes."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from server.machine.output import Output
from server.models.trial import Trials
from server.observe.collector import Collector
from server.observe.crew import Crew
from server.observe.daily import Daily
from server.observe.drift import Drift
from server.observe.metrics import Metrics
from server.observe.stats import Stats
from server.observe.usage import Usage
from server.serving.predictor import Predictor
from server.serving.promotion import Promotion
from server.serving.rollout import Rollout
from server.serving.shelf import Shelf
from server.serving.takeover import Serving
from server.settings import Settings
from server.store.losses import Losses
from server.store.memory import Memory
from server.store.watch import Watch
from server.training.attendance import Attendance
from server.training.feed import Feeds
from server.training.launcher import Launcher
from server.training.steward import Steward
from server.web.access import AccessLog
from server.web.budget import Budget
from server.web.shutdown import Shutdown
from server.web.threads import Threads


@dataclass(frozen=True)
class Service:
    """What a route may need."""

    settings: Settings
    memory: Memory
    collector: Collector
    daily: Daily
    drift: Drift
    losses: Losses
    watch: Watch
    trials: Trials
    serving: Serving
    promotion: Promotion
    rollout: Rollout
    predictor: Predictor
    shelf: Shelf  # of versions that do not serve
    threads: Threads  # for large pictures and forms
    budget: Budget  # of what requests hold
    launcher: Launcher
    steward: Steward
    attendance: Attendance
    feeds: Feeds
    crew: Crew
    metrics: Metrics
    stats: Stats
    usage: Usage
    answers: Callable[[], dict[str, object]]  # what was answered since the start: labels, and how sure it was
    log: AccessLog
    lines: Output  # where the access log's go
    shutdown: Shutdown
    executor: Executor  # for what takes over a millisecond
    storing: Executor  # for what nobody waits for

    @property
    def version(self) -> str | None:
        """Of the model that serves, if one does."""
        model = self.serving.model
        return None if model is None else model.version

    @property
    def waiting(self) -> int:
        """Rows in the queues of what serves, and of what is compared with it."""
        return self.predictor.batcher.waiting + self.rollout.waiting
