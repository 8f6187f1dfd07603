"""Held-out uploads rotate in, and nothing that judged a version was learnt by it."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from server.store.check.run import CLEAN
from server.store.content import picture_path
from server.store.lineage import Heir
from server.store.memory import Memory
from server.store.standing import Revision
from server.store.tables import lesson
from tests.opener import Opener
from tests.server.store.memories import doubted, labelled, sha_of
from tests.server.store.test_check import check
from tests.server.store.test_lineage import TEST, TRAIN, trained

ROOT = Path(__file__).parents[3]
MOST = 3


@pytest.fixture
def rotating(memory: Memory) -> Memory:
    memory.dataset.held_out_limit = MOST
    return memory


def judging(memory: Memory) -> list[str]:
    """The images that judge, the oldest first."""
    return [each.sha256 for each in memory.browser.learnable()[2] if each.split == "test"]


def shas(numbers: list[int]) -> list[str]:
    return [sha_of(number) for number in numbers]


def test_the_newest_judge_and_the_older_are_learnt_from(rotating: Memory) -> None:
    for number in TEST[:MOST]:
        rotating.dataset.add([labelled(number)], "upload")
    assert judging(rotating) == shas(TEST[:MOST])
    heard = rotating.browser.overview().decision
    rotating.dataset.add([labelled(number) for number in (*TRAIN[:4], *TEST[MOST:5])], "upload")
    assert judging(rotating) == shas(TEST[2:5])
    overview, images = rotating.browser.overview(), {each.sha256: each for each in rotating.browser.learnable()[2]}
    assert overview.counts == {"train": {"1": 6}, "test": {"1": 3}}
    assert {each.sha256 for each in images.values() if each.since > heard} == set(
        shas([*TRAIN[:4], *TEST[:2], *TEST[3:5]])
    )
    assert not any(each.corrected for each in images.values())
    assert rotating.browser.picture(sha_of(TEST[0])).split == "train"


def test_all_judge_where_nothing_is_set(memory: Memory) -> None:
    memory.dataset.add([labelled(number) for number in TEST], "upload")
    assert judging(memory) == shas(TEST)


def test_more_in_one_upload_than_judge_leave_the_last(rotating: Memory) -> None:
    rotating.dataset.add([labelled(number) for number in TEST[:8]], "upload")
    assert judging(rotating) == shas(TEST[8 - MOST : 8])


def test_the_file_stays_where_it_is(rotating: Memory, data: Path) -> None:
    rotating.dataset.add([labelled(number) for number in TEST[:5]], "upload")
    for number in TEST[:5]:
        assert (data / picture_path(sha_of(number))).is_file()
        assert picture_path(sha_of(number)).startswith("test/")
    rotating.dataset.remove(sha_of(TEST[0]))
    assert not (data / picture_path(sha_of(TEST[0]))).exists()


@pytest.mark.parametrize("way", ["removed", "put aside", "undone"])
def test_what_was_learnt_from_never_judges_again(rotating: Memory, way: str) -> None:
    first = rotating.dataset.add([labelled(number) for number in TEST[:4]], "upload").batch
    gone = sha_of(TEST[0])
    assert gone not in judging(rotating)
    if way == "removed":
        rotating.dataset.remove(gone)
    elif way == "put aside":
        rotating.revisions.make(Revision.REMOVE, [gone], "api")
    else:
        rotating.dataset.remove_batch(str(first))
    rotating.dataset.held_out_limit = 0
    rotating.dataset.add([labelled(TEST[0], "4")], "upload")
    images = {each.sha256: each.split for each in rotating.browser.learnable()[2]}
    assert images[gone] == "train"
    assert rotating.browser.picture(gone).split == "train"


def test_lineage_tells_who_was_judged_and_who_learned(rotating: Memory) -> None:
    batch = rotating.dataset.add([labelled(TEST[0])], "upload").batch
    trained(rotating)
    rotating.dataset.add([labelled(number) for number in TEST[1:4]], "upload")
    trained(rotating)
    heirs = rotating.lineage.heirs(sha_of(TEST[0]))
    assert (heirs.judged, heirs.learned) == ([Heir("1", "1")], [Heir("2", "1")])
    assert rotating.lineage.holders(batch).learned == ["2"]


def test_what_is_only_suspected_takes_no_place(rotating: Memory) -> None:
    rotating.dataset.add([labelled(number) for number in TEST[:MOST]], "upload")
    rotating.dataset.add([doubted(number, "5") for number in TEST[MOST:6]], "upload")
    assert judging(rotating) == shas(TEST[:MOST])


def test_a_model_that_began_from_nothing_is_parted_by_training(rotating: Memory) -> None:
    rotating.classes.begin(("1", "2"), "ana")
    rotating.dataset.add([labelled(number) for number in TEST[:6]], "upload")
    assert judging(rotating) == shas(TEST[:6])


@pytest.mark.parametrize("seed", range(3))
def test_no_image_judges_once_a_version_could_have_learned_from_it(
    memory: Memory, opener: Opener, tmp_path: Path, seed: int
) -> None:
    """Whatever comes, goes, is said anew or is set, an image is one thing at a time, and goes one way only."""
    chance = random.Random(seed)  # noqa: S311
    batches = []
    for _ in range(40):
        memory.dataset.held_out_limit = chance.choice([0, 2, 4, 7])
        some = [labelled(number, chance.choice("12")) for number in chance.sample(range(60), 5)]
        batch = memory.dataset.add(some, chance.choice(["upload", "correction"])).batch
        batches += [batch] if batch is not None else []
        there = [each.sha256 for each in memory.browser.learnable()[2]]
        match chance.randrange(4):
            case 0:
                memory.dataset.remove(chance.choice(there))
            case 1 if batches:
                memory.dataset.remove_batch(batches.pop())
            case 2:
                memory.revisions.make(Revision.RELABEL, chance.sample(there, 2), "api", "3")
    with memory.database.read() as connection:
        lessons = connection.execute(select(lesson).order_by(lesson.c.sha256, lesson.c.id)).all()
    moved = 0
    for before, after in pairwise(lessons):
        if before.sha256 == after.sha256:
            assert before.until is not None
            assert before.until <= after.since
            assert (before.split, after.split) != ("train", "test")
            moved += before.split != after.split
    assert moved
    if not opener.database:
        assert check(tmp_path, baseline=ROOT / "artifacts/baseline")[0] == CLEAN
