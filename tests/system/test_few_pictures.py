"""Two classes of twelve pictures: a version is trained, says how little so few tell, and serves."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from server.store.memory import Memory, open_memory
from tests.digits import encoded
from tests.live import LiveServer
from tests.trainer.test_run import trained, without_tensorflow

SIDE = 24
FLAGS = ("--preprocessing", "resize", "--height", str(SIDE), "--width", str(SIDE), "--thickness", "0", "--epochs", "6")


def drawn(label: str, random: np.random.Generator) -> bytes:
    """A ring or a cross, somewhere, in a pen of some width."""
    image = Image.fromarray(random.integers(200, 256, (SIDE, SIDE), np.uint8))
    left, top = (int(each) for each in random.integers(2, 6, 2))
    box, pen = (left, top, left + 15, top + 15), int(random.integers(2, 4))
    draw = ImageDraw.Draw(image)
    if label == "ring":
        draw.ellipse(box, outline=0, width=pen)
    else:
        draw.line(box, 0, pen)
        draw.line((left, top + 15, left + 15, top), 0, pen)
    return encoded(image, "PNG")


def write(folder: Path, count: int, labels: tuple[str, ...] = ("cross", "ring")) -> None:
    random = np.random.default_rng(3)
    for label in labels:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            (folder / label / f"{number}.png").write_bytes(drawn(label, random))


def memory_of(folder: Path) -> Memory:
    return open_memory(folder / "artifacts", folder / "data", "trees", folder / "none")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a version was trained of them."""
    made = tmp_path_factory.mktemp("few")
    write(made / "set", 12)
    (made / "set/ring/cut.png").write_bytes((made / "set/ring/1.png").read_bytes()[:80])
    done = trained(made, *FLAGS, "--average", "0.9")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def live(folder: Path) -> Iterator[LiveServer]:
    with LiveServer(folder, "--name", "trees", "--baseline", str(folder / "none"), "--trainer", "none") as server:
        yield server


@pytest.mark.long(seconds=14)
def test_it_judges_by_an_interval_that_says_how_little_is_known(folder: Path) -> None:
    memory = memory_of(folder)
    result = memory.jobs.get("1").result
    assert result is not None
    gate = result["gate"]
    assert isinstance(gate, dict)
    assert gate["accuracy"] == {"right": 4, "images": 4, "least": pytest.approx(0.3976, abs=1e-4), "most": 1.0}
    assert str(gate["known"]).startswith(
        "4 of 4 pictures that judge are right, so that of others like them 39.8 to 100.0 %"
    )
    assert gate["known"] in [event.get("note") for _, event in memory.jobs.events("1", 0)]
    report = json.loads((memory.versions.folder("1") / "report/report.json").read_bytes())
    assert 0.5 < report["calibration"]["temperature"] < 2
    assert report["dataset"]["fit"] == {"cross": 6, "ring": 6}
    assert {part: sum(report["dataset"][part].values()) for part in ("validation", "gate", "test")} == dict.fromkeys(
        ("validation", "gate", "test"), 4
    )


@pytest.mark.long(seconds=14)
def test_what_was_left_out_is_named_in_the_report_and_the_log(folder: Path) -> None:
    report = json.loads((memory_of(folder).versions.folder("1") / "report/report.json").read_bytes())
    named = report["training"]["left_out"]
    assert (report["training"]["left_out_count"], len(named)) == (1, 1)
    assert named[0].startswith(str(folder / "set/ring/cut.png: "))
    log = (folder / "artifacts/jobs/1/trainer.log").read_text()
    assert f"left out: {named[0]}" in log
    assert "retracing" not in log


@pytest.mark.long(seconds=14)
def test_it_serves(live: LiveServer) -> None:
    random = np.random.default_rng(8)
    asked = [label for label in ("ring", "cross") for _ in range(10)]
    said = [live.predict(drawn(label, random)).json() for label in asked]
    assert sum(each["label"] == label for each, label in zip(said, asked, strict=True)) >= 18
    assert {each["model_version"] for each in said} == {"1"}


@pytest.mark.parametrize(
    ("cross", "ring", "sentence"),
    [
        (
            4,
            12,
            "set: too few different pictures of 'cross' to learn from and to judge by, 4 in all; 8 more of 'cross'",
        ),
        pytest.param(
            1,
            1,
            "different pictures of 'cross' to learn from and to judge by, 1 in all; 11 more of 'cross' and a",
            marks=pytest.mark.long(seconds=2),
        ),
        pytest.param(
            0,
            12,
            "set: expected two classes or more, found ['ring']; make a folder for each class",
            marks=pytest.mark.long(seconds=2),
        ),
    ],
)
def test_too_few_are_refused_before_tensorflow_is_loaded(tmp_path: Path, cross: int, ring: int, sentence: str) -> None:
    write(tmp_path / "set", ring, ("ring",))
    if cross:
        write(tmp_path / "set", cross, ("cross",))
    done = trained(tmp_path, *FLAGS, environment=without_tensorflow(tmp_path / "stub"))
    assert done.returncode == 1
    assert sentence in str((memory_of(tmp_path).jobs.get("1").result or {})["reason"])
