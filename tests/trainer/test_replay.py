"""What was just taught is heard, at any number of older uploads, and the base is replayed."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.prepare import Prepared
from trainer.replay import REPEAT, REPEAT_ALONE, Replay

LABELS = tuple("0123456789")
BASE = 900
HEARD = 5
OLD, NEW = (3, False), (8, False)
CORRECTED = (8, True)


def prepared_with(*uploads: tuple[int, tuple[int, bool], int], base: int = BASE, labels: int = 10) -> Prepared:
    """A base, and so many uploads each, taught then and corrected or not, of a class."""
    counts, taught, classes = zip(*uploads, strict=True) if uploads else ((), (), ())
    of_uploads = np.repeat(np.array(classes, np.int32), counts)
    rows = {"fit": np.arange(base), "uploads": np.arange(base, base + len(of_uploads))}
    told = [each for count, each in zip(counts, taught, strict=True) for _ in range(count)]
    of_all = np.concatenate([np.arange(base, dtype=np.int32) % labels, of_uploads])
    images = np.zeros((len(of_all), 1, 1, 1), np.uint8)
    return Prepared(LABELS[:labels], images, of_all, rows, (), 0, taught=dict(enumerate(told, base)), heard=HEARD)


def replay_of(prepared: Prepared, share: float = 0.25) -> Replay:
    return Replay(prepared, share, seed=0)


def times(replay: Replay, rows: np.ndarray, epochs: int = 1) -> list[int]:
    """How often each of some rows comes in so many epochs."""
    counts = Counter(np.concatenate([replay.epoch(number) for number in range(epochs)]).tolist())
    return [counts[row] for row in rows.tolist()]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("uploads", [0, 3, 40, 299, 5000])
def test_uploads_never_make_up_more_than_their_share(uploads: int, share: float) -> None:
    replay = replay_of(prepared_with((uploads // 2, OLD, 1), (uploads - uploads // 2, NEW, 2)), share)
    rows = replay.epoch(0)
    from_uploads = int((rows >= BASE).sum())
    assert len(rows) == len(replay)
    assert from_uploads <= share * len(rows)
    assert np.array_equal(np.sort(rows[rows < BASE]), np.arange(BASE))
    assert from_uploads > 0 or not uploads or not share


def test_few_uploads_are_repeated_evenly() -> None:
    assert times(replay_of(prepared_with((5, NEW, 0), (5, NEW, 1))), np.arange(BASE, BASE + 10)) == [REPEAT] * 10


@pytest.mark.parametrize("older", [0, 1000, 40_000, 400_000])
def test_new_corrections_are_heard_at_any_number_of_older_uploads(older: int) -> None:
    corrections = [(10, CORRECTED, number) for number in range(10)]
    old = [(older // 10, OLD, number) for number in range(10)]
    replay = replay_of(prepared_with(*old, *corrections, base=49_000))
    new = np.arange(49_000 + older, 49_000 + older + 100)
    assert times(replay, new) == [REPEAT] * 100


def test_of_too_many_each_epoch_takes_the_next() -> None:
    many, few = ([(count, kind, number) for number in range(10)] for count, kind in ((400, OLD), (20, NEW)))
    prepared = prepared_with(*many, *few)
    replay, new = replay_of(prepared), np.arange(BASE + 4000, BASE + 4200)
    assert times(replay, new) == [1] * 200
    old = [set(replay.epoch(number)[replay.epoch(number) >= BASE]) - set(new) for number in range(3)]
    assert [len(each) for each in old] == [100] * 3
    assert len(set.union(*old)) == 300
    assert replay.images(3) == BASE + 200 + 300


def test_new_corrections_come_before_what_is_new_and_that_before_what_is_old() -> None:
    many = [(500, kind, number) for kind in (OLD, NEW, CORRECTED, (3, True)) for number in range(10)]
    rows = replay_of(prepared_with(*many)).epoch(0)
    kinds = Counter(((rows[rows >= BASE] - BASE) // 5000).tolist())
    assert kinds == {0: 50, 1: 100, 2: 100, 3: 50}


def test_a_label_of_many_uploads_leaves_room_for_the_others() -> None:
    prepared = prepared_with((1700, NEW, 7), (4, NEW, 3), (30, OLD, 7))
    rows = replay_of(prepared).epoch(0)
    shown = Counter(prepared.classes[rows].tolist())
    assert shown[7] == 180  # as many uploads as the base has of a class
    assert shown[3] == 90 + 4 * REPEAT
    assert shown[7] / len(rows) < 0.18


@pytest.mark.parametrize(("images", "shown"), [(3, 3 * REPEAT_ALONE), (12, 100), (99, 100), (250, 250)])
def test_a_class_that_uploads_alone_teach_comes_up_to_the_mean_of_the_others(images: int, shown: int) -> None:
    prepared = prepared_with((images, NEW, 9), (40, NEW, 1), labels=9)
    parted = {"fit": np.arange(BASE + images), "uploads": np.arange(BASE + images, BASE + images + 40)}
    replay = replay_of(replace(prepared, labels=LABELS, rows=parted, alone=frozenset({"9"})))
    added = times(replay, parted["fit"][BASE:])
    assert sum(added) == shown
    assert max(added) - min(added) <= 1 <= min(added)
    assert times(replay, parted["fit"][:BASE]) == [1] * BASE
    assert sum(times(replay, parted["uploads"])) == -(-(BASE + shown) // 10)  # as many as a class of the base has


def test_a_rare_label_has_as_much_room_as_a_frequent_one() -> None:
    prepared = prepared_with((1000, NEW, 1), (2000, NEW, 2), (20, NEW, 3))
    shown = Counter(prepared.classes[replay_of(prepared, 0.2).epoch(0)].tolist())
    assert [shown[label] - 90 for label in (1, 2, 3)] == [75, 75, 75]


def test_the_same_seed_makes_the_same_plan() -> None:
    prepared = prepared_with((700, OLD, 1), (700, NEW, 2))
    one, other = (Replay(prepared, 0.25, seed) for seed in (1, 1))
    assert all(np.array_equal(one.epoch(number), other.epoch(number)) for number in range(3))
    assert not np.array_equal(one.epoch(0), Replay(prepared, 0.25, 2).epoch(0))
    assert not np.array_equal(one.epoch(0), one.epoch(1))


Taught = tuple[int, tuple[int, bool], int]
UPLOADS = st.lists(
    st.tuples(st.integers(1, 300), st.sampled_from([OLD, NEW, CORRECTED, (3, True)]), st.integers(0, 9)), max_size=12
)


@given(UPLOADS, st.sampled_from([0.05, 0.25, 0.6]), st.integers(10, 400))
def test_room_is_used_as_far_as_limits_allow(uploads: list[Taught], share: float, base: int) -> None:
    prepared = prepared_with(*uploads, base=base)
    rows = replay_of(prepared, share).epoch(1)
    taken = Counter(rows[rows >= base].tolist())
    of_label = Counter(prepared.classes[rows[rows >= base]].tolist())
    room, most = int(base * share / (1 - share)), -(-base // 10)
    assert max(taken.values(), default=0) <= REPEAT
    assert max(of_label.values(), default=0) <= most
    there = Counter(prepared.classes[base:].tolist())
    assert sum(taken.values()) == min(room, sum(min(most, REPEAT * count) for count in there.values()))
