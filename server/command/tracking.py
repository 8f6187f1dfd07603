"""`relearn models log`: a version with its files, figures and card in an MLflow tracking server, and its alias."""

import hashlib
import json
import os
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from server.client.client import Client
from server.client.errors import RelearnError
from server.command import flavour
from server.command.output import ends_well, json_option, show

if TYPE_CHECKING:
    from mlflow import MlflowClient

MISSING = (
    "relearn models log needs mlflow-skinny: pip install 'relearn-server[mlflow]' of the wheel, or in a checkout "
    ".venv-uv/bin/uv pip install --python .venv-serve/bin/python -r requirements-mlflow.txt"
)
# Unless the environment says otherwise: MLflow tells its makers nothing, prints nothing of its own, and gives up in
# seconds where no server answers.
MANNERS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}
IDENTITY = "relearn.manifest"  # a tag: what a version consists of, by which it is found again
AT_ONCE = 1000  # metrics that MLflow takes with one request


@click.command()
@click.argument("version", default="current")
@click.option("--tracking-uri", metavar="URL", envvar="MLFLOW_TRACKING_URI", required=True, show_envvar=True)
@click.option("--name", help="What it is called there, experiment and registered model; the model's name if not said.")
@click.option("--alias", help="Have this alias mean it from now on, as production.")
@json_option
@click.pass_obj
@ends_well
def log(url: str | None, version: str, tracking_uri: str, name: str | None, alias: str | None, as_json: bool) -> None:
    """Log a version to an MLflow tracking server, or the one that serves.

    It becomes a run with its figures and files, and a version of a registered model. One that is there already is not
    logged again, but gets the alias. Users and passwords are MLflow's own variables, as MLFLOW_TRACKING_TOKEN.

    \b
    Examples:
      relearn models log 7 --tracking-uri http://127.0.0.1:5000
      relearn models log --alias production      # after each promotion
    """
    there = _registry(tracking_uri)
    with Client(url) as client, tempfile.TemporaryDirectory() as made:
        found = client.models()
        number = found.current if version == "current" else version
        if number is None:
            raise RelearnError("no version serves")
        folder = Path(made, "model")
        client.export_model(number, Path(made, "version.zip"))
        with zipfile.ZipFile(Path(made, "version.zip")) as archive:
            archive.extractall(folder)
        done = _logged(there, folder, name or found.name, alias)
    said = f"version {number} is {done['model']} {done['version']} there, run {done['run']}"
    if not done["new"]:
        said += ", and was so before"
    show(as_json, {"logged": number, **done}, said + (f"; {alias} means it" if alias else ""))


def _registry(uri: str) -> "MlflowClient":
    if not uri.startswith(("http://", "https://")):
        raise RelearnError(f"{uri} must be a tracking server's URL, such as http://127.0.0.1:5000")
    for variable, value in MANNERS.items():
        os.environ.setdefault(variable, value)  # which it reads as it is loaded
    try:
        from mlflow import MlflowClient
    except ImportError:
        raise RelearnError(MISSING) from None
    return MlflowClient(uri, uri)


def _logged(there: "MlflowClient", folder: Path, name: str, alias: str | None) -> dict[str, Any]:
    """Where a version's folder is in the registry, after it was logged unless it had been."""
    from mlflow.exceptions import MlflowException

    data = (folder / "manifest.json").read_bytes()
    tags = {IDENTITY: hashlib.sha256(data).hexdigest(), "relearn.version": str(json.loads(data)["version"])}
    try:
        before = there.search_model_versions(f"tags.`{IDENTITY}` = '{tags[IDENTITY]}'")
        entry = next((each for each in before if each.name == name), None)
        is_new = entry is None
        if entry is None:
            if not there.search_registered_models(f"name = '{name}'"):
                there.create_registered_model(name)
            run, source = _run(there, folder, json.loads(data), name, tags)
            entry = there.create_model_version(name, source, run, tags, await_creation_for=0)
        if alias is not None:
            there.set_registered_model_alias(name, alias, entry.version)
    except MlflowException as error:
        raise RelearnError(f"MLflow: {error.message}") from error
    return {"model": name, "version": entry.version, "run": entry.run_id, "alias": alias, "new": is_new}


def _run(
    there: "MlflowClient", folder: Path, manifest: dict[str, Any], name: str, tags: dict[str, str]
) -> tuple[str, str]:
    """A run with all that is known of the version, at the time when it was made; its id, and where its files lie."""
    from mlflow.entities import Metric, Param

    file = folder / "report/report.json"
    report = json.loads(file.read_bytes()) if file.exists() else {}
    experiment = there.get_experiment_by_name(name)
    number = there.create_experiment(name) if experiment is None else experiment.experiment_id
    time = int(datetime.fromisoformat(manifest["created_at"]).timestamp() * 1000)
    run = there.create_run(number, time, tags, f"{manifest['name']} {manifest['version']}").info
    status = "FAILED"
    try:
        measured = [Metric(key, value, time, step) for key, value, step in flavour.metrics(report)]
        for first in range(0, len(measured), AT_ONCE):
            there.log_batch(run.run_id, measured[first : first + AT_ONCE])
        there.log_batch(run.run_id, params=[Param(*each) for each in flavour.parameters(report).items()])
        flavour.make_model(folder, manifest, run.run_id)
        there.log_artifacts(run.run_id, str(folder), "model")
        status = "FINISHED"
    finally:
        there.set_terminated(run.run_id, status, time)
    return run.run_id, f"{run.artifact_uri}/model"
