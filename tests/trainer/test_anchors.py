"""Which versions a candidate is held to, and how often the same images have judged."""

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
from trainer.anchors import anchors, times_judged

IMAGES = np.random.default_rng(2).integers(0, 256, (60, 28, 28, 1), np.uint8)
NOTHING = (np.empty((0, 28, 28, 1), np.uint8), np.empty(0, np.int32))
CANDIDATE = Model(tiny_candidate(9).manifest("candidate", "candidate"), tiny_onnx(9))


def judging_for(seed: int) -> Judging:
    """Images that the model of a seed gets right, all of them."""
    return Judging((IMAGES, answers(tiny_onnx(seed), IMAGES).argmax(axis=1).astype(np.int32)), NOTHING)


def names(memory: Memory, current: str | None, seed: int) -> list[str]:
    return [model.version for model in anchors(memory, CANDIDATE, current, judging_for(seed))]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A baseline of seed 0, and versions 1 to 4 of the seeds 1 to 4."""
    memory = memory_in(tmp_path, baseline=tmp_path / "baseline")
    baseline = tiny_candidate(0)
    write(tmp_path / "baseline", baseline, baseline.manifest("digits", BASELINE))
    for seed in (1, 2, 3, 4):
        publish_tiny(memory, seed)
    return memory


def test_the_best_so_far_and_the_baseline_are_anchors(memory: Memory) -> None:
    assert names(memory, "4", seed=2) == ["0", "2"]
    assert names(memory, "4", seed=0) == ["0"]


def test_a_version_is_judged_by_what_its_own_preprocessing_reads(memory: Memory) -> None:
    manifest = tiny_candidate(9).manifest("candidate", "candidate")
    later = replace(manifest, preprocessing=replace(manifest.preprocessing, number=2))
    judging = replace(judging_for(3), read_by=lambda _: judging_for(2))
    found = anchors(memory, Model(later, tiny_onnx(9)), "4", judging)
    assert [model.version for model in found] == ["0", "2"]


def test_the_current_version_is_compared_with_anyway(memory: Memory) -> None:
    assert names(memory, "4", seed=4) == ["0"]
    assert names(memory, BASELINE, seed=0) == []


def test_of_equal_ones_the_oldest_is_the_anchor(memory: Memory) -> None:
    publish_tiny(memory, 2)
    assert names(memory, "5", seed=2) == ["0", "2"]


def test_a_version_that_can_not_be_loaded_is_passed_over(memory: Memory) -> None:
    (memory.versions.folder("2") / "model.onnx").write_bytes(b"broken")
    assert "2" not in names(memory, "4", seed=2)


def test_an_anchor_is_not_pruned(memory: Memory) -> None:
    assert memory.versions.prune(1, spare=["2"]) == ["1"]
    assert names(memory, "4", seed=2) == ["0", "2"]
    assert memory.versions.prune(1) == ["2"]


def test_how_often_the_same_images_have_judged_is_counted_on(tmp_path: Path) -> None:
    memory, judging = memory_in(tmp_path), judging_for(1)
    assert times_judged(memory, judging.part) == 0
    report = tiny_candidate().report | {"gate": {"passed": True, "part": judging.part, "judged": 7}}
    publish(memory, with_file(tiny_candidate(), "report/report.json", json.dumps(report).encode()), None, "a test")
    assert times_judged(memory, judging.part) == 7
    assert times_judged(memory, judging_for(2).part) == 0
