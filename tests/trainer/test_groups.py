"""Near copies among uploads are in one part, wherever later ones come from."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.pictures.preprocessing import Preprocessing
from server.store.dataset import Labelled
from tests.digits import mnist
from tests.tiny import memory_in
from trainer.dataset import nothing
from trainer.deal import Member, dealt
from trainer.groups import leaders, of_one_half, with_leaders
from trainer.parts import kept_apart
from trainer.prepare import prepare

DIGITS = mnist("train")
FRAMES = 5
PARTS = ("fit", "validation", "gate", "test")


def burst(picture: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """A picture (height, width, channels), and how a camera sees it a moment later: moved, in another light, noisy."""
    frames = [picture]
    for _ in range(FRAMES - 1):
        moved = np.roll(picture, random.integers(-1, 2, 2), (0, 1)) * random.uniform(0.8, 1)
        frames.append((moved + random.normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8))
    return frames


def bursts(number: int, count: int) -> np.ndarray:
    """So many of different pictures of one digit, one burst after another."""
    random = np.random.default_rng(number)
    return np.stack(
        [each for at in DIGITS.of_class(number, count) for each in burst(DIGITS.images[at][..., None], random)]
    )


def members(images: np.ndarray, label: str = "4") -> list[Member]:
    random = np.random.default_rng(len(label))
    return [Member(row, label, None, random.bytes(32).hex(), bytes([row])) for row in range(len(images))]


def test_a_burst_is_a_group_and_other_pictures_are_none() -> None:
    found = np.array(list(leaders(bursts(4, 40)))).reshape(40, FRAMES)
    firsts = np.arange(40) * FRAMES
    assert (found[:, 0] == firsts).mean() > 0.95
    assert (found == firsts[:, None]).mean() > 0.9


def test_what_comes_later_changes_no_group() -> None:
    images = np.random.default_rng(1).permutation(bursts(8, 16))
    whole = list(leaders(images))
    for count in (0, 1, 7, 30):
        assert list(leaders(images[:count])) == whole[:count]


def test_a_group_is_in_one_part_and_every_part_has_some() -> None:
    images = bursts(4, 30)
    some = with_leaders(members(images), images)
    part = dict(dealt(some))
    assert len({each.leader for each in some}) < 40
    for leader in {each.leader for each in some}:
        assert len({part[each.row] for each in some if each.leader == leader}) == 1
    counts = Counter(part.values())
    assert set(counts) == set(PARTS)
    assert counts["fit"] >= len(images) / 2


def test_a_frame_more_of_known_pictures_moves_nothing() -> None:
    images = bursts(4, 30)
    random = np.random.default_rng(2)
    more = np.concatenate([images, np.stack(burst(images[0], random) + burst(images[50], random))])
    before, after = (dict(dealt(with_leaders(members(each), each))) for each in (images, more))
    assert {row: after[row] for row in before} == before


def test_where_all_are_of_one_group_they_are_dealt_one_by_one() -> None:
    images = np.stack(burst(DIGITS.images[2][..., None], np.random.default_rng(3)) * 6)
    some = with_leaders(members(images), images)
    assert Counter(part for _, part in dealt(some)) == Counter(part for _, part in dealt(members(images)))


def test_a_model_that_began_from_nothing_is_not_judged_by_what_it_saw_a_frame_before(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    vocabulary = memory.classes.begin(("3", "8"), "ana")
    groups = {}
    for label in ("3", "8"):
        for frame, image in enumerate(bursts(int(label), 20)):
            memory.dataset.add([Labelled(Image.fromarray(image[..., 0]), label)], "upload")
            groups[memory.browser.page(1).pictures[0].sha256] = label, frame // FRAMES
    (tmp_path / "work").mkdir()
    prepared = prepare(nothing(vocabulary), memory, Preprocessing("resize", 28, 28, 1, 2), tmp_path / "work")
    part = {prepared.sha256s[int(row)]: name for name in PARTS for row in prepared.rows[name]}
    together = Counter(len({part[each] for each in part if groups[each] == group}) for group in set(groups.values()))
    assert together[1] >= 36
    learnt = {groups[each] for each in part if part[each] == "fit"}
    assert sum(groups[each] in learnt for each in part if part[each] != "fit") <= 4


@pytest.mark.parametrize("oldest_judges", [True, False])
def test_a_group_is_for_what_its_oldest_is_for(oldest_judges: bool) -> None:
    """Of each burst beside a base two frames are of the other half: the oldest decides, and those are left out."""
    images, classes = bursts(4, 30), np.zeros(30 * FRAMES, np.int32)
    frame = np.arange(len(images)) % FRAMES
    judging, learnt = np.flatnonzero((frame < 3) == oldest_judges), np.flatnonzero((frame < 3) != oldest_judges)
    rows = {"uploads": learnt, "held out": judging} | {part: np.arange(0) for part in PARTS}
    apart = kept_apart(images, classes, rows)
    of_oldest, of_others = ("held out", "uploads") if oldest_judges else ("uploads", "held out")
    assert len(apart[of_others]) <= 4
    assert len(apart[of_oldest]) >= 80


def test_uploads_under_two_labels_are_no_group() -> None:
    """Of which label is right nobody can tell; a copy of what judges is left out all the same."""
    images = np.stack([DIGITS.images[2], DIGITS.images[2], *DIGITS.images[10:14]])[..., None]
    found = of_one_half(images, np.array([0, 1, 0, 1, 0, 1], np.int32), np.array([0, 2, 3]), np.array([1, 4, 5]))
    assert [each.tolist() for each in found] == [[0, 2, 3], [1, 4, 5]]
