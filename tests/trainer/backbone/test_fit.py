"""A model on a pretrained network is trained, verified and published as any other, and says where it is from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from export.convert import OPSET, to_onnx
from export.publish import Candidate, publish, with_file
from export.verify import batch_for, verify
from server.models.model import Model, load
from server.pictures.preprocessing import Preprocessing
from tests.tiny import memory_in, tiny_candidate
from tests.trainer.backbone.test_lite0 import as_torch
from tests.trainer.backbone.torch_files import write_tensors
from tests.trainer.test_run import CLASSES, trained, trees_in, write_colours
from trainer.backbone.choose import _obstacle
from trainer.backbone.fit import HEAD_MOST
from trainer.backbone.lite0 import lite0
from trainer.backbone.network import take_pretrained
from trainer.calibrate import Calibration, outputs_of
from trainer.config import Recipe
from trainer.errors import TrainingError
from trainer.model import at_once, build_model, served
from trainer.prepare import Prepared
from trainer.run import _origin
from trainer.score import fitted_score


def on(name: Any, height: int, width: int, channels: int = 3) -> Recipe:
    return Recipe(backbone=name, preprocessing="resize", height=height, width=width, channels=channels)


def random_network() -> keras.Model:
    """One through which as much passes as through one that was trained."""
    model, random = lite0(32, 32), np.random.default_rng(2)

    def drawn(weights: NDArray[np.float32]) -> NDArray[np.float32]:
        if weights.ndim != 4:
            return weights
        inputs = weights[..., 0].size if weights.shape[-1] > 1 else weights[..., 0, 0].size
        return random.normal(0, np.sqrt(2 / inputs), weights.shape).astype(np.float32)

    model.set_weights([drawn(weights) for weights in model.get_weights()])
    return model


@pytest.mark.long(seconds=40)
def test_few_pictures_are_learnt_on_given_weights_and_served(tmp_path: Path) -> None:
    write_colours(tmp_path / "set", 20, 6)
    write_tensors(tmp_path / "lite0.pth", as_torch(random_network()))
    options = ("--backbone", "efficientnet-lite0", "--backbone-weights", str(tmp_path / "lite0.pth"))
    done = trained(tmp_path, *options, "--height", "32", "--width", "32", "--epochs", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    versions = trees_in(tmp_path).versions
    manifest = versions.manifest("1")
    assert manifest.preprocessing == Preprocessing("resize", 32, 32, 3)
    assert load(versions.folder("1"), manifest, 8).labels == tuple(sorted(CLASSES))
    report = json.loads(versions.read(manifest, "report/report.json"))
    training, found = report["training"], report["training"]["backbone"]
    assert (training["recipe"]["backbone"], training["recipe"]["backbone_weights"]) == ("efficientnet-lite0", "")
    assert (found["name"], found["file"], len(found["sha256"])) == ("efficientnet-lite0", "lite0.pth", 64)
    assert found["chosen"] in ("features", "all weights")
    notes = [str(event["note"]) for _, event in trees_in(tmp_path).jobs.events("1", 0) if "note" in event]
    assert any("by features alone: log loss" in note and "is taken" in note for note in notes)
    assert report["metrics"]["test"]["accuracy"] > 0.9


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own, when it saves
@pytest.mark.parametrize(
    ("name", "kind"),
    [("mobilenet", "MobileNet"), pytest.param("mobilenet-v2", "MobileNetV2", marks=pytest.mark.long(seconds=2))],
)
def test_a_network_of_keras_has_the_weights_of_a_file_of_its_own(tmp_path: Path, name: str, kind: str) -> None:
    keras.utils.set_random_seed(4)
    given = getattr(keras.applications, kind)(input_shape=(32, 48, 3), include_top=False, weights=None)
    given.save_weights(tmp_path / "given.weights.h5")
    network = build_model(on(name, 32, 48, 1), 3)
    take_pretrained(network, name, tmp_path / "given.weights.h5")
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 48, 1), np.uint8)
    pixels = np.repeat(images.astype(np.float32), 3, axis=-1) / 127.5 - 1
    expected = np.asarray(given(pixels)).mean(axis=(1, 2))
    np.testing.assert_allclose(outputs_of(network, images)[0], expected, atol=1e-5)


@pytest.mark.long(seconds=4)
def test_it_is_exported_as_it_was_trained() -> None:
    keras.utils.set_random_seed(4)
    recipe = on("mobilenet-v2", 48, 32, 1)
    network = build_model(recipe, 3)
    images = np.random.default_rng(0).integers(0, 256, (20, 48, 32, 1), np.uint8)
    features, logits = outputs_of(network, images)
    score = fitted_score(features, logits)
    file = to_onnx(served(network, recipe, 3, 1.0, score), 48, 32, 1)
    candidate = Candidate(("a", "b", "c"), recipe.input, ("probabilities", "score"), OPSET, {"model.onnx": file})
    answers = Calibration(1.0, score, 0.5).answers(features, logits)
    assert verify(Model(candidate.manifest("m", "1"), file), images, *answers).top1_agreement == 1


def test_a_file_that_keras_can_not_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "cut.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    network = build_model(on("mobilenet", 32, 32), 2)
    with pytest.raises(TrainingError, match=r"cut\.h5 has no weights for mobilenet"):
        take_pretrained(network, "mobilenet", tmp_path / "cut.h5")


@pytest.mark.parametrize("said", [{"file": "some.pth", "licence": "Apache-2.0"}, None])
def test_what_is_known_of_the_weights_goes_on_with_them(tmp_path: Path, said: dict[str, str] | None) -> None:
    memory = memory_in(tmp_path)
    report = tiny_candidate().report | {"training": {"backbone": said}}
    publish(memory, with_file(tiny_candidate(), "report/report.json", json.dumps(report).encode()), None, "a test")
    assert _origin(memory, "1") == (said or {})
    assert _origin(memory, None) == {}


@pytest.mark.parametrize(
    ("limit", "images", "says"),
    [(2 * 10**8, 100, None), (10**6, 100, "multiply-adds a picture"), (2 * 10**8, HEAD_MOST + 1, "of our own")],
)
def test_auto_keeps_to_its_limits(limit: int, images: int, says: str | None) -> None:
    recipe = replace(on("efficientnet-lite0", 64, 64), backbone_limit=limit)
    rows = {"fit": np.arange(images)}
    prepared = Prepared(("a", "b"), np.empty((0, 64, 64, 3), np.uint8), np.empty(0, np.int32), rows, (), 0)
    found = _obstacle(recipe, prepared)
    assert found is None if says is None else says in str(found)


@pytest.mark.parametrize(
    ("side", "channels", "train", "judge"), [(28, 1, 512, 256), (64, 3, 200, 256), (224, 3, 32, 32)]
)
def test_of_large_pictures_fewer_are_looked_at_once(side: int, channels: int, train: int, judge: int) -> None:
    recipe = Recipe(preprocessing="resize", height=side, width=side, channels=channels)
    assert at_once(build_model(recipe, 2)) == train
    assert batch_for(recipe.input) == judge
