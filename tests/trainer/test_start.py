"""What a job inherits from the version it goes on from, and what it says where it can't go on."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from export.publish import publish, with_file, write
from server.store import living
from server.store.lease import take
from server.store.memory import Memory
from server.store.pointer import BASELINE
from tests.digits import mnist, write_small_mnist
from tests.tiny import memory_in, tiny_candidate
from trainer.__main__ import _parser
from trainer.config import Places, Recipe, as_json, options_of
from trainer.progress import Report
from trainer.start import Start, make_start, recipe_for

OF_A_RUN = {"from_scratch", "quick", "epochs", "learning_rate", "uploads_share", "seed"}
OF_A_RUN |= {"backbone_weights", "backbone_limit"}
CLOTHES: dict[str, Any] = {
    "preprocessing": "resize",
    "flip": True,
    "channels_factor": 2.0,
    "batch_size": 64,
    "rotation": 0.0,
    "thickness": 0.0,
    "epochs": 20,
    "learning_rate": 0.001,
    "from_scratch": True,
    "quick": True,
    "uploads_share": 0.5,
    "seed": 4,
}


def publish_trained(memory: Memory, **recipe: Any) -> None:
    """A version that says that it was trained with this recipe."""
    candidate = tiny_candidate()
    report = candidate.report | {"training": {"epochs": 1, "recipe": as_json(Recipe(**recipe))}}
    contents = with_file(candidate, "report/report.json", json.dumps(report).encode())
    publish(memory, contents, memory.pointer.current(), "a test")


def started(memory: Memory, folder: Path, options: dict[str, Any]) -> tuple[Start, list[str]]:
    """The start of a job with these options, and the notes among its events."""
    write_small_mnist(folder / "set", 300, 100)
    job = memory.jobs.create(options, "test", {}).job
    lease = take(memory.database, job, living.own(), living.Heartbeats())
    assert lease is not None
    work = folder / "work"
    work.mkdir()
    start = make_start(memory, lease, options, Places(dataset=folder / "set"), Report(lease), work)
    return start, [str(event["note"]) for _, event in memory.jobs.events(job, 0) if "note" in event]


def test_what_is_of_a_run_is_not_inherited_and_all_else_is(tmp_path: Path) -> None:
    assert {f.name for f in fields(Recipe) if not f.metadata["inherited"]} == OF_A_RUN
    memory = memory_in(tmp_path)
    publish_trained(memory, **CLOTHES)
    kept = {name: value for name, value in CLOTHES.items() if name not in OF_A_RUN}
    assert recipe_for(memory, {}) == Recipe(**kept)
    assert recipe_for(memory, {"from_scratch": True}) == Recipe(**kept, from_scratch=True)


def test_what_a_job_asks_for_wins(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_trained(memory, **CLOTHES)
    flags = ["--preprocessing", "digit", "--no-flip", "--batch-size", "256", "--epochs", "2"]
    recipe = recipe_for(memory, options_of(vars(_parser().parse_args(flags))))
    assert (recipe.preprocessing, recipe.flip, recipe.batch_size, recipe.epochs) == ("digit", False, 256, 2)
    assert recipe.channels_factor == 2


@pytest.mark.parametrize("training", [None, {}, {"recipe": None}, {"recipe": {"gone": 1}}])
def test_without_a_recipe_that_can_be_read_the_defaults_hold(tmp_path: Path, training: object) -> None:
    memory = memory_in(tmp_path)
    assert recipe_for(memory, {}) == Recipe()
    report = tiny_candidate().report | {"training": training}
    candidate = with_file(tiny_candidate(), "report/report.json", json.dumps(report).encode())
    publish(memory, candidate, None, "a test")
    assert recipe_for(memory, {}) == Recipe()


def test_a_job_that_goes_on_says_nothing_of_it(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_trained(memory, channels_factor=2.0)
    start, notes = started(memory, tmp_path, {})
    assert (start.version, start.recipe, notes) == ("1", Recipe(channels_factor=2.0), [])


@pytest.mark.parametrize(
    ("training", "heard"), [({"decision": 7}, 7), ({}, 0), ({"decision": "7"}, 0), (None, 0), ("none published", 0)]
)
def test_what_is_new_is_what_was_taught_since_the_current_version(tmp_path: Path, training: object, heard: int) -> None:
    """Also from scratch, and of a version of which that is not known all is new."""
    memory = memory_in(tmp_path)
    if training != "none published":
        report = tiny_candidate().report | {"training": training}
        publish(memory, with_file(tiny_candidate(), "report/report.json", json.dumps(report).encode()), None, "a test")
    assert started(memory, tmp_path, {"from_scratch": True})[0].prepared.heard == heard


def test_the_decision_of_the_baseline_is_none_of_ours(tmp_path: Path) -> None:
    memory = memory_in(tmp_path, baseline=tmp_path / "baseline")
    report = tiny_candidate().report | {"training": {"decision": 7}}
    shipped = with_file(tiny_candidate(), "report/report.json", json.dumps(report).encode())
    write(tmp_path / "baseline", shipped, shipped.manifest("digits", BASELINE))
    start = started(memory, tmp_path, {})[0]
    assert (memory.pointer.current(), start.prepared.heard) == (BASELINE, 0)


def test_another_network_is_announced_with_what_differs(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_trained(memory, channels_factor=2.0)
    start, notes = started(memory, tmp_path, {"channels_factor": 0.5})
    assert start.version is None
    assert notes == ["starting from scratch: version 1 is another network: its channels_factor is 2.0, not 0.5"]


def test_other_labels_are_announced(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_trained(memory)
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "labels.txt").write_text("\n".join("abcdefghij"))
    start, notes = started(memory, tmp_path, {})
    assert start.version is None
    assert notes == ["starting from scratch: version 1 has other labels than the dataset"]


def test_from_scratch_on_request_needs_no_announcement(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    publish_trained(memory)
    start, notes = started(memory, tmp_path, {"from_scratch": True})
    assert (start.version, notes) == (None, [])


def test_what_a_dataset_has_that_is_left_out_is_said(tmp_path: Path) -> None:
    memory, folder = memory_in(tmp_path), tmp_path / "pictures"
    digits = mnist("train")
    for number in (3, 5):
        (folder / str(number)).mkdir(parents=True)
        for each in digits.of_class(number, 80):
            (folder / str(number) / f"{each}.png").write_bytes(digits.png(each))
    (folder / "3" / "cut.png").write_bytes(b"\x89PNG")
    (folder / "notes.txt").write_text("mine")
    job = memory.jobs.create({}, "test", {}).job
    lease = take(memory.database, job, living.own(), living.Heartbeats())
    assert lease is not None
    make_start(memory, lease, {}, Places(dataset=folder), Report(lease), tmp_path)
    notes = [str(event["note"]) for _, event in memory.jobs.events(job, 0) if "note" in event]
    assert [next(word for word in ("notes.txt", "in five", "3/cut.png") if word in note) for note in notes] == [
        "notes.txt", "in five", "3/cut.png"
    ]  # fmt: skip
