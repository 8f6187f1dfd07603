"""Watches whether what is answered is still like the reference of the version that answers, and raises an alarm.

Each worker puts a word for each answer on its board, once a tick; that of the first place reads all of them once a
second, in a thread of the lowest priority, and leaves what it found where the others see it. So the promise about false
alarms is for all that the server answers. What this promises, and why: docs/decisions/0044-drift.md.
"""

import asyncio
import json
import logging
import time
from collections.abc import Iterable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from server.machine.background import Background
from server.models.model import Model
from server.models.reference import Words
from server.observe.answers import Answers
from server.observe.board import Board
from server.observe.windows import Found, Windows
from server.serving.prediction import Prediction
from server.serving.takeover import Serving
from server.store.alarms import Alarm, Alarms
from server.store.errors import StoreError

NAME = "drift_{}"
RING = 2**15  # words of a worker that wait for a look; of more the oldest are not looked at
LOOK_SECONDS = 1.0
TOLD = "drift.json"  # what the worker that looks tells the others
VERSION_BITS = 32  # of a word; those below are of the answer

logger = logging.getLogger("relearn")


class Drift:
    """The watch of one server, as one of its workers takes part in it."""

    def __init__(
        self,
        alarms: Alarms,
        serving: Serving,
        requests: int,
        executor: Executor,
        folder: Path | None = None,
        place: int = 0,
    ) -> None:
        """A false alarm in so many requests, at most; 0: nothing is watched. `folder` is where workers have boards."""
        self.told: dict[str, Any] = {"watching": False, "reason": "nothing was looked at yet", "alarm": None}
        self._alarms = alarms
        self._serving = serving
        self._requests = requests
        self._executor = executor
        self._board = Board(RING + 1, 1, folder, place, NAME)
        self._shared = folder / TOLD if folder is not None else None
        self._looks = place == 0
        self._seen: list[int] | None = None  # words of each worker
        self._version: str | None = None
        self._windows: Windows | None = None
        self._since = ""
        self._alarm: Alarm | None = None
        self._watching = Background(self._run)

    def start(self) -> None:
        self._watching.start()

    @property
    def share(self) -> float:
        """The distance as a share of the one that is an alarm."""
        return float(self.told["distance"] / self.told["threshold"]) if self.told["watching"] else 0.0

    async def stop(self) -> None:
        await self._watching.stop()

    def take(self, answers: Iterable[Answers]) -> None:
        """Note what was answered since the last tick."""
        for each in answers:
            first = each.told[0]
            if not self._requests or not isinstance(first, Prediction) or first.model.reference is None:
                continue
            words = _words(first.model, each)
            table, written = self._board.own[:, 0], int(self._board.own[RING, 0])
            places = np.arange(written, written + len(words))[-RING:] % RING
            table[places] = words[-RING:]
            table[RING] = written + len(words)  # last, so that nobody reads what is not there yet

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await loop.run_in_executor(self._executor, self.look)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Look at what all workers answered, or at what the one that does so found."""
        if not self._requests:
            self.told = {"watching": False, "reason": "--drift-false-alarm-requests is 0", "alarm": None}
        elif self._looks:
            self._look(self._serving.model, self._unseen())
            self._tell()
        elif self._shared is not None:
            with suppress(OSError, ValueError):  # nothing was told yet
                self.told = json.loads(self._shared.read_bytes())

    def _unseen(self) -> Words:
        tables = [table[:, 0] for table in self._board.all()]
        written = [int(table[RING]) for table in tables]
        seen = self._seen if self._seen is not None and len(self._seen) == len(written) else written
        self._seen = written
        parts = [
            table[np.arange(max(begun, end - RING), end) % RING]
            for table, begun, end in zip(tables, seen, written, strict=True)
        ]
        return np.concatenate(parts)

    def _look(self, model: Model | None, words: Words) -> None:
        now = time.time()
        with suppress(StoreError):  # of a database that can't be used others tell
            if model is None or model.version != self._version:
                self._begin(model, now)
            elif self._alarm is not None and self._alarms.about(model.version) is None:
                logger.info("the watch for drift begins anew: alarm %d was closed", self._alarm.id)
                self._begin(model, now)
        if self._windows is None or model is None or model.version != self._version:
            return
        mine = words >> VERSION_BITS == int(model.version)
        found = self._windows.take(words[mine] & (1 << VERSION_BITS) - 1, now)
        if found is not None and self._alarm is None:
            with suppress(StoreError):  # it is as far after the next block, if this is more than chance
                self._raise(model.version, found)

    def _begin(self, model: Model | None, now: float) -> None:
        """Begin anew with a version, whose alarm may be open from before; raises StoreError."""
        self._alarm = self._alarms.about(model.version) if model is not None else None
        self._version, self._windows, self._since = None, None, _moment(now)
        if model is not None:
            self._version = model.version
            if model.reference is not None:
                threshold = model.reference.threshold(self._requests)
                self._windows = Windows(model.reference, model.labels, threshold, now)

    def _raise(self, version: str, found: Found) -> None:
        moved = [asdict(each) for each in found.moved]
        self._alarm = self._alarms.raise_(version, _moment(found.since), found.moved[0].of, {"moved": moved})
        logger.warning("drift: version=%s since=%s moved=%s", version, self._alarm.since, moved[0])

    def _tell(self) -> None:
        windows, told = self._windows, dict[str, Any]()
        if windows is None:
            reason = "no model serves" if self._version is None else "the version has no reference"
            told = {"watching": False, "reason": reason}
        else:
            told = {
                "watching": True,
                "reason": None,
                "began_at": self._since,
                "answers": windows.answers,
                "distance": round(windows.distance, 2),
                "threshold": round(windows.threshold, 2),
                "distances": [round(each, 2) for each in windows.points],
                "moved": [asdict(each) for each in windows.moved],
            }
        told["model_version"] = self._version
        told["alarm"] = None if self._alarm is None else alarm_told(self._alarm)
        self.told = told
        if self._shared is not None:
            beside = self._shared.with_suffix(".new")
            with suppress(OSError):  # the folder goes while the server stops; memory may be full
                beside.write_text(json.dumps(told))
                beside.replace(self._shared)


def alarm_told(alarm: Alarm) -> dict[str, Any]:
    """An alarm as it is told; its number is a string, as all that name something are."""
    return (
        {name: value for name, value in vars(alarm).items() if name != "content"}
        | {"id": str(alarm.id)}
        | alarm.content
    )


def _words(model: Model, answers: Answers) -> Words:
    assert model.reference is not None
    measured = {"margin": answers.margins, "ink": answers.inks}
    if answers.scores is not None:
        measured["score"] = answers.scores.astype(float)
    return model.reference.words(answers.best, measured) | int(model.version) << VERSION_BITS


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
