"""An upload as it was sent, its paper cut off, is near to the picture that it is a copy of."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.pictures.preprocessing import NEWEST, Preprocessing
from tests.digits import mnist
from trainer.likeness import copies
from trainer.moved import Moved
from trainer.sent import Sent, as_sent

DIGIT = Preprocessing("digit", 28, 28, 1, NEWEST["digit"])
JUDGING = mnist("t10k").images[..., None]
RESTLESS = [1911, 5608, 7921, 9697]  # the preprocessing makes pictures of their copies to which thousands are nearer
COPIED = [*range(4), *RESTLESS]
MOVED = Moved(JUDGING, DIGIT)  # each once for all of these tests


def shifted(digit: np.ndarray) -> np.ndarray:
    return np.roll(digit, (1, -1), (0, 1))


def pasted(digit: np.ndarray) -> np.ndarray:
    return np.pad(digit, ((0, 60), (10, 50)))


def enlarged(digit: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC))


def inverted(digit: np.ndarray) -> np.ndarray:
    return 255 - digit


@pytest.mark.parametrize("way", [shifted, pasted, enlarged, inverted])
def test_what_is_near_tells_the_same_of_a_few_pictures_as_all_originals(
    way: Callable[[np.ndarray], np.ndarray],
) -> None:
    files = [Image.fromarray(way(JUDGING[number, :, :, 0])) for number in COPIED]
    images = np.concatenate([JUDGING, np.stack([DIGIT.apply(file) for file in files])])
    rows, of = np.arange(len(JUDGING), len(images)), np.arange(len(JUDGING))
    asked: list[int] = []

    def counted(some: np.ndarray) -> np.ndarray:
        asked.extend(some.tolist())
        return MOVED.of(some)

    sent = Sent(lambda row: files[row - len(JUDGING)], DIGIT)
    found = copies(images, rows, of, counted, sent.of)
    assert 0 < len(asked) < len(JUDGING) / 5
    assert found.sum() >= len(COPIED) - 1
    assert np.array_equal(found, copies(images, rows, of, MOVED.of))


def test_too_many_pairs_are_not_in_memory_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.likeness.PAIRS", 2 * 1000 - 1)

    def nothing(_: np.ndarray) -> np.ndarray:
        raise AssertionError

    assert not copies(JUDGING, np.arange(1000, 1002), np.arange(1000), MOVED.of, nothing).any()


def test_a_digit_in_its_place_is_as_it_was_and_one_on_more_paper_is_as_large() -> None:
    for digit in JUDGING[:20, :, :, 0]:
        whole, cut = as_sent(Image.fromarray(digit), 28, 28)
        assert whole.dtype == np.uint8
        assert np.array_equal(whole[:, :, 0], digit)
        assert np.corrcoef(cut.ravel(), as_sent(Image.fromarray(pasted(digit)), 28, 28)[1].ravel())[0, 1] > 0.99
        assert 19 <= max(np.count_nonzero(cut.any(axis=axis)) for axis in ((1, 2), (0, 2))) <= 20
    assert not as_sent(Image.new("RGB", (300, 200), "white"), 28, 28).any()


def test_of_what_is_fitted_as_it_is_there_is_nothing_else_to_look_for() -> None:
    resized = replace(DIGIT, mode="resize", number=1)
    assert Sent(lambda _: Image.fromarray(JUDGING[0, :, :, 0]), resized).of(np.arange(3)).shape == (0, 28, 28, 1)


def test_a_damaged_file_is_near_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert not Sent(lambda _: Image.open(tmp_path / "damaged.png"), DIGIT).of(np.arange(1)).any()
