"""All that changes a store, as it is broken at every step: each deed is a few calls, after each of which it is told.

A deed begins in a store that has seen everything (tests/server/store/filled.py), or in none.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from export.publish import keep_refused, publish
from server.store import living
from server.store.dataset import Labelled
from server.store.elapsed import Elapsed
from server.store.lease import Lease, take
from server.store.memory import Memory, open_memory
from server.store.outcome import outcome
from server.store.policy import Mode, Policy
from server.store.sample import Caps
from tests.server.store.filled import a_sample, picture, sha_of
from tests.server.store.memories import gone_process
from tests.tiny import publish_tiny, tiny_candidate
from trainer.job import run_job

Call = Callable[[], object]


@dataclass(frozen=True)
class Deed:
    """Something that is done to a store, call after call; what `prepare` does is not broken."""

    calls: Callable[[Memory], list[Call]]
    prepare: Callable[[Memory], object] = lambda _: None
    begins_empty: bool = False
    traces: frozenset[str] = frozenset()  # tables in which a call that is broken leaves some; else it is done or not


def _word(number: int, label: str, doubt: tuple[float, str] | None = None) -> Labelled:
    return Labelled(picture(number), label, doubt)


def _add(*words: Labelled, source: str = "upload") -> Callable[[Memory], list[Call]]:
    return lambda memory: [partial(memory.dataset.add, words, source)]


def _call(call: Callable[[Memory], object]) -> Callable[[Memory], list[Call]]:
    return lambda memory: [partial(call, memory)]


def _promote(number: str) -> Callable[[Memory], object]:
    return lambda memory: memory.versions.promote(number, "a test", "", memory.pointer.current())


def _retrain(memory: Memory) -> Lease:
    """Begin a job that this process runs."""
    lease = take(memory.database, memory.jobs.create({}, "a test", {}).job, living.own(), living.Heartbeats())
    assert lease is not None
    return lease


def _lease(memory: Memory) -> Lease:
    """That of the job which `_retrain` began."""
    found = memory.jobs.open()
    assert found is not None
    return Lease(memory.database, int(found.job), 1)


def _publication(memory: Memory) -> list[Call]:
    lease = _lease(memory)

    def conclude(connection: Any, version: str) -> None:
        lease.conclude(connection, outcome("published", version))

    return [
        partial(lease.tell, "publishing", {"version": "4"}),
        lambda: publish(memory, tiny_candidate(8), memory.pointer.current(), "a test", job=lease.job, also=conclude),
        partial(memory.versions.prune, 1),
        partial(memory.jobs.prune, 1),
    ]


def _refusal(memory: Memory) -> list[Call]:
    lease = _lease(memory)
    return [
        lambda: keep_refused(memory, tiny_candidate(8), lease, outcome("refused", reason="worse")),
        partial(memory.jobs.prune, 1),
    ]


def _run(memory: Memory) -> list[Call]:
    """A runner whose child says a word, writes a file into its work folder and ends without a result."""
    program = "import pathlib, sys; print('nothing', flush=True); pathlib.Path(sys.argv[1], 'weights').touch()"
    found = memory.jobs.open()
    assert found is not None

    def command(_: Lease, work: Path) -> list[str]:
        return [sys.executable, "-S", "-c", program, str(work)]

    return [lambda: run_job(memory, found.job, command, 60, lambda: False)]


def _strays(memory: Memory) -> None:
    """What processes leave that were killed in an upload and while they published."""
    artifacts, data = memory.content.path("artifacts", ""), memory.content.path("data", "")
    url = memory.database.url.render_as_string(hide_password=False)
    gone = open_memory(artifacts, data, "digits", data / "none", url, living_name=gone_process())
    paths = [f"train/{number:02}/{number:064}.png" for number in range(3)]
    gone.content.claim("data", paths)
    gone.content.write(dict.fromkeys(paths, b"half"), "data")
    folder = gone.versions.reserve().folder
    for file in ("report/.tmp-1", "report/report.json", ".tmp-model.onnx-1", "model.onnx"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"half")
    gone.close()


def _work(memory: Memory) -> list[Call]:
    """A worker's rows, from its start to its end."""
    number: list[int] = []
    return [
        lambda: number.append(memory.workers.join("1")),
        lambda: memory.workers.may_take_over(number[0], "1"),
        lambda: memory.workers.serves(number[0], "1"),
        lambda: memory.workers.leave(number[0]),
    ]


def _set_policy(memory: Memory) -> None:
    memory.policies.replace(Policy(Mode.AUTO, labels=1, quiet_minutes=0, cooldown_minutes=0), "a test", lambda _: None)


def _ask(memory: Memory) -> None:
    memory.policies.look(Elapsed(), None, lambda: None, {})


def _careless(memory: Memory) -> None:
    """What nobody may do: write a file that is not listed, and only then the row."""
    path = memory.content.path("data", f"train/00/{0:064}.png")
    path.parent.mkdir()
    path.write_bytes(b"a picture")
    memory.jobs.create({}, "a test", {})


_MIXED = (
    *(_word(40, "1"), _word(41, "2"), _word(4, "8"), _word(42, "3", (0.001, "9"))),
    *(_word(5, "4", (0.001, "1")), _word(6, "0")),
)
DEEDS = {
    "the first use": Deed(_call(lambda memory: memory.browser.overview()), begins_empty=True),
    "upload": Deed(_add(*_MIXED)),
    "correction": Deed(_add(_word(1, "9"), source="correction")),
    "accept": Deed(_call(lambda memory: memory.dataset.accept(sha_of(21)))),
    "reject an image": Deed(_call(lambda memory: memory.dataset.reject(sha_of(21)))),
    "reject a label": Deed(_call(lambda memory: memory.dataset.reject(sha_of(2)))),
    "remove": Deed(_call(lambda memory: memory.dataset.remove(sha_of(5)))),
    "undo": Deed(_call(lambda memory: memory.dataset.remove_batch("1"))),
    "promote": Deed(_call(_promote("3"))),
    "roll back": Deed(_call(_promote("1")), _promote("3")),
    "publish by hand": Deed(_call(lambda memory: publish_tiny(memory, 8))),
    "publish": Deed(_publication, _retrain),
    "refuse": Deed(_refusal, _retrain),
    "create a job": Deed(_call(lambda memory: memory.jobs.create({}, "a test", {}))),
    "begin a retrain by the policy": Deed(_call(_ask), _set_policy),
    "cancel a queued job": Deed(
        _call(lambda memory: memory.jobs.cancel("2")), lambda memory: memory.jobs.create({}, "", {})
    ),
    "cancel a running job": Deed(_call(lambda memory: memory.jobs.cancel("2")), _retrain),
    "begin and end a job": Deed(
        lambda memory: [
            lambda: take(memory.database, "2", living.own(), living.Heartbeats()),
            lambda: _lease(memory).learn_from(1),
            lambda: _lease(memory).end(outcome("failed", reason="a test")),
        ],
        lambda memory: memory.jobs.create({}, "", {}),
    ),
    "run a job": Deed(_run, lambda memory: memory.jobs.create({}, "", {}), traces=frozenset({"event"})),
    "sweep": Deed(_call(lambda memory: memory.content.sweep()), _strays),
    "keep a sample": Deed(_call(lambda memory: memory.samples.add([a_sample(41)], Caps(9, 1, 2**20, 9)))),
    "remove samples": Deed(_call(lambda memory: memory.samples.clear())),
    "work": Deed(_work),
}
CARELESS = {"careless": Deed(_call(_careless))}  # must be found out
