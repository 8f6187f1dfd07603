"""Any sequence of changes, with errors and ends of the process at any step, gives what a plain model says."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from server.store.errors import NotFound, StoreError, Uncertain
from server.store.lease import Lease, take
from server.store.living import Heartbeats
from server.store.memory import Memory, open_memory
from server.store.standing import Revision
from server.store.versions import Version
from tests.faults.breaking import Killed, breakable
from tests.postgres import Cluster
from tests.server.store.memories import doubted, gone_process, labelled, labels, sha_of, stored, suspects
from tests.server.store.replay import Accept, Deed, Reject, Remove, Revise, Undo, Upload, Word, replay

NUMBERS = st.integers(0, 4)  # few pictures, so that much happens to each
LABELS = st.sampled_from("123")
WORDS = st.lists(st.tuples(NUMBERS, LABELS, st.booleans()), min_size=1, max_size=4)
# At which step something breaks, if it does: an upload has some 40 of them, a removal 20.
FAULTS = st.none() | st.tuples(st.integers(0, 45), st.sampled_from(["error", "kill"]))
SETTINGS = settings(
    max_examples=20,
    stateful_step_count=16,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


class DatasetMachine(RuleBasedStateMachine):
    """A store beside the list of what was done to it."""

    cluster: ClassVar[Cluster | None] = None  # None: SQLite

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="relearn-property-"))
        self.name = self.cluster.take() if self.cluster is not None else None
        self.done: list[Deed] = []
        self.lease: Lease | None = None
        self.history: dict[int, dict[str, str]] = {}  # decision -> what was in force then
        self.learnt: set[str] = set()  # the pictures that the open job learns from
        self.stack = ExitStack()
        self.faults = self.stack.enter_context(breakable())
        self.memory = self.open()

    def open(self) -> Memory:
        """The store, as a process of its own opens it."""
        url = ""
        if self.cluster is not None and self.name is not None:
            url = self.cluster.url(self.name).render_as_string(hide_password=False)
        artifacts, data = self.folder / "artifacts", self.folder / "data"
        return open_memory(artifacts, data, "digits", self.folder / "none", url, living_name=gone_process())

    def teardown(self) -> None:
        self.memory.close()
        self.stack.close()
        shutil.rmtree(self.folder)
        if self.cluster is not None and self.name is not None:
            self.cluster.give_back(self.name)

    @initialize()
    def first_use(self) -> None:
        self.memory.browser.overview()

    @rule(words=WORDS, fault=FAULTS)
    def upload(self, words: list[tuple[int, str, bool]], fault: tuple[int, str] | None) -> None:
        self.do(Upload(tuple(Word(sha_of(number), label, doubt) for number, label, doubt in words)), fault, words)

    @rule(number=NUMBERS, fault=FAULTS)
    def accept(self, number: int, fault: tuple[int, str] | None) -> None:
        self.do(Accept(sha_of(number)), fault)

    @rule(number=NUMBERS, fault=FAULTS)
    def reject(self, number: int, fault: tuple[int, str] | None) -> None:
        self.do(Reject(sha_of(number)), fault)

    @rule(number=NUMBERS, fault=FAULTS)
    def remove(self, number: int, fault: tuple[int, str] | None) -> None:
        self.do(Remove(sha_of(number)), fault)

    @rule(revision=st.sampled_from(Revision), numbers=st.lists(NUMBERS, min_size=1), label=LABELS, fault=FAULTS)
    def revise(self, revision: Revision, numbers: list[int], label: str, fault: tuple[int, str] | None) -> None:
        says = label if revision is Revision.RELABEL else None
        self.do(Revise(revision, tuple(sha_of(each) for each in numbers), says), fault)

    @rule(back=st.integers(0, 5), fault=FAULTS)
    def undo(self, back: int, fault: tuple[int, str] | None) -> None:
        self.do(Undo(max(replay(self.done).made - 1 - back, 0)), fault)

    @rule()
    def begin_job(self) -> None:
        if self.lease is None:
            job = self.memory.jobs.create({}, "api", {}).job
            self.lease = take(self.memory.database, job, gone_process(), Heartbeats())
            self.learnt = set(labels(self.memory))

    @rule()
    def end_job(self) -> None:
        if self.lease is not None:
            self.lease.end({"state": "failed"})
            self.lease, self.learnt = None, set()

    @invariant()
    def is_what_the_model_says(self) -> None:
        expected = replay(self.done)
        self.memory.content.sweep()
        overview = self.memory.browser.overview()
        assert labels(self.memory) == expected.labels()
        assert suspects(self.memory) == expected.suspects()
        self.history[overview.decision] = expected.labels()
        for decision, then in self.history.items():
            version = Version("1", "", 0, {"training": {"decision": decision}})
            assert {each.sha256: each.label for each in self.memory.lineage.lessons(version, 100)} == then
        counts = {(split, label): count for split, some in overview.counts.items() for label, count in some.items()}
        assert counts == expected.counts()
        assert overview.fingerprint == expected.fingerprint()
        totals = overview.images, overview.suspects, overview.batches
        assert totals == (len(expected.said), len(expected.suspects()), len(expected.batches))
        files = stored(self.folder / "data")
        if self.lease is None:
            assert files == expected.said.keys()
            assert overview.bytes == sum(path.stat().st_size for path in self.folder.rglob("*.png"))
        else:
            assert files >= expected.said.keys() | self.learnt

    def do(self, deed: Deed, fault: tuple[int, str] | None, words: list[tuple[int, str, bool]] | None = None) -> None:
        """Do it to the store, whatever breaks meanwhile, and note whether it is done."""
        numbers = [batch.number for batch in self.memory.browser.batches(100)]
        changes = replay([*self.done, deed]).decisions > replay(self.done).decisions
        before = self.memory.browser.overview().decision
        self.faults.arm(fault[0] if fault else None, "kill" if fault and fault[1] == "kill" else "error")
        told: BaseException | None = None
        try:
            self.call(deed, words or [], numbers)
        except (StoreError, OSError, Killed) as error:
            told = error
        self.faults.arm(None)
        if isinstance(told, Killed):
            self.memory.close()
            self.memory = self.open()
            if self.lease is not None:
                self.lease = Lease(self.memory.database, int(self.lease.job), self.lease.token)
        happened = self.memory.browser.overview().decision > before
        if told is None:
            assert happened == changes
        elif isinstance(told, NotFound):
            assert not happened
            assert not changes
        elif not isinstance(told, Uncertain | Killed):
            assert not happened
        if happened:
            self.done.append(deed)

    def call(self, deed: Deed, words: list[tuple[int, str, bool]], numbers: list[str]) -> None:
        dataset = self.memory.dataset
        match deed:
            case Upload():
                dataset.add([(doubted if doubt else labelled)(each, label) for each, label, doubt in words], "upload")
            case Accept(sha256):
                dataset.accept(sha256)
            case Reject(sha256):
                dataset.reject(sha256)
            case Remove(sha256):
                dataset.remove(sha256)
            case Revise(revision, sha256s, label):
                self.memory.revisions.make(revision, sha256s, "api", label)
            case Undo(batch):
                standing = sorted(replay(self.done).batches, reverse=True)
                dataset.remove_batch(numbers[standing.index(batch)] if batch in standing else "999")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_any_sequence_of_changes_gives_what_the_model_says(kind: str, request: pytest.FixtureRequest) -> None:
    class Machine(DatasetMachine):
        cluster = request.getfixturevalue("postgres") if kind == "postgresql" else None

    run_state_machine_as_test(Machine, settings=SETTINGS)
