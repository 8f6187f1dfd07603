"""A tracking server of MLflow's, as its users start it, with its facts in SQLite; and the shell of who asks it."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live import ROOT

PYTHON = ROOT / ".venv-tracking/bin/python"
WAIT_SECONDS = 300.0  # a bound for a slow machine: it loads for seconds
# Nothing is told to its makers, by whoever loads it, and no process runs beside it.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
_ADDRESS = re.compile(r"Uvicorn running on (http://\S+)")


def require() -> None:
    """Skip without the environment that has MLflow."""
    if not (ROOT / ".venv-tracking/ready").exists():
        pytest.skip("MLflow is not installed: make .venv-tracking/ready")


@contextmanager
def tracking_server(folder: Path) -> Iterator[str]:
    """Its address, while it runs in a folder."""
    stores = ("--backend-store-uri", f"sqlite:///{folder}/facts.db", "--artifacts-destination", str(folder / "files"))
    command = [str(PYTHON), "-m", "mlflow", "server", *stores, "--host", "127.0.0.1", "--port", "0", "--workers", "1"]
    with (
        (folder / "log").open("w+") as log,
        subprocess.Popen(
            command, cwd=folder, env=os.environ | QUIET, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            said = next(
                (found[1] for line in process.stdout if log.write(line) and (found := _ADDRESS.search(line))), ""
            )
            assert said, (folder / "log").read_text()
            yield said
        finally:
            process.terminate()
            process.communicate(timeout=WAIT_SECONDS)


def run(*words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A program of the environment that has MLflow."""
    return subprocess.run(
        [str(PYTHON), *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
