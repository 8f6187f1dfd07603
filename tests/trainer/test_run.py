"""A run on any dataset, as a person starts it, and what it says of one it can't use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.models.card import CARD, card
from server.models.model import load
from server.pictures.image import Limits
from server.settings import Settings
from server.store.dataset import Labelled
from server.store.files import Json
from server.store.memory import Memory, open_memory
from tests.digits import encoded
from tests.faults.stage import sharing
from tests.live import TRAINING_SECONDS

ROOT = Path(__file__).parents[2]
CLASSES = {"ash tree": (200, 60, 60), "birch": (60, 200, 60), "Ćedar": (60, 60, 200)}
SMALL = (
    "--preprocessing",
    "resize",
    "--height",
    "32",
    "--width",
    "32",
    "--channels",
    "3",
    "--flip",
    "--thickness",
    "0",
)


def write_colours(folder: Path, train: int, test: int) -> None:
    """32x32 colour JPEG files, each class with a tint of its own, in folders with their names."""
    random = np.random.default_rng(5)
    for half, count in (("train", train), ("test", test)):
        for label, tint in CLASSES.items():
            (folder / half / label).mkdir(parents=True)
            for number in range(count):
                pixels = (np.array(tint) + random.normal(0, 30, (32, 32, 3))).clip(0, 255).astype(np.uint8)
                (folder / half / label / f"{number}.jpg").write_bytes(encoded(Image.fromarray(pixels), "JPEG"))


def trained(
    tmp_path: Path, *options: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    places = {"dataset": "set", "data": "data", "artifacts": "artifacts", "baseline": "none"}
    flags = [word for name, folder in places.items() for word in (f"--{name}", str(tmp_path / folder))]
    command = [sys.executable, "-m", "trainer", *flags, "--name", "trees", *options]
    environment = os.environ | (environment or sharing(tmp_path / "stage"))
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=TRAINING_SECONDS, env=environment
    )


def without_tensorflow(folder: Path) -> dict[str, str]:
    """An environment in which whoever imports it fails."""
    folder.mkdir()
    for name in ("tensorflow", "keras"):
        (folder / f"{name}.py").write_text("raise ImportError('loaded too early')")
    return {"PYTHONPATH": str(folder)}


def trees_in(tmp_path: Path) -> Memory:
    return open_memory(tmp_path / "artifacts", tmp_path / "data", "trees", tmp_path / "none")


def upload_colours(memory: Memory, count: int) -> None:
    """So many more of each class, the first of each with the label of the next class in force."""
    random = np.random.default_rng(6)
    names = list(CLASSES)
    for label, following in zip(names, [*names[1:], names[0]], strict=True):
        pictures = (np.array(CLASSES[label]) + random.normal(0, 30, (count, 32, 32, 3))).clip(0, 255).astype(np.uint8)
        labels = [following, *[label] * (count - 1)]
        sent = [Labelled(Image.fromarray(each), name) for each, name in zip(pictures, labels, strict=True)]
        memory.dataset.add(sent, "upload")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a first version was trained: of fewer than fill a batch of the default size, and of uploads."""
    made = tmp_path_factory.mktemp("trees")
    write_colours(made / "set", 80, 20)
    upload_colours(trees_in(made), 20)
    done = trained(made, *SMALL, "--epochs", "30", "--average", "0.9")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.mark.long(seconds=30)
def test_a_few_colour_pictures_in_named_folders_are_learnt_and_served(folder: Path) -> None:
    memory = trees_in(folder)
    versions = memory.versions
    assert memory.pointer.current() == "1"
    model = load(versions.folder("1"), versions.manifest("1"), 8)
    assert model.labels == tuple(sorted(CLASSES))
    for label in CLASSES:
        data = (folder / "set" / "test" / label / "3.jpg").read_bytes()
        outputs = model.predict(model.preprocessing.read(data, Limits.of(Settings()))[None])
        assert model.labels[int(outputs.probabilities[0].argmax())] == label
        assert outputs.scores is not None
        assert 0 < outputs.scores[0] <= 1.00001
    report = json.loads((versions.folder("1") / "report" / "report.json").read_bytes())
    assert set(report["metrics"]["test"]["classes"]) == set(CLASSES)
    assert (versions.folder("1") / "report" / "report.html").stat().st_size > 10_000
    manifest = versions.manifest("1")
    about = manifest.name, manifest.labels, manifest.preprocessing, manifest.outputs
    assert versions.read(manifest, CARD) == card(*about, report)


@pytest.mark.long(seconds=30)
def test_wrong_labels_of_uploads_wait_for_a_look_after_the_training_and_no_others_do(folder: Path) -> None:
    memory = trees_in(folder)
    found = memory.browser.suspects(100)
    ash, birch, cedar = CLASSES
    assert sorted((str(each.label), each.suspected) for each in found) == [(ash, cedar), (birch, ash), (cedar, birch)]
    assert all(each.suspected_by_training for each in found)
    probabilities = [each.probability for each in found]
    assert probabilities == sorted(probabilities, key=lambda each: each or 0)  # the surest first
    assert len(memory.browser.learnable()[2]) == 60  # until somebody says
    assert memory.versions.report("1")["labels_doubted"] == 3


def cut_files(folder: Path) -> None:
    """More of them than may be left out."""
    for number in range(3, 9):
        (folder / f"{number}.jpg").write_bytes(b"\xff\xd8\xff cut")


def test_a_dataset_that_can_not_be_used_fails_the_job_and_names_the_file(tmp_path: Path) -> None:
    write_colours(tmp_path / "set", 30, 3)
    cut_files(tmp_path / "set/train/birch")
    done = trained(tmp_path, *SMALL, "--epochs", "1")
    assert done.returncode == 1
    memory = trees_in(tmp_path)
    job = memory.jobs.get("1")
    assert job.result is not None
    assert (job.state, job.result["state"]) == ("failed", "failed")
    assert "train/birch/3.jpg" in str(job.result["reason"])
    assert memory.versions.all() == []
    assert not (tmp_path / "artifacts/models/trees/1").exists()


@pytest.mark.parametrize(
    "cause",
    [
        "cut files",
        *(
            pytest.param(each, marks=pytest.mark.long(seconds=2))
            for each in ("no dataset", "foreign label", "empty part", "option")
        ),
    ],
)
def test_what_can_be_refused_is_refused_before_tensorflow_is_loaded(tmp_path: Path, cause: str) -> None:
    environment = without_tensorflow(tmp_path / "stub")
    says = {"no dataset": "no such folder", "foreign label": "['oak']", "cut files": "birch/3.jpg"}
    says |= {"empty part": "to learn from and to judge by, 4 in all; 9 more of", "option": "learning_rate is 7"}
    if cause != "no dataset":
        write_colours(tmp_path / "set", 1 if cause == "empty part" else 30, 3)
    if cause == "foreign label":
        trees_in(tmp_path).dataset.add([Labelled(Image.new("RGB", (32, 32)), "oak")], "upload")
    if cause == "cut files":
        cut_files(tmp_path / "set/train/birch")
    options: dict[str, Json] = {"learning_rate": 7} if cause == "option" else {"preprocessing": "resize"}
    job = trees_in(tmp_path).jobs.create(options, "test", {}).job
    done = trained(tmp_path, "job", job, environment=environment)
    assert done.returncode == 1
    reason = str((trees_in(tmp_path).jobs.get(job).result or {})["reason"])
    assert says[cause] in reason


def test_so_is_an_export_again(tmp_path: Path) -> None:
    places = ("--artifacts", str(tmp_path / "artifacts"), "--data", str(tmp_path / "data"))
    command = [sys.executable, "-m", "trainer.reexport", "0", *places, "--dataset", str(tmp_path / "nowhere")]
    environment = os.environ | without_tensorflow(tmp_path / "stub")
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 1
    assert "there is no such folder" in done.stderr
