"""Breaks a deed at its n-th step in a process of its own, and looks from a fresh one at what is left.

    python -m tests.faults.crash FOLDER SERVER POINTS SEED [DEED ...]

SERVER is the URL of a PostgreSQL, "" for SQLite; POINTS is how many steps of each deed are broken in each way, 0 for
every one, and SEED says which. Each line that is printed is something that was not as it has to be; the last says how
many were broken.

This process has one thread and opens none of these stores, so that each process that it forks is as fresh as one that
was started.
"""

import itertools
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import traceback
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from server.store import opening
from server.store.errors import StoreError, Uncertain
from tests.faults.breaking import Faults, Kind, breakable
from tests.faults.deeds import CARELESS, DEEDS, Deed
from tests.faults.places import GOES_BY_ITSELF, Originals, Place, View, recover
from tests.server.store.filled import fill
from tests.server.store.memories import labelled
from tests.tiny import publish_tiny
from trainer import job

PATIENCE_SECONDS = 120  # a bound for a slow machine, not an expectation

PROBED = 5  # of so many points one has everything else done to its store afterwards, which takes as long as the rest
KINDS: tuple[Kind, ...] = ("error", "errors", "kill")

Tell = Callable[[str, object], object]


class Said(NamedTuple):
    """What a process told before its end."""

    words: list[tuple[str, object]]
    status: int

    def all(self, kind: str) -> list[object]:
        return [each for name, each in self.words if name == kind]


def forked(work: Callable[[Tell], object]) -> Said:
    """Do something in a process of its own."""
    reader, writer = os.pipe()
    write = os.write  # as it is before it is broken

    def tell(kind: str, content: object) -> None:
        write(writer, json.dumps([kind, content]).encode() + b"\n")

    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE_SECONDS)
        try:
            work(tell)
        except BaseException:  # noqa: BLE001 - whatever it was, it is told
            tell("problem", traceback.format_exc(-3))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        words = [(kind, content) for kind, content in map(json.loads, told)]
    return Said(words, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


class Crash:
    """One deed, and what has to be there after each of its calls."""

    def __init__(self, originals: Originals, begin: Place, deed: Deed) -> None:
        """`begin` is the store that it is done to."""
        self._originals = originals
        self._begin = begin
        self._deed = deed
        self._views: list[View] = []
        self._findings: set[str] = set()  # of the check, when nothing was broken
        self.steps, calls = self._reference(0)
        for number in range(1, calls + 1):
            self.steps, _ = self._reference(number)

    def at(self, point: int, kind: Kind) -> tuple[str, list[str]]:
        """What was broken, "" if there are fewer steps; and what is wrong after that."""
        with self._originals.new(self._begin) as place:
            victim = forked(lambda tell: self._break(place, tell, point, kind))
            killed = (kind, victim.status) == ("kill", -signal.SIGKILL)
            problems = victim.all("problem")
            if victim.status and not killed:
                problems.append(f"it ended with {victim.status}")
            done = len(victim.all("done"))
            may_be_done = killed or bool(victim.all("uncertain")) or bool(self._deed.traces)
            allowed = self._views[done : done + 1 + may_be_done]
            if not any(view["files"] in victim.all("files") for view in allowed) and not killed:
                problems.append(f"there are {victim.all('files')}")
            inspector = forked(lambda tell: self._inspect(place, tell, allowed, point % PROBED == 0))
            if inspector.status:
                problems.append(f"the look at it ended with {inspector.status}")
            struck = "".join(map(str, victim.all("struck")))
            return struck or ("a kill" if killed else ""), [str(each) for each in problems + inspector.all("problem")]

    def _reference(self, number: int) -> tuple[int, int]:
        """Note what is there after so many calls and the end of their process; how many steps and calls there are."""
        with self._originals.new(self._begin) as place:
            said = forked(lambda tell: self._act(place, tell, number))
            looked = forked(lambda tell: self._look(place, tell))
            assert not said.all("problem") + looked.all("problem"), said.words + looked.words
            self._views += looked.all("view")  # type: ignore[arg-type]
            self._findings |= {str(each) for each in looked.all("finding")}
            return int(str(said.all("steps")[0])), int(str(said.all("calls")[0]))

    def _act(self, place: Place, tell: Tell, number: int) -> None:
        with place.opened() as memory:
            self._deed.prepare(memory)
            calls = self._deed.calls(memory)
            with breakable() as faults:
                for call in calls[:number]:
                    call()
            tell("steps", len(faults.steps))
            tell("calls", len(calls))

    def _look(self, place: Place, tell: Tell) -> None:
        with place.opened() as memory:
            recover(memory)
            tell("view", place.view(memory, self._deed.traces))
        for finding in place.findings():
            tell("finding", finding)

    def _break(self, place: Place, tell: Tell, point: int, kind: Kind) -> None:
        opening.RETRY_SECONDS = 0.0
        job.CONCLUDE_SECONDS, job.WAIT_SECONDS = 1.0, 0.1
        threading.excepthook = lambda hook: tell("problem", f"in a thread: {hook.exc_value!r}")
        with place.opened() as memory:
            self._deed.prepare(memory)
            calls = self._deed.calls(memory)
            with breakable(Faults(lambda: os.kill(os.getpid(), signal.SIGKILL))) as faults:
                faults.arm(point, kind)
                try:
                    for call in calls:
                        call()
                        tell("done", None)
                except (StoreError, OSError) as error:
                    if isinstance(error, Uncertain):
                        tell("uncertain", str(error))
                tell("struck", faults.struck or "")
            memory.browser.overview()
            with memory.database.write():
                pass
            memory.content.sweep()
            tell("files", place.files())

    def _inspect(self, place: Place, tell: Tell, allowed: list[View], probe: bool) -> None:
        def check(when: str) -> None:
            for finding in place.findings():
                if finding not in self._findings and (when != "at first" or GOES_BY_ITSELF not in finding):
                    tell("problem", f"{when}: {finding}")

        check("at first")
        with place.opened() as memory:
            recover(memory)
            found = json.loads(json.dumps(place.view(memory, self._deed.traces)))
            if found not in allowed:
                tell("problem", _difference(found, allowed[0]))
            if left := place.pending(memory):
                tell("problem", f"still listed as pending: {left}")
            if probe:
                memory.dataset.add([labelled(90), labelled(1, "6")], "probe")
                publish_tiny(memory, 9)
                if memory.jobs.open() is None:
                    memory.jobs.create({}, "probe", {})
                recover(memory)
        if probe:
            check("later")


def _difference(found: View, expected: View) -> str:
    """What of it is there and should not be, and the other way."""
    words = []
    for name in expected:
        more = [each for each in found[name] if each not in expected[name]]
        less = [each for each in expected[name] if each not in found[name]]
        words += [f"{name}: {more or 'nothing'} instead of {less or 'nothing'}"] if more or less else []
    return "; ".join(words)


def load() -> None:
    """Load all that a store needs, so that no process that is forked has to."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), "")
        fill_place(place)
        place.findings()


def run(folder: Path, server: str, points: int, seed: str, names: Iterable[str]) -> int:
    """Break deeds in each way; how often. Prints what is wrong."""
    originals, broken = Originals(folder, server), 0
    with originals.new() as empty, originals.new() as full:
        made = forked(lambda _: fill_place(full))
        assert not made.all("problem"), made.words
        for name in names:
            deed = {**DEEDS, **CARELESS}[name]
            crash = Crash(originals, empty if deed.begins_empty else full, deed)
            for kind in KINDS:
                for point in chosen(crash.steps, points, name + kind + seed):
                    struck, problems = crash.at(point, kind)
                    for problem in problems:
                        print(f"{name}, {kind} at step {point} ({struck}): {problem}", flush=True)
                    if not struck:
                        break
                    broken += 1
    return broken


def chosen(steps: int, points: int, name: str) -> Iterable[int]:
    """The steps to break; of a few, which lie evenly, each name has its own."""
    if not points:
        return itertools.count()
    shift = zlib.crc32(name.encode()) / 2**32
    return [int(steps * (number + shift) / points) for number in range(points)]


def fill_place(place: Place) -> None:
    with place.opened() as memory:
        fill(memory)


if __name__ == "__main__":
    logging.disable()  # what breaks is told in the log as well
    load()
    print(run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:] or DEEDS))
