"""`python -m export`: list versions, verify one, promote one or a refused candidate, ship one as the baseline."""

import argparse
import shutil
import sys
from pathlib import Path

from export.publish import Candidate, publish, read_candidate, write
from server.models.model import Model, load
from server.store import files
from server.store.artifacts import BASELINE, ArtifactStore, BrokenArtifact, CurrentMoved, read_listed, reason_of

BATCH_LIMIT = 256


def main() -> None:
    arguments = _parser().parse_args()
    store = ArtifactStore(arguments.artifacts.absolute(), arguments.name, arguments.baseline.absolute())
    try:
        arguments.action(store, arguments)
    except (BrokenArtifact, CurrentMoved, OSError) as error:
        sys.exit(f"error: {error}")


def list_versions(store: ArtifactStore, _: argparse.Namespace) -> None:
    """One line a version: number, time, test accuracy, and which one is current."""
    current = store.current()
    for version in store.versions():
        try:
            created = store.manifest(version).created_at
        except BrokenArtifact as error:
            created = f"broken: {error}"
        metrics = store.report(version).get("metrics")
        test = metrics.get("test") if isinstance(metrics, dict) else None
        accuracy = f"{test['accuracy']:.4f}" if isinstance(test, dict) else "-"
        print(f"{version:>6}  {created}  test accuracy {accuracy}{'  current' if version == current else ''}")


def verify_version(store: ArtifactStore, arguments: argparse.Namespace) -> None:
    """Load a version as a server would: hashes, contract, warm-up, golden images."""
    _load(store, arguments.version)
    print(f"version {arguments.version} can serve")


def promote_version(store: ArtifactStore, arguments: argparse.Namespace) -> None:
    """Make a version current; running servers take it over by themselves."""
    _load(store, arguments.version)
    current = store.current()
    store.promote(arguments.version, arguments.reason, reason_of(arguments.version, current), current)
    print(f"version {arguments.version} is current; before it was {current}")


def promote_candidate(store: ArtifactStore, arguments: argparse.Namespace) -> None:
    """Publish a candidate that the gate refused; the reason goes into the promotions log."""
    candidate = read_candidate(store, arguments.job)
    Model(candidate.manifest(store.name, "candidate"), candidate.contents["model.onnx"]).warm_up(BATCH_LIMIT)
    version = publish(store, candidate, store.current(), arguments.reason, lambda _: None)
    print(f"version {version} is published and current")


def ship_version(store: ArtifactStore, arguments: argparse.Namespace) -> None:
    """Copy a version over the baseline, the one that is tracked by git and serves until another is published."""
    manifest = _load(store, arguments.version).manifest
    contents = {file: read_listed(store.folder(arguments.version), manifest, file) for file in manifest.files}
    candidate = Candidate(manifest.labels, manifest.preprocessing, manifest.outputs, manifest.opset, contents)
    temp = arguments.baseline.with_name(files.TEMP_PREFIX + "baseline")
    write(temp, candidate, candidate.manifest(store.name, BASELINE))
    shutil.rmtree(arguments.baseline, ignore_errors=True)
    temp.rename(arguments.baseline)
    print(f"{arguments.baseline} is version {arguments.version} now")


def _load(store: ArtifactStore, version: str) -> Model:
    return load(store.folder(version), store.manifest(version), BATCH_LIMIT)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder of the models")
    parser.add_argument("--baseline", type=Path, default=Path("artifacts/baseline"), help="the model that ships")
    parser.add_argument("--name", default="digits", help="the model's name")
    commands = parser.add_subparsers(required=True, metavar="command")
    commands.add_parser("list", help="list the versions").set_defaults(action=list_versions)
    verify = commands.add_parser("verify", help="load a version as a server would")
    verify.set_defaults(action=verify_version)
    promote = commands.add_parser("promote", help="make a version current")
    promote.set_defaults(action=promote_version)
    candidate = commands.add_parser("candidate", help="publish a candidate that the gate refused")
    candidate.set_defaults(action=promote_candidate)
    candidate.add_argument("job", help="the job that trained it")
    ship = commands.add_parser("ship", help="make a version the baseline of the checkout")
    ship.set_defaults(action=ship_version)
    for command in (verify, promote, ship):
        command.add_argument("version")
    for command in (promote, candidate):
        command.add_argument("--reason", required=True, help="why; kept in the promotions log")
    return parser


if __name__ == "__main__":
    main()
