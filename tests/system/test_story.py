"""The whole loop as one story, against a real server with real trainings: docs/story.md, in the smallest size."""

from pathlib import Path

import pytest

from benchmarks.loop.episode import Content, Episode
from benchmarks.loop.story import COLLECT, GATE, LABELS, WITHIN, Scale, Story
from benchmarks.loop.world import World, parts, write_base
from server.store.policies import AUTHOR
from tests.faults.stage import sharing
from tests.live import LiveServer

SCALE = Scale(usual=400, shadow_minutes=0.3, canary_minutes=0.8, watch_minutes=0.6)  # each with its hundred twice over


@pytest.mark.long(seconds=120)
def test_the_world_moves_and_the_loop_follows_and_then_it_is_poisoned(tmp_path: Path) -> None:
    stream, judges = parts()
    write_base(tmp_path / "mnist")
    flags = ("--dataset", str(tmp_path / "mnist"), *GATE, *COLLECT)
    with (
        LiveServer(tmp_path, *flags, environment=sharing(tmp_path / "stage")) as server,
        Episode(server.url, World(stream)) as episode,
    ):
        told = Story(episode, judges, SCALE).tell()
    assert told["failed"] == 0
    the_new_pen_is_noticed(told["change"])
    the_queue_asks_for_it(told["better"])
    it_is_tried_in_steps_and_better(told["change"], told["better"])
    the_poison_does_not_come_to_serve(told["better"], told["poison"])


def the_new_pen_is_noticed(change: Content) -> None:
    assert change["quiet_before"]
    assert change["requests_to_alarm"] <= WITHIN


def the_queue_asks_for_it(better: Content) -> None:
    labels, teaching, in_pen, _ = better["labels"]
    assert (labels, teaching) == (LABELS, 4 * LABELS // 5)  # every fifth is drawn by chance
    assert in_pen > 0.7 * teaching


def it_is_tried_in_steps_and_better(change: Content, better: Content) -> None:
    assert (better["by"], better["version"], better["retrains"]) == (AUTHOR, "1", 1)
    steps = better["steps"]
    assert {role: each["state"] for role, each in steps.items()} == {
        "shadow": "passed",
        "canary": "promoted",
        "watch": "kept",
    }
    assert steps["shadow"]["share"] < 0.01  # the canary begins at once, within the last requests
    assert 0.01 < steps["canary"]["share"] < 0.12
    assert better["read"]["new"] > change["read"]["new"] + 0.003
    assert better["read"]["plain"] > change["read"]["plain"] - 0.01
    right, number = better["answered"]["1"]["new"]
    assert right > 0.96 * number
    for each in better["estimated"]:
        assert each["reviewed"] > 0
        assert each["low"] < 0.97
        assert each["high"] > 0.8  # whatever a dozen labels say by chance


def the_poison_does_not_come_to_serve(better: Content, poison: Content) -> None:
    """The gate refuses what learned it, or the canary returns it; its removal names what holds it still."""
    assert poison["current"] == ["1", "1"]
    assert (poison["served"]["model_version"], poison["served"]["by"]) == ("1", "canary")
    held = poison["removed"]["held_by"]["learned"]
    if poison["version"] is None:
        assert "went down by" in poison["gate"]
        assert held == []
        return
    assert poison["canary"]["state"] == "returned"
    assert poison["read"]["new"] < better["read"]["new"] - 0.03
    last = poison["moves"][-1]
    assert (last["kind"], last["canary"], last["reason"]) == ("canary returned", "2", poison["canary"]["why"])
    assert held == ["2"]
    assert poison["version"] in {each["version"] for each in poison["picture"]["learned"]}
    assert poison["learned"] > 0
