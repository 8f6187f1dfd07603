"""The parts of one worker, wired once in app.py and handed to the routes."""

from concurrent.futures import Executor
from dataclasses import dataclass

from server.access import AccessLog
from server.artifacts import ArtifactStore
from server.jobs import Jobs
from server.launcher import Launcher
from server.metrics import Metrics
from server.predict import Predictor
from server.serving import Serving
from server.settings import Settings
from server.shutdown import Shutdown
from server.stats import Stats
from server.uploads import Uploads


@dataclass(frozen=True)
class Service:
    """What a route may need."""

    settings: Settings
    store: ArtifactStore
    serving: Serving
    predictor: Predictor
    uploads: Uploads
    jobs: Jobs
    launcher: Launcher
    metrics: Metrics
    stats: Stats
    log: AccessLog
    shutdown: Shutdown
    executor: Executor  # for what takes over a millisecond
