"""The key, and the rule that a public address needs one."""

import subprocess
from pathlib import Path

import pytest

from tests.digits import Digits
from tests.live import ROOT, LiveServer

KEY = "correct-horse"


def test_calls_that_change_something_need_the_key(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, environment={"RELEARN_API_KEY": KEY}) as server:
        for path in ("/upload", "/retrain", "/models/0/promote"):
            for headers in ({}, {"X-API-Key": KEY[:-1]}, {"Authorization": "Bearer wrong"}):
                answer = server.post(path, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
                assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert server.client.delete(server.url + "/retrain/jobs/1").status_code == 401
        assert server.predict(digits.png(0)).status_code == 200
        assert server.get("/models").status_code == 200
        server.client.headers["X-API-Key"] = KEY
        assert server.upload([("a.png", digits.png(0))], ["7"]).status_code == 201
        assert server.post("/models/0/promote").status_code == 200
        server.stop()
        assert KEY not in "".join(server.log + server.access)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104
def test_a_public_address_without_a_key_is_refused_at_start(host: str) -> None:
    command = [str(ROOT / ".venv-serve/bin/python"), "-m", "server", "--host", host, "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "RELEARN_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_is_refused_at_start() -> None:
    command = [str(ROOT / ".venv-serve/bin/python"), "-m", "server", "--port", "0"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, env={"RELEARN_PROT": "1"}
    )
    assert done.returncode == 1
    assert "RELEARN_PROT" in done.stderr
