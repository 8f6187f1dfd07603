"""The first load of a version: in a child of its own, bounded in processor time, memory and time by the clock.

What a graph costs can't be told from its file, so it is tried where that harms nobody: the child has no listening
socket, no key and no setting of the server's. The same bytes then do the same in a worker (graph.py), so what was tried
once is not tried again, by none of a server's workers (findings.py).
"""

import contextlib
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from server.models.findings import Finding, Findings
from server.models.model import Dropped, Model, load
from server.store.errors import BrokenArtifact
from server.store.manifest import Manifest, verify_listed

ROOT = Path(__file__).parents[2]  # where `python -m server.models.child` is found
ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "ORT_DISABLE_TELEMETRY")  # all that the child is given
WAIT_SECONDS = 60.0  # by the clock, however busy the machine is
LOOK_SECONDS = 0.1  # between looks whether the version is still wanted
ANSWER_BYTES = 4096
REFUSED_SECONDS = 300.0  # that a refusal is remembered
# The files of the baseline that this code came with, so that no start waits for a child: `python -m export ship`
# writes it.
SHIPPED = Path(__file__).with_name("shipped.sha256")


class Trials:
    """What was tried, and how that went; for all threads of a process."""

    def __init__(self, seconds: float, more_bytes: int, batch_limit: int, folder: Path | None = None) -> None:
        """A load may take so much processor time, and memory beyond what its process has before.

        `folder` is what the workers of this server have in common.
        """
        self._seconds = seconds
        self._more_bytes = more_bytes
        self._batch_limit = batch_limit
        self._shipped = SHIPPED.read_text().strip() if SHIPPED.is_file() else None
        self._findings = Findings(folder)

    def load(self, folder: Path, manifest: Manifest, is_wanted: Callable[[], bool] = lambda: True) -> Model:
        """A model that may serve, as model.load gives it; raises what `check` raises."""
        threshold = self.check(folder, manifest, is_wanted)
        return load(folder, manifest, self._batch_limit, is_wanted, threshold)

    def check(self, folder: Path, manifest: Manifest, is_wanted: Callable[[], bool] = lambda: True) -> float | None:
        """Raise BrokenArtifact unless a version's files are whole and were loaded in a child once, now if need be.

        Gives the threshold of its score, where that is known. Raises Dropped if `is_wanted` says no meanwhile.
        """
        for file in loaded_files(manifest):
            verify_listed(folder, manifest, file)
        known = fingerprint(manifest)
        if known == self._shipped:
            return None
        finding = self._findings.of(known, is_wanted, lambda: self._try(folder, manifest, is_wanted))
        if finding.refused is not None:
            raise BrokenArtifact(finding.refused)
        return finding.threshold

    def _try(self, folder: Path, manifest: Manifest, is_wanted: Callable[[], bool]) -> Finding:
        asked = {
            "folder": str(folder),
            "manifest": manifest.to_json().decode(),
            "batch_limit": self._batch_limit,
            "seconds": self._seconds,
            "bytes": self._more_bytes,
        }
        said, code = _run_child(json.dumps(asked).encode(), is_wanted)
        if not is_wanted():
            raise Dropped
        answer = _parsed(said)
        if answer is not None and "refused" not in answer:
            threshold = answer.get("threshold")
            return Finding(threshold=float(threshold) if isinstance(threshold, int | float) else None)
        why = f"its first load, in a process of its own, was refused: {_reason(answer, code, self._seconds)}"
        return Finding(why, until=time.monotonic() + REFUSED_SECONDS)


def loaded_files(manifest: Manifest) -> tuple[str, ...]:
    """The files that a model is made of."""
    return ("model.onnx", "golden.npz", *(["report/report.json"] if "score" in manifest.outputs else []))


def fingerprint(manifest: Manifest) -> str:
    """What tells a model from others, whatever its name and number: its contract, and the hashes of its files."""
    files = {file: manifest.files[file] for file in loaded_files(manifest)}
    content = [manifest.labels, asdict(manifest.preprocessing), manifest.outputs, files]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _run_child(asked: bytes, is_wanted: Callable[[], bool]) -> tuple[bytes, int | None]:
    """What the child says, and its exit code; None if it was stopped. Raises BrokenArtifact if none can be started."""
    deadline = time.monotonic() + WAIT_SECONDS
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "server.models.child"],
            cwd=ROOT,
            env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise BrokenArtifact(f"no process could be started for its first load: {error.strerror}") from None
    assert child.stdin is not None
    assert child.stdout is not None
    said, ended = b"", False
    try:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(asked + b"\n")
            child.stdin.flush()  # and not closed: the child ends with the last who has it open
        poll = select.poll()  # select takes no descriptor over 1023
        poll.register(child.stdout, select.POLLIN)
        while not ended and len(said) < ANSWER_BYTES and time.monotonic() < deadline and is_wanted():
            if poll.poll(1000 * LOOK_SECONDS):
                piece = os.read(child.stdout.fileno(), ANSWER_BYTES)
                said, ended = said + piece, not piece
        return said, child.wait(WAIT_SECONDS) if ended else None
    except subprocess.TimeoutExpired:
        return said, None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        child.stdout.close()


def _parsed(said: bytes) -> dict[str, object] | None:
    try:
        answer = json.loads(said)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _reason(answer: dict[str, object] | None, code: int | None, seconds: float) -> str:
    if answer is not None:
        return str(answer["refused"])
    if code is None:
        return f"it was not done within {WAIT_SECONDS:g} seconds"
    if code == -signal.SIGXCPU:
        return f"it takes more than {seconds:g} seconds of processor time"
    return f"it ended with {signal.Signals(-code).name}" if code < 0 else f"it ended with exit code {code}"
