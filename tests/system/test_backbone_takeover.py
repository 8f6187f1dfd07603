"""A version with a pretrained backbone takes over under load, and hands over again: no request fails."""

import io
from pathlib import Path

import keras
import numpy as np
import pytest

from export.convert import OPSET, to_onnx
from export.publish import Candidate, publish
from server.pictures.preprocessing import Preprocessing
from tests.digits import Digits
from tests.live import LiveServer
from tests.load import Load
from tests.tiny import LABELS, answers, memory_in, tiny_candidate
from trainer.backbone.known import LITE0, packaged
from trainer.backbone.network import take_pretrained
from trainer.config import Recipe
from trainer.model import build_model

NAME = "drawings"
SIDE, IMAGES = 128, 16
INPUT = Preprocessing("resize", SIDE, SIDE, 3)


@pytest.fixture(scope="module")
def backbone() -> Candidate:
    """A version of 125 million multiply-adds a picture. Where the package is missing its weights are drawn: what it
    takes to load it, and to answer with it, is the same."""
    keras.utils.set_random_seed(1)
    model = build_model(
        Recipe(backbone=LITE0, preprocessing="resize", height=SIDE, width=SIDE, channels=3), len(LABELS)
    )
    if (file := packaged()) is not None:
        take_pretrained(model, LITE0, file)
    exported = keras.Model(model.input, {"probabilities": keras.ops.softmax(model.output)})
    onnx_file = to_onnx(exported, SIDE, SIDE, 3)
    images = np.random.default_rng(1).integers(0, 256, (4, SIDE, SIDE, 3), np.uint8)
    golden = io.BytesIO()
    np.savez(golden, images=images, probabilities=answers(onnx_file, images, LABELS, INPUT))
    report = tiny_candidate().contents["report/report.json"]
    contents = {"model.onnx": onnx_file, "golden.npz": golden.getvalue(), "report/report.json": report}
    return Candidate(LABELS, INPUT, ("probabilities",), OPSET, contents)


@pytest.mark.long(seconds=8)
def test_a_backbone_takes_over_and_hands_over_without_a_failed_request(
    tmp_path: Path, digits: Digits, backbone: Candidate
) -> None:
    memory = memory_in(tmp_path, NAME)
    small = publish(memory, tiny_candidate(inputs=INPUT), None, "a test")
    with LiveServer(tmp_path, "--name", NAME) as server:
        with Load(server.url, [digits.png(position) for position in range(IMAGES)], limit=1_000_000) as load:

            def answered_by(version: str) -> None:
                before = len(load.replies)
                load.wait_for(
                    lambda so_far: any(each.content.get("model_version") == version for each in so_far.replies[before:])
                )

            answered_by(small)
            large = publish(memory, backbone, small, "a test")
            answered_by(large)
            for version in (small, large, small):
                assert server.post(f"/models/{version}/promote").status_code == 200
                answered_by(version)
        assert not load.errors
        assert {reply.status for reply in load.replies} == {200}
        assert {reply.content["model_version"] for reply in load.replies} >= {small, large}
