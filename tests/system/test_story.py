"""The whole loop as one story, against a real server with real trainings: docs/story.md, in the smallest size."""

from pathlib import Path

from benchmarks.loop.episode import Content, Episode
from benchmarks.loop.story import COLLECT, GATE, LABELS, WITHIN, Scale, Story
from benchmarks.loop.world import World, parts, write_base
from server.store.policies import AUTHOR
from tests.live import LiveServer

JUDGES = 1000
SCALE = Scale(usual=400, shadow_minutes=0.5, canary_minutes=1.0, watch_minutes=0.25)


def test_the_world_moves_and_the_loop_follows_and_then_it_is_poisoned(tmp_path: Path) -> None:
    stream, judges = parts()
    write_base(tmp_path / "mnist")
    with (
        LiveServer(tmp_path, "--dataset", str(tmp_path / "mnist"), *GATE, *COLLECT) as server,
        Episode(server.url, World(stream)) as episode,
    ):
        told = Story(episode, judges.first(JUDGES), SCALE).tell()
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
    assert steps["shadow"]["share"] == 0
    assert 0.01 < steps["canary"]["share"] < 0.12
    assert better["read"]["new"] > change["read"]["new"] + 0.01
    assert better["read"]["plain"] > change["read"]["plain"] - 0.01
    before, after = (right / number for right, number in (better["answered"][each]["new"] for each in ("0", "1")))
    assert after > before
    assert after > better["estimated"][0]["low"]


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
