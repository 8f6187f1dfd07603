"""Whether a canary has the share that was asked, and how soon a bad one is gone; no request may fail meanwhile.

A canary of the shipped model beside itself answers 20,000 requests with it, in two workers. Then come versions of it
that were spoilt (bad.py), one after another, at 5 % as well. What shows a version to be bad is its start for one that
is slow or has no numbers, its first answer where a class is dead, and the last label that was told where only feedback
can show it; it is gone when its last answer has come and its row has ended.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import numpy as np

from benchmarks import shipped
from benchmarks.loop.stream import Answer, Stream
from benchmarks.measure import Json, Result, Row, Setting
from benchmarks.service import images, servers
from export.publish import Candidate, publish
from server.models.model import Model
from server.store.memory import open_memory

PYTHON = Path(".venv-train/bin/python")
PERCENT, REQUESTS = 5.0, 20_000
PATIENCE_SECONDS = 600.0  # a bound, not an expectation
FEEDBACK = "5 points worse"
WORDS = 500  # in one call
RATE = 600.0  # requests a second whose samples are stored
SETTLE_SECONDS = 3.0  # in which the other worker has loaded it as well
KEEPING = ["--collect", "--collect-share", "1", "--collect-an-hour", "20000", "--collect-samples", "40000"]


@dataclass
class Tried:
    """What a bad canary came to."""

    state: dict[str, Any]  # as the server tells it
    shown: float  # perf_counter seconds
    last: float  # of its last answer
    failed: int  # requests beside it
    requests: int

    @property
    def gone_seconds(self) -> float:
        return max(_clock(self.state["ended_at"]), self.last) - self.shown


def run(setting: Setting) -> Result:
    is_whole = setting.rounds > 1
    wanted = REQUESTS if is_whole else REQUESTS // 20
    with tempfile.TemporaryDirectory(prefix="relearn-bench-") as made:
        folder = Path(made)
        versions = _versions(folder)
        good = versions.pop("good")
        with _server(folder) as ours:
            share, failed = _share(ours, good, wanted)
            tried = {kind: _tried(ours, version, kind) for kind, version in versions.items() if kind != FEEDBACK}
        if is_whole:
            with _server(folder, KEEPING) as ours:
                tried[FEEDBACK] = _told(ours, versions[FEEDBACK])
    work = f"a canary at {PERCENT:g} %"
    rows = [
        Row(work, f"its share of {wanted:,} requests", share, "%", at_least=4.0, at_most=6.0),
        *(
            Row(f"{work}: {kind}", "gone after what shows it", each.gone_seconds, "s", at_most=10.0)
            for kind, each in tried.items()
        ),
        Row(
            f"{work}, all of these",
            "failed requests",
            failed + sum(each.failed for each in tried.values()),
            "",
            at_most=0,
        ),
    ]
    found: dict[str, Json] = {
        kind: {
            "why": each.state["why"],
            "its_requests": each.state["progress"]["canary"]["requests"],
            "requests": each.requests,
            "gone_seconds": round(each.gone_seconds, 2),
        }
        for kind, each in tried.items()
    }
    return Result("canaries", rows, {"bad": found})


def _versions(folder: Path) -> dict[str, str]:
    """Version 1 is current, and serves; the others by what they are."""
    subprocess.run([str(PYTHON.absolute()), "-m", "benchmarks.loop.bad", str(folder)], check=True)
    store = open_memory(folder / "artifacts", folder / "data", "digits", shipped.FOLDER)
    publish(store, shipped.candidate(), store.pointer.current(), "a benchmark")
    models = {"good": shipped.FOLDER / "model.onnx"} | {path.stem: path for path in sorted(folder.glob("*.onnx"))}
    versions = {}
    for kind, path in models.items():
        candidate = _spoilt(path.read_bytes(), folder)
        versions[kind] = publish(store, candidate, store.pointer.current(), "a benchmark")
    store.versions.promote("1", "a benchmark", "", store.pointer.current())
    store.close()
    return versions


def _spoilt(model: bytes, folder: Path) -> Candidate:
    """Another model with the shipped one's files; of its golden pictures it says what it says."""
    candidate = shipped.candidate()
    candidate = replace(candidate, contents=candidate.contents | {"model.onnx": model})
    pictures = np.load(shipped.FOLDER / "golden.npz")["images"]
    said = Model(candidate.manifest("digits", "1"), model).predict(pictures).probabilities
    golden = folder / "golden.npz"
    np.savez(golden, images=pictures, probabilities=said)
    return replace(candidate, contents=candidate.contents | {"golden.npz": golden.read_bytes()})


@contextmanager
def _server(folder: Path, flags: Sequence[str] = ()) -> Iterator[servers.Server]:
    with servers.ours(folder=folder, flags=["--workers", "2", *flags]) as ours, servers.on_core(1):
        yield ours


def _begin(ours: servers.Server, version: str) -> None:
    ours.call("POST", f"/models/{version}/canary", {"percent": PERCENT, "minutes": 60})


def _share(ours: servers.Server, version: str, wanted: int) -> tuple[float, int]:
    """Percent of so many requests that it answered, once both workers had it; and how many requests failed."""
    _begin(ours, version)
    stream = Stream(ours)
    _until(lambda: any(each.version == version for each in stream.load()), "its first answer")
    settled = time.monotonic() + SETTLE_SECONDS
    _until(lambda: bool(stream.load()) and time.monotonic() > settled, "both workers")
    said: list[bool] = []
    while len(said) < wanted:
        said += [each.version == version for each in stream.load()]
    ours.call("DELETE", f"/models/{version}/canary")
    wrong = sum(run.wrong for run in stream.runs)  # it answers as the other does
    return 100 * sum(said[:wanted]) / wanted, stream.failed + wrong


def _tried(ours: servers.Server, version: str, kind: str) -> Tried:
    """Requests beside a canary, until it has ended and for a while after."""
    _begin(ours, version)
    begun = time.perf_counter()
    stream, its = Stream(ours), list[float]()
    while _goes_on(ours, version):
        its += [each.came for each in stream.load() if each.version == version]
    its += [each.came for each in stream.load() if each.version == version]
    shown = min(its, default=begun) if kind == "one class dead" else begun
    return _came_to(ours, version, stream, shown, its)


def _told(ours: servers.Server, version: str) -> Tried:
    """The same, while somebody tells of one picture after another what it was."""
    _begin(ours, version)
    stream, its, calls, told = Stream(ours), list[float](), list[float](), set[int]()
    untold: list[Answer] = []
    while _goes_on(ours, version):
        answers = stream.load(RATE)
        its += [each.came for each in answers if each.version == version]
        untold += [each for each in answers if each.picture not in told]
        told |= {each.picture for each in answers}
        untold = _tell(ours, untold, calls)
    its += [each.came for each in stream.load() if each.version == version]
    ended = _clock(_state(ours, version)["ended_at"])
    return _came_to(ours, version, stream, max(call for call in calls if call <= ended), its)


def _tell(ours: servers.Server, answers: Sequence[Answer], calls: list[float]) -> list[Answer]:
    """Say what these pictures were, and when it was heard; gives those whose samples are not stored yet."""
    later: list[Answer] = []
    for first in range(0, len(answers), WORDS):
        some = answers[first : first + WORDS]
        words = [{"request_id": each.request_id, "label": str(images.labels()[each.picture])} for each in some]
        try:
            results = ours.call("POST", "/feedback", words)["results"]
        except HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            later += some  # the service is busy, and says so
            continue
        calls.append(time.perf_counter())
        later += [each for each, result in zip(some, results, strict=True) if result.get("code") == "not_found"]
    return later


def _came_to(ours: servers.Server, version: str, stream: Stream, shown: float, its: Sequence[float]) -> Tried:
    state = _state(ours, version)
    assert state["state"] == "returned", state
    requests = sum(len(run.samples) + run.lost for run in stream.runs)
    return Tried(state, shown, max(its, default=shown), stream.failed, requests)


def _goes_on(ours: servers.Server, version: str) -> bool:
    """Whether it has not ended; bounded, since one that is never found would be tried for an hour."""
    state = _state(ours, version)
    began = datetime.fromisoformat(state["started_at"]).timestamp()
    assert time.time() - began < PATIENCE_SECONDS, f"version {version} was not returned: {state}"
    return bool(state["state"] == "running")


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"never came: {what}"


def _state(ours: servers.Server, version: str) -> dict[str, Any]:
    return ours.call("GET", f"/models/{version}/canary")


def _clock(moment: str) -> float:
    """A moment that the server tells, as perf_counter seconds."""
    return datetime.fromisoformat(moment).timestamp() - time.time() + time.perf_counter()
