"""A version's card says what its report says, to programs and to people, whatever a label or a figure is."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.models.card import card
from server.store.manifest import Manifest

BASELINE = Path(__file__).parents[3] / "artifacts/baseline"
MANIFEST = Manifest.from_json((BASELINE / "manifest.json").read_bytes())
EVIL = "<script>alert(1)</script> | *[x](y)* `a`\n# b"


@pytest.fixture
def figures() -> dict[str, Any]:
    found = json.loads((BASELINE / "report/report.json").read_text())
    assert isinstance(found, dict)
    return found


def card_of(figures: dict[str, Any], labels: tuple[str, ...] = MANIFEST.labels) -> str:
    return card("digits", labels, MANIFEST.preprocessing, MANIFEST.outputs, figures).decode()


def front_matter(text: str) -> dict[str, Any]:
    _, matter, _ = text.split("---\n", 2)
    found = yaml.safe_load(matter)
    assert isinstance(found, dict)
    return found


def rows(text: str, heading: str) -> dict[str, list[str]]:
    """A table under a heading: the first cell of each row -> the others, its heads among them."""
    section = text.partition(f"# {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return {first: others for first, *others in lines if first != "---"}


def is_near(told: str, figure: float) -> bool:
    return float(told) == pytest.approx(figure, rel=1e-5)


def test_programs_are_told_the_figures_of_the_report(figures: dict[str, Any]) -> None:
    found = front_matter(card_of(figures))
    test = figures["metrics"]["test"]
    (result,) = found["model-index"][0]["results"]
    assert {each["type"]: each["value"] for each in result["metrics"]} == {
        name: test[name] for name in ("accuracy", "precision", "recall", "f1")
    }
    assert (found["pipeline_tag"], found["library_name"]) == ("image-classification", "onnx")
    assert found["model-index"][0]["name"] == "digits"
    assert result["task"]["type"] == "image-classification"
    assert {"name", "type"} <= set(result["dataset"])  # without which the hub reads no result


def test_people_are_told_the_same_figures(figures: dict[str, Any]) -> None:
    text = card_of(figures)
    told = rows(text, "Figures")
    heads = [head.replace(" ", "_") for head in told.pop("part")]
    for part, found in figures["metrics"].items():
        assert all(is_near(cell, found[head]) for head, cell in zip(heads, told[part], strict=True))
    told = rows(text, "Classes, on the test part")
    heads = told.pop("label")
    classes = figures["metrics"]["test"]["classes"]
    assert set(told) == set(classes)
    for label, found in classes.items():
        assert all(is_near(cell, found[head]) for head, cell in zip(heads, told[label], strict=True))
    told = rows(text, "Training")
    for part, counts in figures["dataset"].items():
        assert told[f"images, {part}"] == [str(sum(counts.values()))]
    for name in ("epochs", "batch_size", "seconds", "decision"):
        assert is_near(told[name.replace("_", " ")][0], figures["training"][name])
    assert f"{figures['calibration']['score_threshold']:.6g}" in text
    assert figures["gate"]["known"] in text


def test_a_card_names_the_weights_that_training_began_with(figures: dict[str, Any]) -> None:
    figures["training"]["backbone"] = {"name": "efficientnet-lite0", "licence": "Apache-2.0", "sha256": "57934424"}
    found = rows(html.unescape(card_of(figures)), "Training")
    assert found["backbone: name"] == ["efficientnet-lite0"]
    assert found["backbone: licence"] == ["Apache-2.0"]
    assert found["backbone: sha256"] == ["57934424"]
    assert "recipe: epochs" in found


def test_a_label_is_no_markdown_and_no_html(figures: dict[str, Any]) -> None:
    text = json.dumps(figures).replace('"7":', json.dumps(EVIL) + ":")
    made = card_of(json.loads(text), (*MANIFEST.labels[:7], EVIL, *MANIFEST.labels[8:]))
    assert "<script>" not in made
    assert "[x]" not in made
    assert "# b" not in made
    assert len(rows(made, "Classes, on the test part")) == 1 + len(MANIFEST.labels)


@pytest.mark.parametrize(
    "changed",
    [{}, {"metrics": []}, {"metrics": {"test": {"accuracy": float("nan")}}}, {"training": 3, "dataset": {"a": 1}}],
)
def test_a_report_with_less_has_a_card_with_less(changed: dict[str, Any]) -> None:
    text = card_of(changed)
    assert "model-index" not in front_matter(text)
    assert "# digits" in text
    assert not re.search(r"\bnan\b", text)
