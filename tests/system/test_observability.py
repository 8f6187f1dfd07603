"""What operators see: metrics that Prometheus' own checker accepts, right across workers."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.digits import Digits
from tests.faults.stage import eventually
from tests.live import PLAIN, LiveServer
from tests.programs import needed

PATIENCE_SECONDS = 60.0  # a bound for a slow machine


@pytest.mark.parametrize("workers", [1, 2])
def test_promtool_accepts_the_metrics(tmp_path: Path, digits: Digits, workers: int) -> None:
    promtool = needed("promtool")
    with LiveServer(tmp_path, "--workers", str(workers)) as server:
        for position in range(20):
            server.predict(digits.png(position))
        server.get("/nothing")
        text = server.get("/metrics").text
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def ask_both_workers(server: LiveServer, digits: Digits) -> None:
    """Ask for forty predictions, each over a connection of its own, which either worker may take."""
    for position in range(40):
        server.client.close()
        server.client = type(server.client)(timeout=60, **PLAIN)
        server.predict(digits.png(position))


def test_requests_are_counted_across_workers(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--workers", "2") as server:
        ask_both_workers(server, digits)
        line = 'relearn_requests_total{method="POST",route="/predict",status="200"} 40.0'
        text = ""
        for _ in range(200):  # the other worker counts once a tick
            text = server.get("/metrics").text
            if line in text.splitlines():
                break
        assert line in text.splitlines()
        assert "relearn_model_version 0.0" in text.splitlines()


def test_every_answer_of_a_large_batch_is_counted(server: LiveServer, digits: Digits) -> None:
    files = [("files", (f"{position}.png", digits.png(position), "image/png")) for position in range(150)]
    assert len(server.post("/predict/batch", files=files).json()["predictions"]) == 150
    counted = [line for line in server.get("/metrics").text.splitlines() if line.startswith("relearn_answers_total{")]
    assert sum(float(line.split()[-1]) for line in counted) == 150


def test_any_of_two_workers_tells_the_last_minutes_of_both(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--workers", "2") as server:
        ask_both_workers(server, digits)
        server.upload([("a.png", digits.png(50))], ["1"])  # which the model judges, and nobody asked it
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (told := server.get("/stats").json())["last_minute"]["predictions"] < 40:
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
        for each in (told, *asked_anew(server)):
            assert each["last_minute"]["predictions"] == 40
            assert each["workers_counted"] == each["workers"] == 2
            assert sum(each["answers"]["labels"].values()) == 40
            assert each["answers"]["confidence_at_most"]["+Inf"] == 40

        def is_of_both() -> bool:  # a worker looks at its memory once a second, and at first it has not
            found = [each["resident_bytes_now"] for each in asked_anew(server)]
            return bool(max(found) < 1.2 * min(found))

        eventually(is_of_both, "the memory of both, whoever tells it")


def asked_anew(server: LiveServer) -> list[dict[str, Any]]:
    """What is told on connections of their own, which either worker takes."""
    told = []
    for _ in range(12):
        server.client.close()
        server.client = type(server.client)(timeout=60, **PLAIN)
        told.append(server.get("/stats").json())
    return told


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long(seconds=2))])
def test_the_end_of_a_retrain_is_a_line_and_a_count(tmp_path: Path, workers: int) -> None:
    flags = ("--workers", str(workers), "--trainer", "none")
    with LiveServer(tmp_path, *flags) as server:
        job = server.post("/retrain", json={"force": True}).json()["job"]
        assert server.client.delete(f"{server.url}/retrain/jobs/{job}").status_code == 202
        line = 'relearn_retrains_total{state="cancelled"} 1.0'
        deadline = time.monotonic() + PATIENCE_SECONDS
        while line not in server.get("/metrics").text.splitlines():
            assert time.monotonic() < deadline, server.get("/metrics").text
            time.sleep(0.05)
        assert 'relearn_retrains_total{state="published"} 0.0' in server.get("/metrics").text.splitlines()
        server.client.close()
        server.stop()
        told = [each for each in server.log if "retrain ended" in each]
        words = f"retrain ended: job={job} state=cancelled version=- seconds="
        assert [words in each for each in told] == [True], server.log
        assert "reason='cancelled before a trainer took it up'" in told[0]


def test_a_promotion_is_a_line(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        assert server.post("/models/0/promote", json={"reason": "two\nlines"}).status_code == 200
        server.stop()
        told = [each for each in server.log if "version 0 is current" in each]
        assert len(told) == 1, server.log
        assert r"from=0 by=api reason='two\nlines'" in told[0]


def test_health_of_a_sound_service(server: LiveServer) -> None:
    health = server.get("/health").json()
    assert (health["status"], health["model_loaded"], health["model_version"]) == ("healthy", True, "0")
    assert health["uptime_seconds"] > 0
    assert health["problems"] == []
    assert server.get("/readyz").json() == {"status": "ready"}


def test_a_folder_that_goes_away_is_told_and_predictions_go_on(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path) as server:
        shutil.rmtree(server.data)
        health = server.get("/health").json()
        assert health["status"] == "degraded"
        assert "the folder data is missing" in json.dumps(health["problems"])
        assert server.predict(digits.png(0)).json()["prediction"] == 7


def test_the_page_is_served_with_a_strict_policy(server: LiveServer) -> None:
    page = server.get("/")
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
