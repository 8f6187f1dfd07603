"""Each benchmark runs, and what it writes has the form that the tables are made from. No figure is judged here."""

import json
import math
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-serve/bin/python"
NAMES = (
    "batch",
    "canaries",
    "copies",
    "drift",
    "growth",
    "held",
    "large",
    "latency",
    "observing",
    "overload",
    "pictures",
    "stages",
    "start",
    "store",
    "swaps",
    "throughput",
    "training",
    "workers",
)
of_everything = pytest.mark.long(seconds=110)  # once, for all that ask for the results


def measured(folder: Path, *names: str) -> Path:
    """The results of a tiny run."""
    command = [str(PYTHON), "-m", "benchmarks", "--tiny", "--results", str(folder), *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def check(results: Path, name: str) -> None:
    """It has its figures, and says which machine they are of."""
    content = json.loads((results / f"{name}.json").read_text())
    assert content["benchmark"] == name
    assert content["machine"]["packages"]["onnxruntime"]
    assert content["machine"]["cores"] >= 1
    assert content["measured"]
    for row in content["rows"]:
        assert math.isfinite(row["value"]), row
        assert row["work"]
        assert row["reached"] in (True, False, None)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one tiny run of everything."""
    return measured(tmp_path_factory.mktemp("results"), *NAMES)


def test_one_benchmark_by_itself_writes_its_figures_and_the_machine(tmp_path: Path) -> None:
    check(measured(tmp_path, "latency"), "latency")
    assert not (tmp_path / "batch.json").exists()


@of_everything
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_writes_its_figures_and_the_machine(results: Path, name: str) -> None:
    check(results, name)


@of_everything
def test_no_answer_was_wrong_or_lost(results: Path) -> None:
    wrong = {
        (path.stem, row["work"]): row["value"]
        for path in results.glob("*.json")
        for row in json.loads(path.read_text())["rows"]
        if "wrong or lost" in row["work"] + row["figure"] or row["figure"] == "failed requests"
    }
    assert len(wrong) == 5
    assert not any(wrong.values()), wrong


@of_everything
def test_the_table_has_every_figure(results: Path) -> None:
    table = (results / "table.md").read_text()
    for path in results.glob("*.json"):
        if path.stem not in ("stages", "growth"):
            for row in json.loads(path.read_text())["rows"]:
                assert row["work"] in table
    assert "whole, processor time of the server" in table


@of_everything
def test_growth_is_drawn(results: Path) -> None:
    pictures = sorted(results.glob("growth-*.svg"))
    assert [picture.stem for picture in pictures] == [
        "growth-batch-size",
        "growth-body-bytes",
        "growth-connections",
        "growth-workers",
    ]
    for picture in pictures:
        drawn = ElementTree.parse(picture).getroot()  # noqa: S314 - our own file
        assert len(drawn.findall("{http://www.w3.org/2000/svg}polyline")) == 2


def test_an_unknown_benchmark_is_named(tmp_path: Path) -> None:
    command = [str(PYTHON), "-m", "benchmarks", "--results", str(tmp_path), "nonsense"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert "nonsense" in done.stderr
