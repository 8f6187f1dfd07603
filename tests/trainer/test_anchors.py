"""What is known of the versions that a candidate may be held to, and how often the same images have judged."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.gate import Judging
from export.publish import publish, with_file, write
from server.models.model import Model
from server.store.memory import Memory
from server.store.pointer import BASELINE
from tests.tiny import answers, memory_in, publish_tiny, tiny_candidate, tiny_onnx
from trainer.anchors import earlier, times_judged

IMAGES = np.random.default_rng(2).integers(0, 256, (60, 28, 28, 1), np.uint8)
NOTHING = (np.empty((0, 28, 28, 1), np.uint8), np.empty(0, np.int32))
CANDIDATE = Model(tiny_candidate(9).manifest("candidate", "candidate"), tiny_onnx(9))


def judging_for(seed: int) -> Judging:
    """Images that the model of a seed gets right, all of them."""
    return Judging((IMAGES, answers(tiny_onnx(seed), IMAGES).argmax(axis=1).astype(np.int32)), NOTHING)


def right(memory: Memory, candidate: Model, judging: Judging) -> dict[str, bool]:
    """Which versions get all of the images right."""
    return {said.version: bool(said.gate.right.all()) for said in earlier(memory, candidate, judging)}


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A baseline of seed 0, and versions 1 to 4 of the seeds 1 to 4."""
    memory = memory_in(tmp_path, baseline=tmp_path / "baseline")
    baseline = tiny_candidate(0)
    write(tmp_path / "baseline", baseline, baseline.manifest("digits", BASELINE))
    for seed in (1, 2, 3, 4):
        publish_tiny(memory, seed)
    return memory


def test_every_version_is_asked_the_oldest_first(memory: Memory) -> None:
    found = right(memory, CANDIDATE, judging_for(2))
    assert list(found.items()) == [("0", False), ("1", False), ("2", True), ("3", False), ("4", False)]


def test_a_version_is_judged_by_what_its_own_preprocessing_reads(memory: Memory) -> None:
    manifest = tiny_candidate(9).manifest("candidate", "candidate")
    later = replace(manifest, preprocessing=replace(manifest.preprocessing, number=2))
    judging = replace(judging_for(3), read_by=lambda _: judging_for(2))
    found = right(memory, Model(later, tiny_onnx(9)), judging)
    assert [version for version, all_right in found.items() if all_right] == ["2"]


def test_a_version_that_can_not_be_loaded_is_passed_over(memory: Memory) -> None:
    (memory.versions.folder("2") / "model.onnx").write_bytes(b"broken")
    assert list(right(memory, CANDIDATE, judging_for(2))) == ["0", "1", "3", "4"]


def test_an_anchor_is_not_pruned(memory: Memory) -> None:
    assert memory.versions.prune(1, spare=["2"]) == ["1"]
    assert memory.versions.all() == ["0", "2", "3", "4"]
    assert memory.versions.prune(1) == ["2"]


def test_how_often_the_same_images_have_judged_is_counted_on(tmp_path: Path) -> None:
    memory, judging = memory_in(tmp_path), judging_for(1)
    assert times_judged(memory, judging.part) == 0
    report = tiny_candidate().report | {"gate": {"passed": True, "part": judging.part, "judged": 7}}
    publish(memory, with_file(tiny_candidate(), "report/report.json", json.dumps(report).encode()), None, "a test")
    assert times_judged(memory, judging.part) == 7
    assert times_judged(memory, judging_for(2).part) == 0
