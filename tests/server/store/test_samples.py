"""Samples stay within what was set, and of the random ones each says how probable it was."""

import numpy as np
import pytest
from sqlalchemy import select

from server.pictures.image import pixels_sha256
from server.pictures.preprocessing import Input
from server.store.content import sample_path
from server.store.errors import NotFound
from server.store.memory import Memory
from server.store.sample import Caps, Seen, Why
from server.store.samples import Samples
from server.store.tables import pending
from server.store.vocabulary import Change, Kind
from tests.opener import Opener
from tests.server.store.memories import labelled, picture, sha_of

CAPS = Caps(an_hour=5, samples=1000, bytes=2**20, days=30)


def pixels(number: int) -> Input:
    return np.random.default_rng(number).integers(0, 256, (28, 28, 1), np.uint8)


def seen(
    number: int, why: Why = Why.RANDOM, rank: float | None = None, hour: int = 7, like: int | None = None
) -> tuple[Seen, Input]:
    made = Seen(
        why=why,
        hour=hour,
        rank=number / 100 if rank is None else rank,
        probability=0.9 if why is Why.RANDOM else None,
        time=f"2026-05-01T{hour:02}:00:00.000+00:00",
        request_id=f"id-{number}",
        position=0,
        version="3",
        predicted="8",
        confidence=0.5,
        margin=0.1,
        score=0.4,
        score_threshold=0.6,
    )
    return made, pixels(number if like is None else like)


def kept(samples: Samples) -> list[str]:
    return [each.request_id for each in samples.every()]


def files_of(opener: Opener) -> set[str]:
    return {path.stem for path in (opener.data / "samples").rglob("*") if path.is_file()}


def agree(memory: Memory, opener: Opener) -> bool:
    """Whether what lies there is what the rows name, and nothing is left to sweep."""
    with memory.database.read() as connection:
        left = connection.execute(select(pending.c.path)).scalars().all()
    return not left and files_of(opener) == {each.sha256 for each in memory.samples.every()}


def test_of_each_reason_and_hour_the_lowest_ranks_are_kept(memory: Memory, opener: Opener) -> None:
    memory.samples.add([seen(number) for number in (9, 3, 7, 1)], CAPS)
    assert memory.samples.gates(7, CAPS.an_hour) == {(Why.RANDOM, 7): 0.9}
    memory.samples.add([seen(number) for number in (8, 2, 4, 6)] + [seen(5, hour=8)], CAPS)
    assert [memory.samples.gates(hour, CAPS.an_hour) for hour in (7, 8)] == [
        {(Why.RANDOM, 7): 0.07},
        {(Why.RANDOM, 8): 0.9},
    ]
    assert set(kept(memory.samples)) == {"id-1", "id-2", "id-3", "id-4", "id-6", "id-5"}
    many = [seen(10 + number, Why.UNSURE, hour=8) for number in range(9)]
    memory.samples.add(many, CAPS)
    assert memory.samples.gates(8, CAPS.an_hour) == {(Why.RANDOM, 8): 0.9, (Why.UNSURE, 8): 0.14}
    assert [each.request_id for each in memory.samples.every()][:5] == [f"id-{n}" for n in range(14, 9, -1)]
    assert agree(memory, opener)


def test_samples_are_called_as_their_classes_are_now(memory: Memory) -> None:
    memory.samples.add([seen(1), seen(2)], CAPS)
    first, second = memory.samples.every()
    memory.samples.note([(first.sha256, {"reviewed": "7"}), (second.sha256, {"feedback": "8"})])
    for change in (Change(Kind.RENAME, "8", "eight"), Change(Kind.MERGE, "7", "eight")):
        memory.classes.change(change, tuple("0123456789"), "ana")
    assert [(each.predicted, each.feedback, each.reviewed) for each in memory.samples.every()] == [
        ("eight", None, "eight"),
        ("eight", "eight", None),
    ]
    memory.classes.change(Change(Kind.REMOVE, "eight"), (), "ana")
    assert memory.samples.find(str(first.id)).predicted == "8"  # as it was answered


def test_the_random_ones_say_how_probable_they_were(memory: Memory) -> None:
    memory.samples.add([seen(number) for number in range(3)], CAPS)
    assert {each.probability for each in memory.samples.every()} == {0.9}
    memory.samples.add([seen(number) for number in range(3, 9)], CAPS)
    assert {each.probability for each in memory.samples.every()} == {0.05}  # had it been higher, it was not kept
    memory.samples.add([seen(20)], CAPS)
    assert {each.probability for each in memory.samples.every()} == {0.05}


def test_each_random_one_stands_for_as_many_as_its_probability_says_whichever_worker_gave_it(opener: Opener) -> None:
    memories, random = [opener(), opener()], np.random.default_rng(1)
    hours, answers = 8, 20
    for hour in range(hours):
        ranks = random.random(answers).tolist()
        met = [seen(number, rank=rank, hour=hour, like=number % 2) for number, rank in enumerate(ranks)]
        for memory, some in zip(memories, (met[:4], met[4:]), strict=True):
            memory.samples.add(some, CAPS)
    found = memories[0].samples.every()
    assert len(found) == hours * CAPS.an_hour
    estimated = sum(1 / (each.probability or 0) for each in found) / hours
    assert abs(estimated - answers) < 7  # with a deviation of 3.5


def test_of_near_copies_one_is_kept_but_each_of_the_random_ones(memory: Memory, opener: Opener) -> None:
    for why in (Why.UNSURE, Why.UNFAMILIAR, Why.RANDOM):
        memory.samples.add([seen(1, why), seen(2, why, like=1)], CAPS)
        memory.samples.add([seen(3, why, like=1)], CAPS)
    found = [(each.why, each.request_id) for each in memory.samples.every()]
    assert found == [("random", "id-3"), ("random", "id-2"), ("random", "id-1"), ("unsure", "id-1")]
    assert len(files_of(opener)) == 1
    memory.samples.remove(str(memory.samples.every()[0].id))
    assert agree(memory, opener)  # the others' file stays
    memory.samples.clear()
    assert files_of(opener) == set()


def test_the_oldest_go_beyond_the_number_and_the_bytes(memory: Memory, opener: Opener) -> None:
    for hour in range(6):
        memory.samples.add([seen(hour, hour=hour)], Caps(5, 4, 2**20, 30))
    assert kept(memory.samples) == ["id-5", "id-4", "id-3", "id-2"]
    number, size = memory.samples.totals()
    assert number == 4
    memory.samples.prune(Caps(5, 4, size - 1, 30), 5)
    assert kept(memory.samples) == ["id-5", "id-4", "id-3"]
    assert agree(memory, opener)


def test_ten_times_the_caps_hold_the_caps(memory: Memory, opener: Opener) -> None:
    caps = Caps(an_hour=5, samples=12, bytes=2**20, days=30)
    for hour in range(2):
        for first in range(0, 50, 25):
            some = [seen(first + number, why, hour=hour) for number in range(25) for why in Why]
            memory.samples.add(some, caps)
    assert memory.samples.totals()[0] == 12
    assert agree(memory, opener)


def test_what_is_too_old_goes(memory: Memory) -> None:
    memory.samples.add([seen(1, hour=7), seen(2, hour=8)], CAPS)
    for hour, left in ((7, ["id-2", "id-1"]), (8, ["id-2"]), (9, [])):
        memory.samples.prune(CAPS, hour + 30 * 24)
        assert kept(memory.samples) == left


def test_samples_are_found_and_removed_one_by_one_by_age_and_all(memory: Memory, opener: Opener) -> None:
    memory.samples.add([seen(number, hour=number) for number in range(6)], CAPS)
    first = memory.samples.every()
    assert memory.samples.find(str(first[0].id)) == first[0]
    assert memory.samples.picture(first[0])[:4] == b"\x89PNG"
    assert first[0].sha256 == pixels_sha256(pixels(5))
    memory.samples.remove(str(first[0].id))
    for missing in (str(first[0].id), "x", "9" * 30):
        with pytest.raises(NotFound, match="no sample"):
            memory.samples.remove(missing)
        with pytest.raises(NotFound, match="no sample"):
            memory.samples.find(missing)
    assert memory.samples.clear("2026-05-01T02:00:00.000+00:00") == 2
    assert kept(memory.samples) == ["id-4", "id-3", "id-2"]
    assert memory.samples.clear() == 3
    assert memory.samples.totals() == (0, 0)
    assert agree(memory, opener)


def test_another_models_samples_are_its_own_and_share_files(opener: Opener, memory: Memory) -> None:
    letters = opener("letters")
    letters.samples.add([seen(1)], CAPS)
    memory.samples.add([seen(1)], CAPS)
    assert memory.samples.clear() == 1
    memory.samples.prune(Caps(1, 1, 1, 1), 10**6)
    assert kept(letters.samples) == ["id-1"]
    assert files_of(opener) == {pixels_sha256(pixels(1))}


def test_a_sample_and_an_upload_of_the_same_pixels_are_two_files(memory: Memory, opener: Opener) -> None:
    memory.dataset.add([labelled(1)], "upload")
    made, _ = seen(1)
    memory.samples.add([(made, np.asarray(picture(1))[:, :, None])], CAPS)
    assert memory.samples.every()[0].sha256 == sha_of(1)
    memory.dataset.remove(sha_of(1))
    assert (opener.data / sample_path(sha_of(1))).is_file()
    memory.dataset.add([labelled(1)], "upload")
    memory.samples.clear()
    assert memory.browser.picture(sha_of(1)).sha256 == sha_of(1)
    assert len(list(opener.data.rglob("*.png"))) == 1


def test_files_that_can_not_be_named_are_swept(memory: Memory, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(memory.samples, "_prune", fail)
    with pytest.raises(OSError, match="no"):
        memory.samples.add([seen(1)], CAPS)
    assert agree(memory, opener)
    assert files_of(opener) == set()


def test_samples_under_way_take_nothing_of_the_quota_of_uploads(opener: Opener) -> None:
    memory = opener(images_limit=1)
    claim = memory.content.claim("data", [sample_path("ab" * 32)])
    memory.dataset.add([labelled(1)], "upload")
    memory.content.drop(claim)
