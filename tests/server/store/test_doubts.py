"""What a training doubts waits beside the label in force, the surest first, and is asked of people once."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from server.settings import Settings
from server.store.check.run import CLEAN, Check
from server.store.doubts import Doubt, doubt
from server.store.memory import Memory
from server.store.standing import DOUBTED, Revision
from tests.server.store.memories import doubted, labelled, labels, sha_of, suspects
from tests.tiny import memory_in

ROOT = Path(__file__).parents[3]
ONE, TWO, THREE = map(sha_of, (1, 2, 3))


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """Three pictures labelled 1."""
    made = memory_in(tmp_path)
    made.dataset.add([labelled(number) for number in (1, 2, 3)], "upload")
    return made


def is_sound(folder: Path) -> bool:
    """Whether the labels, suspicions and counts are what is said of the images."""
    settings = Settings(artifacts=folder / "artifacts", data=folder / "data", baseline=ROOT / "artifacts/baseline")
    return Check(settings, lambda *_: None, io.StringIO()).run() == CLEAN


def tell(memory: Memory, *said: tuple[str, float], label: str = "1", instead: str = "7") -> int:
    """What one training doubts: pictures with the probability of their label, the surest first."""
    doubts = [Doubt(sha256, label, probability, instead) for sha256, probability in said]
    with memory.database.write() as connection:
        return doubt(connection, memory.name.id, doubts, "job 1")


def waiting(memory: Memory) -> list[tuple[str, str | None, str | None, bool]]:
    """As a list has them: the picture, its label in force, the one that waits, and whether a training says so."""
    found = memory.browser.suspects(9)
    return [(each.sha256, each.label, each.suspected, each.suspected_by_training) for each in found]


def test_the_surest_is_looked_at_first_and_what_is_in_force_counts_until_then(memory: Memory, tmp_path: Path) -> None:
    before = memory.browser.overview()
    assert tell(memory, (TWO, 0.001), (ONE, 0.2)) == 2
    assert waiting(memory) == [(TWO, "1", "7", True), (ONE, "1", "7", True)]
    assert [each.probability for each in memory.browser.suspects(9)] == [0.001, 0.2]
    after = memory.browser.overview()
    assert (after.suspects, after.counts, after.fingerprint) == (2, before.counts, before.fingerprint)
    assert labels(memory) == dict.fromkeys((ONE, TWO, THREE), "1")
    assert is_sound(tmp_path)


def test_what_is_accepted_takes_the_place_of_the_label(memory: Memory) -> None:
    tell(memory, (ONE, 0.01))
    memory.dataset.accept(ONE)
    assert labels(memory)[ONE] == "7"
    assert [each.corrected for each in memory.browser.learnable()[2] if each.sha256 == ONE] == [True]
    assert waiting(memory) == []


ANSWERS: dict[str, Callable[[Memory], object]] = {
    "reject": lambda memory: memory.dataset.reject(ONE),
    "accept": lambda memory: memory.dataset.accept(ONE),
    "reject many": lambda memory: memory.revisions.make(Revision.REJECT, [ONE], "test"),
    "accept many": lambda memory: memory.revisions.make(Revision.ACCEPT, [ONE], "test"),
    "say it again": lambda memory: memory.dataset.add([labelled(1)], "correction"),
    "say another": lambda memory: memory.dataset.add([labelled(1, "4")], "correction"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_who_has_answered_is_not_asked_again(name: str, memory: Memory) -> None:
    tell(memory, (ONE, 0.01))
    ANSWERS[name](memory)
    assert waiting(memory) == []
    label = labels(memory)[ONE]
    assert label == {"accept": "7", "accept many": "7", "say another": "4"}.get(name, "1")
    assert tell(memory, (ONE, 0.01), (TWO, 0.02), label=label, instead="8") == (label == "1")
    assert [sha256 for sha256, *_ in waiting(memory)] == [TWO] * (label == "1")


def test_what_the_next_training_doubts_takes_the_place_of_all_that_waits(memory: Memory, tmp_path: Path) -> None:
    tell(memory, (ONE, 0.01), (TWO, 0.02))
    memory.dataset.accept(TWO)
    tell(memory, (THREE, 0.01), (ONE, 0.03))
    assert [sha256 for sha256, *_ in waiting(memory)] == [THREE, ONE]
    tell(memory)
    assert waiting(memory) == []
    assert labels(memory) == {ONE: "1", TWO: "7", THREE: "1"}
    assert is_sound(tmp_path)


def test_nothing_is_written_where_nothing_is_doubted(memory: Memory) -> None:
    before = memory.browser.overview()
    assert tell(memory) == 0
    assert tell(memory, (sha_of(9), 0.01)) == 0  # an image that is gone by now
    assert memory.browser.overview() == before


def test_a_label_that_is_another_by_now_is_not_doubted(memory: Memory) -> None:
    memory.dataset.add([labelled(1, "4")], "correction")
    assert tell(memory, (ONE, 0.01)) == 0


def test_what_waits_because_of_an_upload_is_asked_of_as_it_is(memory: Memory) -> None:
    memory.dataset.add([doubted(1, "3")], "upload")
    assert tell(memory, (ONE, 0.01)) == 0
    assert suspects(memory) == {ONE: "3"}


def test_without_the_upload_there_is_nothing_to_doubt(memory: Memory, tmp_path: Path) -> None:
    tell(memory, (ONE, 0.01), (TWO, 0.02))
    memory.dataset.accept(TWO)
    assert sorted(memory.dataset.remove_batch("1")) == sorted([ONE, TWO, THREE])
    assert memory.browser.overview().suspects == 0
    assert is_sound(tmp_path)


def test_under_an_upload_that_is_undone_is_perhaps_the_label_that_was_meant(memory: Memory) -> None:
    slip = memory.dataset.add([labelled(1, "4")], "upload").batch
    tell(memory, (ONE, 0.01), label="4", instead="1")
    assert waiting(memory) == [(ONE, "4", "1", True)]
    memory.dataset.remove_batch(str(slip))
    assert waiting(memory) == []
    assert labels(memory)[ONE] == "1"


def test_all_that_a_training_doubts_is_undone_as_an_upload_is(memory: Memory) -> None:
    tell(memory, (ONE, 0.01), (TWO, 0.02))
    memory.dataset.accept(ONE)
    (newest, *_) = memory.browser.batches(9)
    assert (newest.source, newest.images) == (DOUBTED, 2)
    memory.dataset.remove_batch(newest.number)
    assert waiting(memory) == []
    assert labels(memory) == dict.fromkeys((ONE, TWO, THREE), "1")
