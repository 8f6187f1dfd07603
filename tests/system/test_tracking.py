"""A version goes to a real MLflow server, and is read back there by MLflow's own client: nothing of ours."""

import importlib.metadata
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import numpy as np
import pytest
from click.testing import CliRunner, Result

from server.command.main import relearn
from server.command.tracking import MANNERS
from tests import mlflow_server
from tests.live import ROOT, LiveServer
from tests.test_supply_chain import normalised
from tests.tiny import memory_in, publish_tiny

Log = Callable[..., CompletedProcess[str]]
# The command as it runs where mlflow-skinny is, and the rest of MLflow's packages are not.
SKINNY = """
import importlib.metadata, runpy, sys
for module, owners in importlib.metadata.packages_distributions().items():
    if not set(owners) - set({extra}):
        sys.modules[module] = None
sys.argv[0] = "relearn"
runpy.run_module("server.command", run_name="__main__")
"""
READ = """
import json, mlflow, numpy, pathlib, sys
client = mlflow.MlflowClient()
entry = client.get_model_version_by_alias(sys.argv[1], "production")
run = client.get_run(entry.run_id)
folder = pathlib.Path(mlflow.artifacts.download_artifacts(f"models:/{sys.argv[1]}@production"))
model = mlflow.pyfunc.load_model(f"models:/{sys.argv[1]}@production")
golden = numpy.load(folder / "golden.npz")
answers = model.predict(golden["images"])["probabilities"]
epochs = client.get_metric_history(run.info.run_id, "epoch/loss")
print(json.dumps({
    "version": entry.version, "status": run.info.status, "name": run.info.run_name, "tags": dict(entry.tags),
    "metrics": run.data.metrics, "params": run.data.params, "folder": str(folder), "answers": answers.tolist(),
    "losses": [each.value for each in sorted(epochs, key=lambda each: each.step)],
    "entries": len(client.search_model_versions()), "runs": len(client.search_runs([run.info.experiment_id])),
}))
"""


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    mlflow_server.require()
    with mlflow_server.tracking_server(tmp_path_factory.mktemp("mlflow")) as url:
        yield url


@pytest.fixture
def log(server: LiveServer, tracking: str) -> Log:
    environment = {"RELEARN_URL": server.url, "MLFLOW_TRACKING_URI": tracking}
    code = SKINNY.format(extra=extra_packages())
    return lambda *words: mlflow_server.run("-c", code, "models", "log", *words, environment=environment)


def extra_packages() -> list[str]:
    """The distributions that stand beside MLflow's server and not beside the command, by their own names."""
    asked = (ROOT / "requirements-mlflow.txt").read_text()
    locked = {normalised(name) for name in re.findall(r"^([\w.-]+)==", asked, re.MULTILINE)}
    folders = [str(path) for path in ROOT.glob(".venv-tracking/lib/python*/site-packages")]
    names = {each.metadata["Name"] for each in importlib.metadata.distributions(path=folders)}
    extra = sorted(name for name in names if normalised(name) not in locked)
    assert {"pandas", "mlflow", "onnx"} <= set(extra)
    return extra


def read(tracking: str, name: str) -> dict[str, Any]:
    environment = mlflow_server.QUIET | {"MLFLOW_TRACKING_URI": tracking}
    done = mlflow_server.run("-c", READ, name, environment=environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_what_serves_is_logged_with_all_that_is_known_of_it(server: LiveServer, tracking: str, log: Log) -> None:
    done = log("--alias", "production", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["logged"], told["model"], told["version"], told["new"]) == ("0", "digits", "1", True)
    found = read(tracking, "digits")
    assert (found["version"], found["status"], found["name"]) == ("1", "FINISHED", "digits 0")
    report = server.get("/models/0/report/report.json").json()
    for part, figures in report["metrics"].items():
        for name, value in figures.items():
            if isinstance(value, int | float):
                assert found["metrics"][f"{part}/{name}"] == value
    assert found["metrics"]["test/accuracy"] == report["metrics"]["test"]["accuracy"]
    assert found["losses"] == [each["loss"] for each in report["training"]["history"]]
    assert found["params"]["learning_rate"] == str(report["training"]["recipe"]["learning_rate"])
    assert found["params"]["epochs"] == str(report["training"]["epochs"])  # what became of it, not what was asked
    folder = Path(found["folder"])
    assert (folder / "README.md").read_text() == server.get("/models/0/report/card.md").text
    assert (folder / "model.onnx").read_bytes() == (ROOT / "artifacts/baseline/model.onnx").read_bytes()
    golden = np.load(ROOT / "artifacts/baseline/golden.npz")
    np.testing.assert_allclose(found["answers"], golden["probabilities"], atol=1e-5)


def test_a_version_is_logged_once_and_an_alias_follows_what_serves(server: LiveServer, tracking: str, log: Log) -> None:
    first = json.loads(log("0", "--name", "follows", "--alias", "production", "--json").stdout)
    memory = memory_in(server.folder)
    version = publish_tiny(memory)
    memory.close()
    second = log(version, "--name", "follows", "--alias", "production")
    assert second.returncode == 0, second.stderr
    assert f"version {version} is follows 2 there" in second.stdout
    assert second.stdout.rstrip().endswith("production means it")
    again = json.loads(log("0", "--name", "follows", "--alias", "production", "--json").stdout)
    assert (again["version"], again["run"], again["new"]) == (first["version"], first["run"], False)
    found = read(tracking, "follows")
    assert (found["version"], found["tags"]["relearn.version"]) == ("1", "0")
    assert (found["entries"] - found["runs"], found["runs"]) == (1, 2)  # one is the other test's


def test_what_is_not_there_is_said_and_leaves_nothing(tracking: str, log: Log) -> None:
    missing = log("77", "--name", "nothing", "--json")
    assert (missing.returncode, json.loads(missing.stderr)["code"]) == (1, "not_found")
    refused = log("0", "--name", "no/name", "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stderr)["error"].startswith("MLflow: ")
    for name in ("nothing", "no/name"):
        experiment = httpx.get(f"{tracking}/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": name})
        assert experiment.status_code == 404, experiment.text
    nobody = log("0", "--tracking-uri", "http://127.0.0.1:1")  # where nobody may listen
    assert nobody.returncode == 1
    assert nobody.stderr.splitlines()[-1].startswith("error: MLflow: ")


def test_without_the_package_a_sentence_says_what_installs_it(server: LiveServer) -> None:
    done = log_here(server, "http://127.0.0.1:1")
    assert done.exit_code == 1
    assert "needs mlflow-skinny: pip install 'relearn-server[mlflow]'" in done.stderr
    assert "requirements-mlflow.txt" in done.stderr


def test_a_tracking_server_is_a_url(server: LiveServer) -> None:
    done = log_here(server, "sqlite:///here.db")
    expected = "error: sqlite:///here.db must be a tracking server's URL, such as http://127.0.0.1:5000\n"
    assert (done.exit_code, done.stderr) == (1, expected)


@pytest.mark.parametrize(("said", "then"), [(None, "true"), ("false", "false")])
def test_mlflow_tells_its_makers_nothing_unless_somebody_wants_it(
    server: LiveServer, monkeypatch: pytest.MonkeyPatch, said: str | None, then: str
) -> None:
    for name in MANNERS:
        monkeypatch.setenv(name, said or "")  # which is put back, whatever the command sets
        if said is None:
            monkeypatch.delenv(name)
    log_here(server, "http://127.0.0.1:1")
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == then


def log_here(server: LiveServer, uri: str) -> Result:
    """In this process, whose environment has no MLflow."""
    return CliRunner().invoke(relearn, ["--url", server.url, "models", "log", "0", "--tracking-uri", uri])
