"""Schemathesis sends what the OpenAPI document allows, and what it does not, and compares each answer with it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.digits import Digits
from tests.live import ROOT, LiveServer

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.long(seconds=32)
def test_every_call_is_as_the_document_says(tmp_path: Path, digits: Digits) -> None:
    with LiveServer(tmp_path, "--trainer", "none", "--collect") as server:
        files = [(f"{position}.png", digits.png(position)) for position in range(4)]
        assert server.upload(files, [str(digits.classes[position]) for position in range(4)]).status_code == 201
        assert server.post("/retrain").status_code == 202
        assert server.client.delete(f"{server.url}/retrain/jobs/1").status_code == 202  # so that its events end
        picture = server.get("/dataset/images").json()["images"][0]["sha256"]
        command = [
            *(str(ROOT / ".venv-dev/bin/schemathesis"), "--no-color", "--config-file", str(CONFIGURATION)),
            *("run", f"{server.url}/openapi.json", "--checks", "all", "--phases", "coverage,fuzzing"),
        ]
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "SHA256": picture,
            "SCHEMATHESIS_HOOKS": "tests.system.schemathesis_hooks",
        }
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout[-20_000:]
        assert re.search(r"Selected: +(\d+)/\1\s+Tested: +\1\s", done.stdout), done.stdout[-2_000:]
