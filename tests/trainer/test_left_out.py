"""One picture in which nothing is found, or that is broken, is left out and named; the others are learnt."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.pictures.preprocessing import Preprocessing
from server.store.content import picture_path
from server.store.dataset import Labelled
from tests.digits import Digits, encoded
from tests.tiny import memory_in
from trainer.dataset import find
from trainer.prepare import Prepared, prepare

DIGIT = Preprocessing("digit", 28, 28, 1, 2)


@pytest.fixture
def prepared(tmp_path: Path, digits: Digits) -> Prepared:
    """30 digits, one of them a blank; and three uploads: a digit, a blank and one whose file was damaged since."""
    for position in range(30):
        folder = tmp_path / "set" / str(digits.classes[position] % 2)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{position}.png").write_bytes(digits.png(position))
    (tmp_path / "set/1/blank.png").write_bytes(encoded(Image.new("L", (28, 28), 255), "PNG"))
    memory = memory_in(tmp_path)
    sent = [Image.fromarray(digits.images[40]), Image.new("L", (28, 28), 7), Image.fromarray(digits.images[42])]
    memory.dataset.add([Labelled(each, "1") for each in sent], "upload")
    damaged = memory.browser.learnable()[2]
    files = [memory.content.path("data", picture_path(each.sha256)) for each in damaged]
    of_digits = [path for path in files if np.asarray(Image.open(path)).std() > 0]
    of_digits[-1].write_bytes(of_digits[-1].read_bytes()[:60])
    work = tmp_path / "work"
    work.mkdir()
    return prepare(find(tmp_path / "set"), memory, DIGIT, work)


def test_each_is_named_and_the_others_are_learnt(prepared: Prepared, capsys: pytest.CaptureFixture[str]) -> None:
    assert sum(len(prepared.rows[part]) for part in ("fit", "validation", "gate", "test")) == 30
    assert len(prepared.left_out) == 3
    assert "set/1/blank.png" in prepared.left_out[0]
    assert all(each.count(".png: ") == 1 and len(each.split(".png: ")[1]) > 5 for each in prepared.left_out)
    assert any("blank.png" in note for note in prepared.notes)
