"""The loop, closed: upload, retrain, take over; and what becomes of it when a part of it is killed."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.digits import SMALL_GATE_MARGIN, Digits, mnist, write_small_mnist
from tests.faults.stage import Stage, sharing
from tests.live import TRAINING_SECONDS, LiveServer
from tests.load import Load


@contextmanager
def small_server(folder: Path, environment: dict[str, str]) -> Iterator[LiveServer]:
    """Two workers and a small dataset."""
    write_small_mnist(folder / "mnist")
    flags = ("--workers", "2", "--dataset", str(folder / "mnist"), "--gate-accuracy-margin", SMALL_GATE_MARGIN)
    with LiveServer(folder, *flags, environment=environment) as server:
        server.client.timeout = httpx.Timeout(TRAINING_SECONDS)
        yield server


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="module")
def teaching(tmp_path_factory: pytest.TempPathFactory, stage: Stage) -> Iterator[LiveServer]:
    """One whose trainers stand where they would train: what is done to them is what is tried."""
    with small_server(tmp_path_factory.mktemp("teaching"), stage.environment) as server:
        yield server


@dataclass(frozen=True)
class Retrained:
    """A server that has learnt from fifty uploads, what it answered, and what its clients were answered meanwhile."""

    server: LiveServer
    answer: httpx.Response
    versions_after: set[str]
    load: Load


@pytest.fixture(scope="module")
def retrained(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Iterator[Retrained]:
    train, uploads = mnist("train"), range(10_000, 10_050)
    pngs = [digits.png(position) for position in range(50)]
    folder = tmp_path_factory.mktemp("retrained")
    with small_server(folder, sharing(folder / "stage")) as server:
        files = [(f"{position}.png", train.png(position)) for position in uploads]
        labels = ",".join(str(train.classes[position]) for position in uploads)
        assert server.upload(files, [labels]).json()["count"] == 50
        with Load(server.url, pngs, clients=2, limit=10**6, pause_seconds=0.03) as load:
            answer = server.post("/retrain?wait=true", json={"epochs": 1})
            after = {server.predict(pngs[0]).json()["model_version"] for _ in range(20)}
        yield Retrained(server, answer, after, load)


def state_of(server: LiveServer, job: str) -> dict[str, Any]:
    found: dict[str, Any] = server.get(f"/retrain/jobs/{job}").json()
    return found


def wait_until(server: LiveServer, job: str, *states: str) -> dict[str, Any]:
    deadline = time.monotonic() + TRAINING_SECONDS
    while (found := state_of(server, job))["state"] not in states:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def in_training(server: LiveServer, stage: Stage) -> str:
    """A job whose trainer stands in its training."""
    stage.stop_at("training")
    started = server.post("/retrain", json={"force": True})
    assert started.status_code == 202, started.text
    job: str = started.json()["job"]
    assert started.headers["Location"] == f"/retrain/jobs/{job}"
    stage.reached()
    assert state_of(server, job)["state"] == "training"
    return job


def trainer_pids(server: LiveServer, job: str) -> list[int]:
    """The processes that work on a job: the runner first."""
    pids = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                words = (folder / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if "trainer" in words and str(server.artifacts) in words and job in words:
                pids.append(int(folder.name))
    return sorted(pids)


def wait_until_gone(server: LiveServer, job: str) -> None:
    """Wait for the end of the runner, which writes the result shortly before, and of its child."""
    deadline = time.monotonic() + TRAINING_SECONDS
    while pids := trainer_pids(server, job):
        assert time.monotonic() < deadline, pids
        time.sleep(0.05)


def test_a_retrain_learns_publishes_and_every_worker_serves_it_without_one_failed_request(
    retrained: Retrained, digits: Digits
) -> None:
    server, content = retrained.server, retrained.answer.json()
    assert retrained.answer.status_code == 200, content
    assert (content["message"], content["epochs"], content["published"]) == ("Model retrained successfully", 1, True)
    assert content["accuracy"] > 0.9
    assert content["model_version"] == "1"
    assert retrained.versions_after == {"1"}
    assert not retrained.load.errors
    assert {reply.status for reply in retrained.load.replies} == {200}
    model = server.get("/models/1").json()
    assert model["report"]["metrics"]["test"]["images"] == 500
    assert model["report"]["metrics"]["test"]["accuracy"] == content["accuracy"]
    assert model["report"]["training"]["warm_start"] == "0"
    assert model["report"]["training"]["upload_batches"] == ["1"]
    assert (model["report"]["training"]["decision"], model["report"]["training"]["uploads_lost"]) == (1, 0)
    (move,) = server.get("/models").json()["promotions"]
    assert (move["from"], move["to"], move["kind"]) == ("0", "1", "published")
    assert (move["by"], move["reason"]) == ("api", "job 1")
    parts = {part: sum(counts.values()) for part, counts in model["report"]["dataset"].items()}
    left_out = model["report"]["training"]["uploads_left_out"]  # a one that is like another as copies are
    assert parts["uploads"] + parts["held out"] + left_out == 50
    assert left_out < 4
    copies = model["report"]["training"]["base_left_out"]  # of the base's own
    assert parts["fit"] + parts["validation"] + parts["gate"] + copies == 3000
    assert copies < 100
    assert model["report"]["parity"]["max_abs_diff"] <= 1e-5
    right = sum(server.predict(digits.png(n)).json()["prediction"] == digits.classes[n] for n in range(500))
    assert right == model["report"]["metrics"]["test"]["right"]


def test_the_job_tells_what_happened(retrained: Retrained) -> None:
    server = retrained.server
    job = server.get("/retrain/jobs").json()["jobs"][0]
    assert (job["job"], job["state"], job["by"], job["options"]) == ("1", "published", "api", {"epochs": 1})
    assert (job["decision"], job["result"]["version"]) == (1, "1")
    assert all(check["passed"] for check in job["result"]["gate"]["checks"])
    with server.client.stream("GET", server.url + "/retrain/jobs/1/events") as stream:
        text = stream.read().decode()
    retry, *events = text.strip().split("\n\n")
    assert retry.startswith("retry: ")
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in events]
    stages = [json.loads(block["data"]).get("stage") for block in blocks[:-1]]
    order = ["starting", "preparing", "training", "calibrating", "exporting", "verifying", "gating", "publishing"]
    assert list(dict.fromkeys(stages)) == order
    assert blocks[-1]["event"] == "result"
    assert json.loads(blocks[-1]["data"])["state"] == "published"
    again = server.get("/retrain/jobs/1/events", headers={"Last-Event-ID": str(len(blocks) - 2)}).text
    assert again.count("event: progress") == 1
    assert "epoch 1/1" in server.get("/retrain/jobs/1/log").text


def test_nothing_new_trains_nothing(retrained: Retrained, digits: Digits) -> None:
    """Nothing was uploaded since; and what the model finds impossible is put aside, and is nothing to learn from."""
    server = retrained.server
    before = server.get("/retrain/jobs").json()
    files = [(f"{position}.png", digits.png(position)) for position in range(500, 560)]
    wrong = [str((digits.classes[position] + 1) % 10) for position in range(500, 560)]
    for upload in (False, True):
        if upload:
            answer = server.upload(files, wrong).json()
            assert len(answer["suspects"]) >= 50
            dataset = server.get("/dataset").json()
            assert dataset["suspects_count"] == len(dataset["suspects"])
            of_it = [each["sha256"] for each in dataset["suspects"] if each["batch"] == answer["batch"]]
            newest_first = [each["sha256"] for each in reversed(answer["suspects"])]
            assert of_it == newest_first  # the training may have doubted one of before
            for suspect in newest_first:
                picture = server.get(f"/dataset/images/{suspect}")
                assert picture.headers["Content-Type"] == "image/png"
            doubtless = {each["file"] for each in answer["suspects"]}
            if answer["count"] > len(doubtless):
                assert server.client.delete(f"{server.url}/dataset/batches/{answer['batch']}").status_code == 200
        answer = server.post("/retrain?wait=true").json()
        assert (answer["published"], answer["reason"]) == (False, "nothing new to learn from")
    assert server.get("/retrain/jobs").json() == before


def test_a_suspect_is_accepted_or_removed(teaching: LiveServer, digits: Digits) -> None:
    (name, data), label = ("a.png", digits.png(700)), str((digits.classes[700] + 1) % 10)
    (suspect,) = teaching.upload([(name, data)], [label]).json()["suspects"]
    assert (suspect["file"], suspect["label"], suspect["predicted"]) == (name, label, str(digits.classes[700]))
    path = f"/dataset/images/{suspect['sha256']}"
    assert teaching.post(path + "/accept").status_code == 200
    assert teaching.post(path + "/accept").status_code == 404
    assert suspect["sha256"] not in teaching.get("/dataset").text
    assert teaching.get(path).status_code == 200
    assert teaching.client.delete(teaching.url + path).status_code == 200
    assert teaching.get(path).status_code == 404


def test_a_rejected_suspect_leaves_the_label_that_was_there_or_nothing(teaching: LiveServer, digits: Digits) -> None:
    (name, data), right = ("b.png", digits.png(701)), str(digits.classes[701])
    wrong, path, sha256 = str((digits.classes[701] + 1) % 10), "", ""
    for earlier in (None, right):
        if earlier is not None:
            assert teaching.upload([(name, data)], [earlier]).json()["suspects"] == []
        (suspect,) = teaching.upload([(name, data)], [wrong]).json()["suspects"]
        sha256 = suspect["sha256"]
        path = f"/dataset/images/{sha256}"
        newest = teaching.get("/dataset").json()["suspects"][0]
        assert (newest["sha256"], newest["label"], newest["in_force"]) == (sha256, wrong, earlier)
        assert teaching.post(path + "/reject").status_code == 200
        assert teaching.post(path + "/reject").status_code == 404
        assert sha256 not in teaching.get("/dataset").text
        assert teaching.get(path).status_code == (404 if earlier is None else 200)
    (image,) = teaching.get("/dataset/images?limit=1").json()["images"]
    assert (image["sha256"], image["label"], image["suspect"]) == (sha256, right, None)
    assert teaching.client.delete(teaching.url + path).status_code == 200


def test_one_at_a_time_and_a_cancel_ends_it(teaching: LiveServer, stage: Stage) -> None:
    job = in_training(teaching, stage)
    second = teaching.post("/retrain")
    assert (second.status_code, second.json()["code"]) == (409, "conflict")
    assert second.headers["Location"] == f"/retrain/jobs/{job}"
    assert teaching.client.delete(f"{teaching.url}/retrain/jobs/{job}").status_code == 202
    found = wait_until(teaching, job, "cancelled", "failed", "published", "refused")
    assert found["state"] == "cancelled"
    wait_until_gone(teaching, job)
    assert teaching.client.delete(f"{teaching.url}/retrain/jobs/{job}").status_code == 409


@pytest.mark.parametrize("victim", [pytest.param("runner", marks=pytest.mark.long(seconds=3)), "child"])
def test_a_killed_trainer_leaves_a_failed_job_and_the_model(
    teaching: LiveServer, stage: Stage, digits: Digits, victim: str
) -> None:
    before = teaching.predict(digits.png(0)).json()
    job = in_training(teaching, stage)
    runner, child = trainer_pids(teaching, job)
    os.kill(runner if victim == "runner" else child, signal.SIGKILL)
    found = wait_until(teaching, job, "failed")
    reasons = {
        "runner": "the trainer was stopped from outside while training",
        "child": "the trainer was killed by SIGKILL, perhaps for want of memory",
    }
    assert found["result"]["reason"] == reasons[victim]
    wait_until_gone(teaching, job)
    assert teaching.predict(digits.png(0)).json() == before
    teaching.stop()
    teaching.start()
    assert state_of(teaching, job) == found
    assert teaching.predict(digits.png(0)).json() == before


def test_a_server_that_restarts_finds_its_training_going_on(teaching: LiveServer, stage: Stage) -> None:
    job = in_training(teaching, stage)
    os.killpg(teaching.pid, signal.SIGKILL)
    teaching.stop()
    teaching.start()
    found = state_of(teaching, job)
    assert found["state"] == "training", found
    assert teaching.post("/retrain").status_code == 409
    teaching.client.delete(f"{teaching.url}/retrain/jobs/{job}")
    assert wait_until(teaching, job, "cancelled", "failed")["state"] == "cancelled"


def test_a_trainer_that_cannot_start_is_said_at_once(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--trainer-python", str(tmp_path / "none")) as server:
        answer = server.post("/retrain", json={"force": True})
        assert (answer.status_code, answer.json()["code"]) == (500, "failed")
        assert "could not be started" in answer.json()["error"]
        assert server.get("/retrain/jobs/1").json()["state"] == "failed"


def test_a_dataset_that_is_broken_fails_the_job_with_its_name(tmp_path: Path) -> None:
    with LiveServer(tmp_path, "--dataset", str(tmp_path / "nothing")) as server:
        server.client.timeout = httpx.Timeout(TRAINING_SECONDS)
        answer = server.post("/retrain?wait=true", json={"force": True})
        assert answer.status_code == 500
        assert "there is no such folder" in answer.json()["error"]
