"""What a report weighs is bounded, however many classes there are and whatever they are called."""

import json
import warnings
from typing import Any

import numpy as np
import pytest

from tests.trainer.test_report import BASELINE
from trainer.confusion import FOLDED_CLASSES, LISTED, OTHERS, WHOLE_CLASSES, confusion
from trainer.evaluate import metrics
from trainer.report import report_files

CLASSES = 1000
SCRIPTS = ("kočka", "Δέλτα", "собака", "猫", "ねこ", "고양이", "قطة", "बिल्ली", "🐈‍⬛", "$\\frac$", "a_b^c$", "<b>&")
NAMES = tuple(f"{SCRIPTS[number % len(SCRIPTS)]} {number}" for number in range(CLASSES))


def answers(random: np.random.Generator, classes: int, images: int) -> tuple[np.ndarray, np.ndarray]:
    true = np.arange(images, dtype=np.int32) % classes
    return true, np.where(random.random(images) < 0.3, random.integers(0, classes, images), true)


def figures_of(labels: tuple[str, ...], random: np.random.Generator) -> dict[str, Any]:
    """The shipped report's, with a test part and counts of so many classes."""
    figures: dict[str, Any] = json.loads((BASELINE / "report/report.json").read_text())
    true, predicted = answers(random, len(labels), 5 * len(labels))
    probabilities = np.full((len(true), len(labels)), 0.1 / len(labels), np.float32)
    probabilities[np.arange(len(true)), predicted] += 0.9
    found = metrics(probabilities, true, labels)
    figures["metrics"] = {part: found | {"mean_score": 0.5} for part in ("validation", "held out", "test")}
    parts = ("fit", "validation", "gate", "test", "uploads", "held out")
    figures["dataset"] = {part: dict.fromkeys(labels, 7) for part in parts}
    return figures


def test_a_report_of_a_thousand_classes_is_small(random: np.random.Generator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        files = report_files(figures_of(NAMES, random))
    assert len(files["report/report.json"]) < 2 * 2**20
    assert all(len(data) < 2**20 for name, data in files.items() if name.endswith(".svg"))
    assert len(files["report/report.html"]) < 3 * 2**20
    test = json.loads(files["report/report.json"])["metrics"]["test"]
    assert "confusion" not in test
    assert len(test["confused"]) == LISTED
    assert len(test["folded"]["labels"]) == len(test["folded"]["counts"]) == FOLDED_CLASSES + 1
    assert NAMES[3] in files["report/report.html"].decode()


def test_names_in_any_script_are_drawn_without_warnings(random: np.random.Generator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        files = report_files(figures_of(SCRIPTS, random))
    for name in ("猫", "бака", "$\\frac$"):
        assert name in files["report/confusion.svg"].decode()


@pytest.mark.parametrize("classes", [3, WHOLE_CLASSES, WHOLE_CLASSES + 1, 400])
def test_no_image_is_lost_by_folding(random: np.random.Generator, classes: int) -> None:
    labels = NAMES[:classes]
    true, predicted = answers(random, classes, 3000)
    found = confusion(true, predicted, labels)
    matrix = np.array(found["confusion"] if classes <= WHOLE_CLASSES else found["folded"]["counts"])
    assert matrix.sum() == 3000
    names = labels if classes <= WHOLE_CLASSES else found["folded"]["labels"]
    for row, label in enumerate(names):
        if label != OTHERS:
            assert matrix[row].sum() == (true == labels.index(label)).sum()
    worst = found["confused"][0]
    pair = (true == labels.index(worst["label"])) & (predicted == labels.index(worst["predicted"]))
    assert worst["images"] == pair.sum() == max(each["images"] for each in found["confused"])
