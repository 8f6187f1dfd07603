"""Idempotency-Key over HTTP: an upload and a retrain are done once and answered the same, also through a kill."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from server.web.keys import Scope, new_key
from tests.digits import Digits
from tests.faults.stage import Stage, eventually
from tests.live import LiveServer


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, Stage, list[str]]]:
    """A server whose steps a test may stop, and two keys."""
    folder = tmp_path_factory.mktemp("once")
    stage = Stage(folder / "stage")
    made = [new_key(name, [Scope.TEACH, Scope.RETRAIN, Scope.READ]) for name in ("ana", "ben")]
    environment = stage.environment | {"RELEARN_KEYS": ";".join(line for _, line in made)}
    flags = ("--trainer", "none", "--job-start-seconds", "600")
    with LiveServer(folder, *flags, environment=environment) as server:
        yield server, stage, [key for key, _ in made]


@pytest.fixture
def live(staged: tuple[LiveServer, Stage, list[str]]) -> LiveServer:
    return staged[0]


@pytest.fixture
def keys(staged: tuple[LiveServer, Stage, list[str]]) -> list[str]:
    return staged[2]


def upload(live: LiveServer, key: str, token: str, *pngs: bytes, label: str = "1") -> httpx.Response:
    """Each time with another boundary, as clients have it."""
    headers = {"Idempotency-Key": key, "X-API-Key": token}
    files = [("files", ("a.png", png)) for png in pngs]
    return live.post("/upload", files=files, data={"labels": [label] * len(pngs)}, headers=headers)


def count(live: LiveServer, token: str) -> int:
    found = live.get("/dataset", headers={"X-API-Key": token}).json()
    return int(found["count"])


def test_an_upload_that_is_sent_again_gets_its_first_answer(live: LiveServer, keys: list[str], digits: Digits) -> None:
    ana, ben = keys
    first = upload(live, "sent-again", ana, digits.png(1))
    again = upload(live, '"sent-again"', ana, digits.png(1))  # as the draft writes it
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    without = live.post(
        "/upload", files=[("files", ("a.png", digits.png(1)))], data={"labels": ["1"]}, headers={"X-API-Key": ana}
    )
    assert without.json()["duplicates"] == ["a.png"]
    for png, label in ((digits.png(2), "1"), (digits.png(1), "7")):
        other = upload(live, "sent-again", ana, png, label=label)
        assert (other.status_code, other.json()["code"]) == (422, "another_request")
    assert "Idempotent-Replayed" not in upload(live, "sent-again", ben, digits.png(3)).headers


def test_a_refused_upload_may_be_mended_under_its_key(live: LiveServer, keys: list[str], digits: Digits) -> None:
    for _ in range(2):
        assert upload(live, "mended", keys[0], b"no picture").status_code == 415
    assert upload(live, "mended", keys[0], digits.png(4)).status_code == 201


@pytest.mark.parametrize("key", ["", '""', "a b", "a" * 256])
def test_a_key_that_is_none_is_refused(live: LiveServer, keys: list[str], digits: Digits, key: str) -> None:
    answer = upload(live, key, keys[0], digits.png(5))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_a_retrain_that_is_sent_again_is_the_same_job(live: LiveServer, keys: list[str]) -> None:
    headers = {"X-API-Key": keys[0]}

    def retrain(key: str, **options: object) -> httpx.Response:
        return live.post("/retrain", json={"force": True} | options, headers=headers | {"Idempotency-Key": key})

    first, again = retrain("once", epochs=1), retrain("once", epochs=1)
    assert (first.status_code, again.status_code, first.json()) == (202, 202, again.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert retrain("another", epochs=1).json()["code"] == "conflict"
    assert retrain("once", epochs=2).json()["code"] == "another_request"
    live.client.delete(f"{live.url}/retrain/jobs/{first.json()['job']}", headers=headers)
    assert retrain("once", epochs=1).json() == first.json()  # whatever became of it


def test_a_call_whose_first_is_under_way_is_told_so(
    staged: tuple[LiveServer, Stage, list[str]], digits: Digits
) -> None:
    live, stage, (ana, _) = staged
    pngs = [digits.png(number) for number in range(100, 201)]
    stage.stop_at("writing pictures")
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(upload, live, "under-way", ana, *pngs)
        stage.reached()
        again = upload(live, "under-way", ana, *pngs)
        assert (again.status_code, again.json()["code"], again.headers["Retry-After"]) == (409, "under_way", "1")
        stage.go()
        assert first.result().status_code == 201
    assert upload(live, "under-way", ana, *pngs).json() == first.result().json()


@pytest.mark.parametrize(("step", "was_made"), [("upload before commit", False), ("uploaded", True)])
def test_a_kill_loses_nothing_and_doubles_nothing(
    staged: tuple[LiveServer, Stage, list[str]], digits: Digits, step: str, was_made: bool
) -> None:
    live, stage, (ana, _) = staged
    number = 7 + was_made
    before = count(live, ana)
    stage.stop_at(step)
    with ThreadPoolExecutor(1) as threads:
        killed = threads.submit(upload, live, step.replace(" ", "-"), ana, digits.png(number))
        os.kill(stage.reached(), signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            killed.result()
    live.stop()
    stage.go()
    live.start()
    eventually(lambda: count(live, ana) == before + was_made, "the dataset as it was left")
    answer = upload(live, step.replace(" ", "-"), ana, digits.png(number))
    assert (answer.status_code, answer.json()["count"]) == (201, 1)
    assert ("Idempotent-Replayed" in answer.headers) == was_made
    assert count(live, ana) == before + 1
