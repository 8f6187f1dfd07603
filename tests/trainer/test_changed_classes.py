"""What is trained on after the classes changed: every picture under what its class is called now, none of a removed."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.layouts.errors import DatasetError
from server.store import living
from server.store.dataset import Labelled
from server.store.lease import take
from server.store.memory import Memory
from server.store.vocabulary import Change, Kind
from tests.digits import mnist, write_small_mnist
from tests.tiny import memory_in
from tests.trainer.test_start import publish_trained
from trainer.config import Places
from trainer.prepare import PARTS
from trainer.progress import Report
from trainer.replay import REPEAT_ALONE, Replay
from trainer.start import Start, make_start

DIGITS = tuple("0123456789")
TRAIN, TEST = 1000, 200


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    made = memory_in(tmp_path)
    publish_trained(made)
    return made


def change(memory: Memory, *changes: Change) -> None:
    for each in changes:
        memory.classes.change(each, DIGITS, "ana")


def started(memory: Memory, folder: Path) -> tuple[Start, list[str]]:
    write_small_mnist(folder / "set", TRAIN, TEST)
    job = memory.jobs.create({}, "test", {}).job
    lease = take(memory.database, job, living.own(), living.Heartbeats())
    assert lease is not None
    (folder / "work").mkdir()
    start = make_start(memory, lease, {}, Places(dataset=folder / "set"), Report(lease), folder / "work")
    return start, [str(event["note"]) for _, event in memory.jobs.events(job, 0) if "note" in event]


def labels_in(start: Start) -> dict[str, int]:
    """How many pictures of each label there are in all parts."""
    counts = start.prepared.counts()
    return {label: sum(counts[part].get(label, 0) for part in PARTS) for label in start.prepared.labels}


def of_base(*numbers: int) -> int:
    classes = np.concatenate([mnist("train").classes[:TRAIN], mnist("t10k").classes[:TEST]])
    return int(np.isin(classes, numbers).sum())


def test_renamed_merged_and_removed_classes_of_the_base(memory: Memory, tmp_path: Path) -> None:
    memory.dataset.add([Labelled(Image.fromarray(mnist("t10k").images[number]), "7") for number in (5000,)], "upload")
    change(memory, Change(Kind.RENAME, "7", "seven"), Change(Kind.MERGE, "1", "seven"), Change(Kind.REMOVE, "0"))
    start, notes = started(memory, tmp_path)
    assert start.version == "1"  # whose weights it goes on from
    assert start.prepared.labels == ("2", "3", "4", "5", "6", "seven", "8", "9")
    found = labels_in(start)
    assert found["2"] == of_base(2)
    copies = start.prepared.base_left_out  # strokes, which shifted or slanted are one another
    assert found["seven"] == of_base(1, 7) + 1 - copies
    assert notes == [f"left out, since '0' is no class: {of_base(0)}"]
    assert start.prepared.called is not None
    assert [start.prepared.called(label) for label in "017"] == [None, "seven", "seven"]


def test_an_added_class_is_parted_from_its_uploads_and_heard(memory: Memory, tmp_path: Path) -> None:
    change(memory, Change(Kind.ADD, "none"))
    random = np.random.default_rng(3)
    drawn = []
    for _ in range(40):
        picture = np.zeros((28, 28), np.uint8)
        picture[4:24, 4:24] = 255 * (random.random((20, 20)) < 0.3)
        drawn.append(Labelled(Image.fromarray(picture), "none"))
    memory.dataset.add(drawn, "upload")
    start, notes = started(memory, tmp_path)
    assert notes == []
    counts = start.prepared.counts()
    parts = {part: counts[part].get("none", 0) for part in PARTS}
    assert {part: parts[part] for part in ("validation", "gate", "test")} == dict.fromkeys(
        ("validation", "gate", "test"), 6
    )
    assert parts["uploads"] == parts["held out"] == 0
    assert start.prepared.alone == {"none"}
    rows = Replay(start.prepared, share=0.25, seed=0).epoch(0)
    fit = start.prepared.rows["fit"]
    shown = start.prepared.classes[rows] == 10
    usual = -(-(len(fit) - parts["fit"]) // 10)
    assert shown.sum() == min(REPEAT_ALONE * parts["fit"], usual)
    assert len(set(rows[shown].tolist())) == parts["fit"]
    assert np.count_nonzero(~shown) == len(fit) - parts["fit"]  # the others come once


def test_an_added_class_without_pictures_is_refused_with_what_is_lacking(memory: Memory, tmp_path: Path) -> None:
    change(memory, Change(Kind.ADD, "none"))
    with pytest.raises(DatasetError, match="12 more of 'none' and a version can be trained"):
        started(memory, tmp_path)


def test_without_decisions_the_fit_part_comes_once(memory: Memory, tmp_path: Path) -> None:
    start, _ = started(memory, tmp_path)
    assert start.prepared.called is None
    rows = Replay(start.prepared, share=0.25, seed=0).epoch(0)
    assert sorted(rows.tolist()) == start.prepared.rows["fit"].tolist()
