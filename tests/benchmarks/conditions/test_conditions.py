"""The conditions are many, drawn the same each time from digits that no two sets share, and their figures add up."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import shipped
from benchmarks.conditions import __main__ as command
from benchmarks.conditions import glyphs, measure
from benchmarks.conditions.kinds import Sample
from server.models.model import Model
from tests.digits import mnist, png_of

FEW = 4


@pytest.fixture(scope="module")
def model() -> Model:
    return shipped.load(measure.BATCH)


def test_there_are_at_least_forty_conditions_and_each_draws_pictures(model: Model) -> None:
    assert len(measure.CONDITIONS) >= 40
    for name in measure.CONDITIONS:
        samples = measure.drawn(name, "look", FEW)
        for sample in samples:
            assert sample.label in (None, *model.labels)
            assert (sample.label is None) == name.startswith("no digit")
            Image.open(io.BytesIO(sample.file)).load()
        assert [sample.file for sample in measure.drawn(name, "look", FEW)] == [sample.file for sample in samples]


def test_the_sets_share_no_digit() -> None:
    pictures = [{glyph.picture.tobytes() for glyph in measure._digits(chosen, 100)} for chosen in measure.SETS]  # type: ignore[union-attr]
    assert all(len(each) == 100 for each in pictures)
    assert not pictures[0] & pictures[1] | pictures[0] & pictures[2] | pictures[1] & pictures[2]


def test_a_digit_on_plain_paper_is_right_and_what_is_none_is_not(model: Model) -> None:
    found = measure.answers(model, measure.drawn("white paper", "look", 60))
    assert found.figures(model.score_threshold or 0)["right"] >= 0.95
    none = measure.answers(model, measure.drawn("no digit: four digits", "look", 20))
    figures = none.figures(model.score_threshold or 0)
    assert figures["right"] == 0
    assert figures["refused"] + figures["flagged"] + figures["sure and wrong"] == pytest.approx(1)


def test_a_thinned_stroke_keeps_its_length_and_is_a_pixel_wide() -> None:
    bones = glyphs.thinned(np.pad(np.ones((9, 60), bool), 10))
    assert 40 <= bones.sum() <= 62
    assert bones.sum(axis=0).max() <= 2


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    above, below = np.array([0.9, 0.5, 0.5], np.float32), np.array([0.1, 0.5], np.float32)
    assert measure.area(above, below) == pytest.approx(5 / 6)


def test_a_folder_of_own_pictures_is_read_by_its_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digits = mnist("t10k")
    for position in range(12):
        folder = tmp_path / "mine" / str(digits.classes[position])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{position}.png").write_bytes(png_of(digits.images[position]))
    results, sheet = tmp_path / "results.json", tmp_path / "sheet.png"
    command.main(["--folder", str(tmp_path / "mine"), "--results", str(results), "--sheet", str(sheet)])
    figures = json.loads(results.read_text())
    assert set(figures["conditions"]) == {str(label) for label in digits.classes[:12]}
    assert all(each["right"] == 1 for each in figures["conditions"].values())
    assert "| condition |" in capsys.readouterr().out
    Image.open(sheet).load()


def test_earlier_figures_stand_beside_the_new_ones(model: Model) -> None:
    found = {"white paper": measure.answers(model, [Sample(png_of(mnist("t10k").images[0]), "7")])}
    results = command.summary(model, "look", 1, found)
    assert "| white paper | 100.0 → 100.0 |" in command.table(results, results)
