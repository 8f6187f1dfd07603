"""What operators see: metrics that Prometheus' own checker accepts, right across workers."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.digits import Digits
from tests.live import LiveServer


@pytest.mark.parametrize("workers", [1, 2])
def test_promtool_accepts_the_metrics(tmp_path: Path, digits: Digits, workers: int) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; on Debian it is in the package prometheus")
    with LiveServer(tmp_path, "--workers", str(workers)) as server:
        for position in range(20):
            server.predict(digits.png(position))
        server.get("/nothing")
        text = server.get("/metrics").text
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_requests_are_counted_across_workers(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--workers", "2") as server:
        for position in range(40):
            server.client.close()
            server.client = type(server.client)(timeout=60, trust_env=False)  # a new connection, for either worker
            server.predict(digits.png(position))
        line = 'relearn_requests_total{method="POST",route="/predict",status="200"} 40.0'
        text = ""
        for _ in range(200):  # the other worker counts once a tick
            text = server.get("/metrics").text
            if line in text.splitlines():
                break
        assert line in text.splitlines()
        assert "relearn_model_version 0.0" in text.splitlines()


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
