"""No look and no change reads a whole table, or sorts one: what SQLite says it will do for each statement of each call.

How long they take is `python -m benchmarks store`; that they cost what they change or return is seen here.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from server.store import living
from server.store.days import Answered
from server.store.elapsed import Elapsed
from server.store.lease import take
from server.store.memory import Memory, open_memory
from server.store.policy import Mode, Policy
from server.store.sample import Caps
from server.store.selection import Selection, State
from server.store.split import split_of
from server.store.standing import Revision
from server.store.versions import Version
from server.store.vocabulary import Change, Kind
from tests.server.store.filled import a_sample
from tests.server.store.memories import NAME, doubted, labelled, sha_of

TRAINED = Version("1", "", 0, {"training": {"decision": 1}})
FEW_ROWS = {"worker", "tally", "pending", "looked", "CONSTANT", "(subquery-1)"}  # whatever was stored


def a_job(memory: Memory) -> None:
    job = memory.jobs.create({}, "test", {}).job
    lease = take(memory.database, job, living.own(), living.Heartbeats())
    assert lease is not None
    lease.tell("training", {"epoch": 1})
    lease.renew()
    memory.jobs.told(job, 0)
    memory.jobs.fail_lost(living.Heartbeats())
    lease.end({"state": "cancelled"})
    memory.jobs.refused(9)
    memory.jobs.page(9, 9)


def ask_the_policy(memory: Memory) -> None:
    memory.policies.replace(Policy(Mode.AUTO, labels=1, quiet_minutes=0), "test", lambda _: None)
    for _ in range(2):
        assert memory.policies.look(Elapsed(), (), lambda: None, {}) is not None


def rotate(memory: Memory) -> None:
    memory.dataset.held_out_limit = 1
    held_out = [number for number in range(40) if split_of(sha_of(number)) == "test"]
    memory.dataset.add([labelled(number) for number in held_out], "upload")
    assert sum(memory.browser.overview().counts["test"].values()) == 1


CALLS: dict[str, Callable[[Memory], Any]] = {
    "overview": lambda memory: memory.browser.overview(),
    "batches": lambda memory: memory.browser.batches(9, 9),
    "images": lambda memory: memory.browser.page(9),
    "images before": lambda memory: memory.browser.page(9, 9),
    "images of a label": lambda memory: memory.browser.page(9, 9, Selection("1")),
    "images of a split": lambda memory: memory.browser.page(9, 9, Selection(split="test")),
    "images of both": lambda memory: memory.browser.page(9, 9, Selection("1", "test")),
    "images of a source": lambda memory: memory.browser.page(9, 9, Selection("1", "test", source="upload")),
    "images of a time": lambda memory: memory.browser.page(9, 9, Selection(since="2026", until="2027")),
    "images of a batch": lambda memory: memory.browser.page(9, 9, Selection(batch="1")),
    "images put aside": lambda memory: memory.browser.page(9, 9, Selection(state=State.REMOVED)),
    "suspects of a label": lambda memory: memory.browser.page(9, 9, Selection("3", state=State.SUSPECT)),
    "suspects of a batch": lambda memory: memory.browser.page(9, 9, Selection(state=State.SUSPECT, batch="1")),
    "suspects": lambda memory: memory.browser.suspects(9, 9),
    "suspects by doubt": lambda memory: memory.browser.believed_least(9, 9, Selection(state=State.SUSPECT)),
    "what labels are called": lambda memory: memory.classes.called(["1"]),
    "one image": lambda memory: memory.browser.picture(sha_of(1)),
    "upload": lambda memory: memory.dataset.add([labelled(9), doubted(1, "3")], "upload"),
    "upload that makes older ones learnt from": rotate,
    "accept": lambda memory: memory.dataset.accept(sha_of(2)),
    "reject": lambda memory: memory.dataset.reject(sha_of(2)),
    "remove": lambda memory: memory.dataset.remove(sha_of(1)),
    "relabel many": lambda memory: memory.revisions.make(Revision.RELABEL, [sha_of(1)], "api", "2"),
    "accept a batch": lambda memory: memory.revisions.make(
        Revision.ACCEPT, Selection(state=State.SUSPECT, batch="1"), "api"
    ),
    "undo": lambda memory: memory.dataset.remove_batch("1"),
    "versions of a picture": lambda memory: memory.lineage.heirs(sha_of(1)),
    "versions of a batch": lambda memory: memory.lineage.holders("1", [sha_of(1)]),
    "pictures of a version": lambda memory: memory.lineage.lessons(TRAINED, 9, 9),
    "samples": lambda memory: memory.samples.every(),
    "samples of a request": lambda memory: memory.samples.of_request("id"),
    "keep a sample": lambda memory: memory.samples.add([a_sample(5)], Caps(1, 1, 1, 1)),
    "which samples an hour has no room for": lambda memory: memory.samples.gates(9, 9),
    "one sample": lambda memory: memory.samples.find("1"),
    "word on a sample": lambda memory: memory.samples.note([(sha_of(40), {"reviewed": "3"})]),
    "samples of a time": lambda memory: memory.samples.clear("2026"),
    "classes": lambda memory: memory.classes.vocabulary(),
    "decisions about classes": lambda memory: memory.classes.decided(),
    "change a class": lambda memory: memory.classes.change(Change(Kind.RENAME, "3", "three"), (), "test"),
    "the policy": lambda memory: (memory.policies.current(), memory.policies.proposal(), memory.policies.page(9, 9)),
    "set the policy": lambda memory: memory.policies.replace(Policy(Mode.ASK), "test", lambda _: None),
    "ask the policy": ask_the_policy,
    "answers of days": lambda memory: memory.days.newest(9),
    "count answers": lambda memory: memory.days.add({(number, "7"): Answered(1, 0.9) for number in (9, 10)}),
    "current version": lambda memory: memory.pointer.current(),
    "versions": lambda memory: memory.versions.page(9, 9),
    "moves": lambda memory: memory.pointer.moves(9),
    "a job": a_job,
}


def dear(memory: Memory, call: Callable[[Memory], Any]) -> list[str]:
    """The steps of a call that cost what is stored."""
    steps: list[str] = []

    def explain(connection: Any, _: Any, statement: str, parameters: Any, *more: Any) -> None:
        if not statement.startswith(("EXPLAIN", "PRAGMA", "BEGIN")):
            many = more[-1]
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters)
            plan = [str(row[-1]) for row in cursor.fetchall()]
            sorts_few = " IN (" in statement or "FROM tally" in statement  # what the call names, or what never grows
            steps.extend(step for step in plan if not (sorts_few and "FOR ORDER BY" in step))

    memory.browser.overview()  # what opens the database is not of the call
    event.listen(memory.database._engine, "before_cursor_execute", explain)
    call(memory)
    assert steps
    return [
        step
        for step in steps
        if "USE TEMP B-TREE FOR ORDER BY" in step or (step.startswith("SCAN") and step.split()[1] not in FEW_ROWS)
    ]


@pytest.fixture
def filled(tmp_path: Path) -> Memory:
    memory = open_memory(tmp_path / "artifacts", tmp_path / "data", NAME, tmp_path / "baseline")
    memory.dataset.add([labelled(1), doubted(2, "3")], "upload")
    memory.samples.add([a_sample(40)], Caps(9, 9, 2**20, 9))
    memory.classes.change(Change(Kind.RENAME, "1", "one"), "123", "test")
    return memory


@pytest.mark.parametrize("name", CALLS)
def test_a_call_reads_no_whole_table(filled: Memory, name: str) -> None:
    assert dear(filled, CALLS[name]) == []
    filled.close()


def test_a_dear_call_would_be_seen(filled: Memory) -> None:
    def count(memory: Memory) -> None:
        with memory.database.read() as connection:
            connection.exec_driver_sql("SELECT sha256 FROM image WHERE bytes > 1 ORDER BY split").all()

    assert len(dear(filled, count)) == 2
    filled.close()
