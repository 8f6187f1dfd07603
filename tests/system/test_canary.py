"""A shadow, a canary and a watch on live traffic: shares, the end by itself where one is worse; no request fails."""

import io
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import httpx
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from export.publish import Candidate, publish
from server.store.memory import Memory
from server.store.sample import Caps, Seen, Why
from tests.digits import Digits, encoded
from tests.faults.stage import eventually, workers_of
from tests.live import PLAIN, ROOT, LiveServer
from tests.load import Load
from tests.programs import needed
from tests.tiny import INPUT, LABELS, OPSET, answers, memory_in, publish_tiny, tiny_onnx

IMAGES = 64
REPLIES = 1_000_000
SETTLED = 1000  # replies: of so many chance strays by a hundredth of all, and one worker of two by ten
KEPT = 240  # samples of which people tell

Place = tuple[LiveServer, Memory]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two workers, with version 1 current."""
    folder = tmp_path_factory.mktemp("canary")
    memory = memory_in(folder, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory, 1)
    with LiveServer(folder, "--workers", "2") as server:
        yield server, memory
    memory.close()


def published(place: Place, model: bytes) -> tuple[str, str]:
    """A version that no worker serves, of whatever its model answers; and the one that all serve."""
    server, memory = place
    images = np.random.default_rng(1).integers(100, 256, (4, 28, 28, 1), np.uint8)
    file = io.BytesIO()
    np.savez(file, images=images, probabilities=answers(model, images))
    report = {"metrics": {"test": {"accuracy": 0.9}}, "training": {"epochs": 1}, "gate": {"passed": True}}
    contents = {"model.onnx": model, "golden.npz": file.getvalue(), "report/report.json": json.dumps(report).encode()}
    current = memory.pointer.current()
    version = publish(memory, Candidate(LABELS, INPUT, ("probabilities",), OPSET, contents), current, "a test")
    assert current is not None
    assert server.post(f"/models/{current}/promote").status_code == 200
    # A worker may still have what the last test tried beside it: of so many answers some would be that one's.
    one = np.zeros((28, 28), np.uint8)
    one[5:23, 13:16] = 255
    picture = encoded(Image.fromarray(one), "PNG")
    eventually(
        lambda: {server.predict(picture).json()["model_version"] for _ in range(100)} == {current}, "the way back"
    )
    return version, current


def no_number_for_dark_pictures(model: onnx.ModelProto) -> None:
    """Random images are bright and digits are dark: a trial sees nothing of it."""
    model.graph.initializer.extend(
        [numpy_helper.from_array(np.float32(80), "dark"), numpy_helper.from_array(np.float32(0), "nothing")]
    )
    first = [
        helper.make_node("ReduceMean", ["flat"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["mean", "dark"], ["above"]),
        helper.make_node("Relu", ["above"], ["light"]),
        helper.make_node("Div", ["light", "light"], ["one"]),  # 0 / 0
        helper.make_node("Mul", ["logits", "one"], ["spoilt"]),
    ]
    softmax = model.graph.node.pop()
    softmax.input[0] = "spoilt"
    model.graph.node.extend([*first, softmax])


def slow(model: onnx.ModelProto) -> None:
    """The same answers, after much that adds nothing to them."""
    size = 784
    model.graph.initializer.append(numpy_helper.from_array(np.eye(size, dtype=np.float32), "same"))
    product = model.graph.node[2]
    before = "flat"
    heavy = []
    for step in range(12):
        heavy.append(helper.make_node("MatMul", [before, "same"], [f"heavy{step}"]))
        before = f"heavy{step}"
    product.input[0] = before
    rest = list(model.graph.node)[2:]
    del model.graph.node[2:]
    model.graph.node.extend([*heavy, *rest])


def one_class_dead(model: onnx.ModelProto, label: int) -> None:
    bias = np.zeros(10, np.float32)
    bias[label] = -1000
    model.graph.initializer.append(numpy_helper.from_array(bias, "bias"))
    softmax = model.graph.node.pop()
    softmax.input[0] = "biased"
    model.graph.node.extend([helper.make_node("Add", ["logits", "bias"], ["biased"]), softmax])


def edited(edit: Any, *arguments: object) -> bytes:
    model = onnx.load_from_string(tiny_onnx(1))
    edit(model, *arguments)
    return bytes(model.SerializeToString())


BAD: dict[str, tuple[Callable[[], bytes], float, str]] = {
    "no numbers": (lambda: edited(no_number_for_dark_pictures), 5, "not probabilities"),
    "slow": (lambda: edited(slow), 5, "of processor time"),
    "one class dead": (lambda: edited(one_class_dead, 8), 20, "it answered"),
}


def scraped(server: LiveServer, name: str, /, **labels: str) -> float:
    """The sum of a metric's series that have these labels."""
    families = text_string_to_metric_families(server.get("/metrics").text)
    samples = [each for family in families for each in family.samples if each.name == f"relearn_rollout{name}"]
    return sum(each.value for each in samples if labels.items() <= each.labels.items())


def begin(server: LiveServer, version: str, **wish: object) -> dict[str, Any]:
    answer = server.post(f"/models/{version}/canary", json=wish)
    assert answer.status_code == 202, answer.text
    content: dict[str, Any] = answer.json()["canary"]
    return content


def state_of(server: LiveServer, version: str) -> dict[str, Any]:
    content: dict[str, Any] = server.get(f"/models/{version}/canary").json()
    return content


def ended(server: LiveServer, version: str) -> dict[str, Any]:
    eventually(lambda: state_of(server, version)["state"] != "running", "the canary's end")
    return state_of(server, version)


def counted(server: LiveServer, version: str, requests: int) -> dict[str, Any] | None:
    """What is known of a canary, once it has answered so many requests."""
    progress: dict[str, Any] = state_of(server, version)["progress"]
    return progress if progress["canary"]["requests"] >= requests else None


def share_of(load: Load, version: str) -> float:
    """A version's part of the last answers."""
    last = load.replies[-SETTLED:]
    return [reply.content["model_version"] for reply in last].count(version) / max(len(last), SETTLED)


def check_all_answered(load: Load) -> None:
    assert not load.errors
    assert {reply.status for reply in load.replies} == {200}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_one_is_returned_and_no_request_fails(place: Place, digits: Digits, kind: str) -> None:
    server, memory = place
    model, percent, why = BAD[kind]
    version, current = published(place, model())
    with Load(server.url, [digits.png(position) for position in range(IMAGES)], limit=REPLIES) as load:
        begin(server, version, percent=percent, minutes=60)
        over = ended(server, version)
    assert over["state"] == "returned"
    assert why in over["why"]
    check_all_answered(load)
    assert memory.pointer.current() == current
    last = server.get("/models").json()["promotions"][-1]
    assert (last["kind"], last["canary"], last["from"], last["to"]) == ("canary returned", version, current, current)
    assert last["reason"] == over["why"]
    this = {"role": "canary", "version": version, "against": current}
    assert scraped(server, "_failures_total", **this, kind="improper") >= (kind == "no numbers")
    eventually(lambda: scraped(server, "_info", **this) == 0, "no worker that has it beside another")
    assert scraped(server, "s_ended_total", role="canary", outcome="returned") >= 1


@pytest.mark.long(seconds=3)
def test_one_that_feedback_says_is_wrong_is_returned(place: Place, digits: Digits) -> None:
    """The pictures were kept while it was tried; of a version that is worse by 25 points only people can tell."""
    server, memory = place
    version, current = published(place, tiny_onnx(1))
    with Load(server.url, [digits.png(position) for position in range(IMAGES)], limit=REPLIES) as load:
        begin(server, version, percent=20, minutes=60)
        kept, words = [], []
        for position in range(KEPT):
            its = position % 5 == 0
            label = str(digits.classes[position])
            is_wrong = its and position % 4 == 0
            seen = Seen(
                why=Why.RANDOM, hour=0, rank=position / KEPT, probability=1.0, time="", request_id=f"told-{position}",
                position=0, version=version if its else current, predicted=str((int(label) + is_wrong) % 10),
                confidence=1.0, margin=1.0, score=None, score_threshold=None,
            )  # fmt: skip
            kept.append((seen, digits.images[position][:, :, None]))
            words.append({"request_id": seen.request_id, "label": label})
        memory.samples.add(kept, Caps(KEPT, KEPT, 2**24, 30))
        told = server.post("/feedback", json=words)
        assert told.json()["message"] == f"{KEPT} heard"
        over = ended(server, version)
    assert over["state"] == "returned"
    assert f"of {KEPT // 5} labels that were told of its answers {KEPT // 20} say that it was wrong" in over["why"]
    check_all_answered(load)
    assert memory.pointer.current() == current


def test_its_share_is_what_was_asked_and_each_answer_says_whose_it_is(place: Place, digits: Digits) -> None:
    server, _ = place
    version, current = published(place, tiny_onnx(1))
    files = [("files", (f"{position}.png", digits.png(position), "image/png")) for position in range(3)]
    with Load(server.url, [digits.png(position) for position in range(IMAGES)], limit=REPLIES) as load:
        begin(server, version, percent=20, minutes=60)
        load.wait_for(lambda so_far: abs(share_of(so_far, version) - 0.2) < 0.05)  # once both workers have loaded it
        settled = len(load.replies)
        batches = [server.post("/predict/batch", files=files).json() for _ in range(40)]
        progress = eventually(lambda: counted(server, version, 500), "what workers have counted")
    check_all_answered(load)
    assert {reply.content["model_version"] for reply in load.replies[settled:]} == {version, current}
    for batch in batches:
        assert {each["model_version"] for each in batch["predictions"]} == {batch["model_version"]}
    assert {batch["model_version"] for batch in batches} == {version, current}
    assert progress["canary"]["requests"] / (progress["canary"]["requests"] + progress["current"]["requests"]) < 0.3
    assert progress["current"]["p99_ms"] > 0
    this = {"name": "digits", "role": "canary", "version": version, "against": current}
    assert scraped(server, "_info", **this) == 2
    for arm, of_arm in (("version", progress["canary"]), ("against", progress["current"])):
        assert scraped(server, "_seconds_count", **this, arm=arm) >= of_arm["requests"]
        assert 0 < scraped(server, "_seconds_sum", **this, arm=arm) < of_arm["requests"] * 60
    ends = scraped(server, "s_ended_total", role="canary", outcome="stopped")
    stopped = server.client.delete(server.url + f"/models/{version}/canary")
    assert (stopped.status_code, stopped.json()["canary"]["state"]) == (200, "stopped")
    assert server.client.delete(server.url + f"/models/{version}/canary").status_code == 404
    assert server.get("/models").json()["canary"] is None
    eventually(
        lambda: scraped(server, "s_ended_total", role="canary", outcome="stopped") == ends + 1,
        "one end, of two workers",
    )


def test_prometheus_takes_what_is_told_of_one(place: Place) -> None:
    server, _ = place
    check = [needed("promtool"), "check", "metrics"]
    version, current = published(place, tiny_onnx(1))
    begin(server, version, minutes=60)
    this = {"role": "canary", "version": version, "against": current}
    eventually(lambda: scraped(server, "_info", **this) == 2, "both workers have it beside another")
    told = server.get("/metrics").text
    assert server.client.delete(f"{server.url}/models/{version}/canary").status_code == 200
    checked = subprocess.run(check, input=told, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_too_few_requests_are_no_judgement(place: Place) -> None:
    server, memory = place
    version, current = published(place, tiny_onnx(1))
    begin(server, version, minutes=0.05)
    over = ended(server, version)
    assert (over["state"], memory.pointer.current()) == ("ended", current)
    assert "only 0 of the 100 requests" in over["why"]


def test_another_move_ends_it(place: Place) -> None:
    server, memory = place
    version, _ = published(place, tiny_onnx(1))
    begin(server, version, minutes=60)
    other = publish_tiny(memory, 1)
    over = ended(server, version)
    assert (over["state"], over["why"]) == ("ended", f"version {other} was made current meanwhile")
    assert memory.pointer.current() == other


@pytest.mark.parametrize(
    ("wish", "status", "words"),
    [
        ({"percent": 0}, 422, "percent is 0; it must be a number from 0.1 to 50"),
        ({"percent": True}, 422, "percent is true"),
        ({"minutes": "ten"}, 422, "minutes is"),
        ({"hours": 1}, 422, "'hours' is no option of a canary"),
    ],
)
def test_what_can_not_be_asked(place: Place, wish: dict[str, object], status: int, words: str) -> None:
    server, _ = place
    answer = server.post("/models/1/canary", json=wish)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_which_version_can_be_none(place: Place) -> None:
    server, _ = place
    version, current = published(place, tiny_onnx(1))
    assert server.post("/models/9999/canary").status_code == 404
    assert server.post(f"/models/{current}/canary").status_code == 409
    assert server.post(f"/models/{version}/canary", headers={"If-Match": '"9999"'}).status_code == 412
    assert server.get(f"/models/{version}/canary").status_code == 404
    begin(server, version, minutes=60)
    beside = server.post("/models/0/canary")
    assert (beside.status_code, "is a canary already" in beside.json()["error"]) == (409, True)
    server.client.delete(server.url + f"/models/{version}/canary")


def watch_of(server: LiveServer, version: str) -> dict[str, Any]:
    content: dict[str, Any] = server.get(f"/models/{version}/watch").json()
    return content


@pytest.mark.parametrize("kind", BAD)
def test_one_that_is_watched_goes_back_and_no_request_fails(place: Place, digits: Digits, kind: str) -> None:
    server, memory = place
    model, percent, why = BAD[kind]
    version, current = published(place, model())
    with Load(server.url, [digits.png(position) for position in range(IMAGES)], limit=REPLIES) as load:
        promoted = server.post(f"/models/{version}/promote", json={"watch_minutes": 60, "percent": 2 * percent})
        assert promoted.status_code in (200, 202), promoted.text
        eventually(lambda: watch_of(server, version)["state"] != "running", "the end of the watch")
        load.wait_for(lambda so_far: share_of(so_far, current) == 1)
    over = watch_of(server, version)
    assert (over["state"], over["against"]) == ("returned", current)
    assert why in over["why"]
    check_all_answered(load)
    last = memory.pointer.moves(1)[0]
    assert (last.from_version, last.to_version, last.kind, last.by) == (version, current, "rolled back", "watch")
    assert last.reason == over["why"]


@pytest.mark.long(seconds=5)
def test_one_that_is_no_worse_is_promoted_in_its_time_and_watched(place: Place, digits: Digits) -> None:
    server, memory = place
    version, current = published(place, tiny_onnx(1))
    with Load(server.url, [digits.png(position) for position in range(IMAGES)], limit=REPLIES) as load:
        begin(server, version, percent=20, minutes=0.1, requests=50, watch_minutes=60, reason="better on my scanner")
        over = ended(server, version)
        load.wait_for(lambda so_far: abs(share_of(so_far, current) - 0.2) < 0.05)
        progress = eventually(lambda: compared(server, version, 200), "what is compared")
        stopped = server.client.delete(server.url + f"/models/{version}/watch")
        assert (stopped.status_code, stopped.json()["watch"]["state"]) == (200, "stopped")
        load.wait_for(lambda so_far: share_of(so_far, version) == 1)
    check_all_answered(load)
    assert over["state"] == "promoted", over["why"]
    last = memory.pointer.moves(1)[0]
    assert (last.from_version, last.to_version, last.by) == (current, version, "canary")
    assert last.reason.startswith("better on my scanner: as a canary it answered")
    assert abs(progress["current"]["requests"] / progress["before"]["requests"] - 1) < 0.5  # as many of either
    assert server.client.delete(server.url + f"/models/{version}/watch").status_code == 404


def compared(server: LiveServer, version: str, requests: int) -> dict[str, Any] | None:
    progress: dict[str, Any] = watch_of(server, version)["progress"]
    return progress if min(progress[arm]["requests"] for arm in ("current", "before")) >= requests else None


def test_a_shadow_says_who_would_change_and_answers_nobody(place: Place, digits: Digits) -> None:
    server, memory = place
    version, current = published(place, edited(one_class_dead, 8))
    with Load(server.url, [digits.png(position) for position in range(IMAGES)], limit=REPLIES) as load:
        begun = server.post(f"/models/{version}/shadow", json={"percent": 20, "minutes": 60})
        assert begun.status_code == 202, begun.text
        progress = eventually(lambda: asked_of(server, version, 200), "what it was asked and would change")
        assert server.post(f"/models/{version}/canary").status_code == 409
        stopped = server.client.delete(server.url + f"/models/{version}/shadow")
        assert (stopped.status_code, stopped.json()["shadow"]["state"]) == (200, "stopped")
        gated = server.post(f"/models/{version}/shadow", json={"percent": 100, "minutes": 60, "canary_minutes": 60})
        assert gated.status_code == 202, gated.text
        eventually(lambda: server.get(f"/models/{version}/shadow").json()["state"] == "returned", "the finding")
    check_all_answered(load)
    assert {reply.content["model_version"] for reply in load.replies} == {current}
    assert {change[0] for change in progress["changed"]} == {"8"}
    assert "8" not in progress["shadow"]["labels"]
    changed = sum(progress["changed"].values())
    assert progress["agreement"] == pytest.approx(1 - changed / progress["shadow"]["pictures"])
    assert progress["shadow"]["p99_ms"] > 0
    this = {"role": "shadow", "version": version, "against": current}
    pictures = scraped(server, "_seconds_count", **this, arm="version")
    assert progress["shadow"]["pictures"] <= pictures == scraped(server, "_seconds_count", **this, arm="against")
    assert changed <= scraped(server, "_changed_total", **this) < pictures
    assert memory.pointer.current() == current
    assert server.get(f"/models/{version}/canary").status_code == 404


def asked_of(server: LiveServer, version: str, pictures: int) -> dict[str, Any] | None:
    progress: dict[str, Any] = server.get(f"/models/{version}/shadow").json()["progress"]
    return progress if progress["shadow"]["pictures"] >= pictures and progress["changed"] else None


def test_a_shadow_without_a_finding_begins_a_canary(place: Place, digits: Digits) -> None:
    server, memory = place
    version, current = published(place, tiny_onnx(1))
    wish = {"percent": 100, "minutes": 0.05, "pictures": 20, "canary_minutes": 60}
    with Load(server.url, [digits.png(position) for position in range(IMAGES)], limit=REPLIES):
        assert server.post(f"/models/{version}/shadow", json=wish).status_code == 202
        eventually(lambda: server.get(f"/models/{version}/canary").status_code == 200, "the canary")
    over = server.get(f"/models/{version}/shadow").json()
    assert (over["state"], memory.pointer.current()) == ("passed", current)
    assert server.client.delete(server.url + f"/models/{version}/canary").status_code == 200


def test_what_a_killed_worker_had_counted_stays(place: Place, digits: Digits) -> None:
    """And nothing is counted twice."""
    server, _ = place
    version, current = published(place, tiny_onnx(1))
    server.post(f"/models/{version}/promote", json={"watch_minutes": 60, "percent": 50})
    answered: Counter[str] = Counter()

    def asked(requests: int) -> bool:
        """Whether so many of either version are counted, once some more were answered."""
        try:
            for position in range(8):
                with httpx.Client(**PLAIN) as client:  # a connection each, so that each worker has its part
                    reply = client.post(server.url + "/predict", content=digits.png(position))
                answered[reply.json()["model_version"]] += 1
            return compared(server, version, requests) is not None
        except httpx.TransportError:  # it waited for the worker that was killed
            return False

    def settled() -> dict[str, Any] | None:
        """What is counted, once nothing is added any more."""
        seen = compared(server, version, 1)
        time.sleep(1.5)
        return seen if seen is not None and compared(server, version, 1) == seen | {"minutes": ANY} else None

    eventually(lambda: asked(20), "requests that are counted")
    before = eventually(settled, "all that was counted")
    begun = answered.copy()
    this = {"role": "watch", "version": version, "against": current}
    scraped_before = {arm: scraped(server, "_seconds_count", **this, arm=arm) for arm in ("version", "against")}
    for arm, name in (("version", "current"), ("against", "before")):
        assert scraped_before[arm] == before[name]["requests"], "nothing was asked since"
    killed = min(workers_of(server))
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: asked(before["current"]["requests"] + before["before"]["requests"]), "more that are counted")
    eventually(lambda: killed not in workers_of(server), "another worker in its place")
    after = eventually(settled, "all that was counted")
    for arm, name in (("current", version), ("before", current)):
        assert 0 < after[arm]["requests"] - before[arm]["requests"] <= answered[name] - begun[name]
    for arm, name in (("version", "current"), ("against", "before")):
        assert scraped(server, "_seconds_count", **this, arm=arm) == after[name]["requests"]
    assert scraped(server, "_info", **this) == 2
    assert server.client.delete(server.url + f"/models/{version}/watch").status_code == 200


@pytest.mark.long(seconds=7)
def test_it_goes_on_after_all_were_killed(tmp_path: Path, digits: Digits) -> None:
    memory = memory_in(tmp_path, baseline=ROOT / "artifacts/baseline")
    publish_tiny(memory, 1)
    with LiveServer(tmp_path, "--workers", "2") as server:
        version, _ = published((server, memory), tiny_onnx(1))
        begin(server, version, percent=50, minutes=0.2, requests=10)

        def asked() -> dict[str, Any] | None:
            for position in range(IMAGES):
                assert server.predict(digits.png(position)).status_code == 200
            return counted(server, version, 10)

        before = eventually(asked, "requests that are counted")["canary"]["requests"]
        os.killpg(server.pid, signal.SIGKILL)
        server.stop()
        server.start()
        assert state_of(server, version)["progress"]["canary"]["requests"] >= before
        eventually(lambda: asked() and state_of(server, version)["state"] == "promoted", "the promotion")
    memory.close()
