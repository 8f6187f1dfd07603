"""`python -m export`: list versions, verify one, promote one or a refused candidate, ship one as the baseline."""

import argparse
import os
import shutil
import sys

from export.publish import Candidate, publish, read_candidate, write
from server.configuration import add_version
from server.configuration import load as load_settings
from server.models.model import Model
from server.models.trial import ROOT, SHIPPED, Trials, fingerprint
from server.settings import LOADING, STORE, SettingError, Settings
from server.store.content import candidate_path
from server.store.errors import StoreError
from server.store.files import TEMP_PREFIX
from server.store.manifest import read_listed
from server.store.memory import Memory, open_memory
from server.store.pointer import BASELINE

BY = "command line"


def main() -> None:
    arguments = _parser().parse_args()
    try:
        settings = _settings(arguments)
        memory = open_memory(settings.artifacts, settings.data, settings.name, settings.baseline, settings.database)
        arguments.action(memory, arguments, settings)
    except (SettingError, ValueError, StoreError, OSError) as error:
        sys.exit(f"error: {error}")


def _settings(arguments: argparse.Namespace) -> Settings:
    """The places by flags, then RELEARN_ variables, then defaults, as the server reads them."""
    given = {name: getattr(arguments, name) for name in STORE}
    flags = [word for name, text in given.items() if text is not None for word in (f"--{name}", text)]
    return load_settings(flags, os.environ, (*STORE, *LOADING))


def list_versions(memory: Memory, _: argparse.Namespace, __: Settings) -> None:
    """One line a version: number, time, test accuracy, and which one is current."""
    current = memory.pointer.current()
    for version in reversed(memory.versions.page(limit=10_000)):
        metrics = version.figures.get("metrics")
        test = metrics.get("test") if isinstance(metrics, dict) else None
        accuracy = f"{test['accuracy']:.4f}" if isinstance(test, dict) else "-"
        mark = "  current" if version.version == current else ""
        print(f"{version.version:>6}  {version.created_at}  test accuracy {accuracy}{mark}")


def verify_version(memory: Memory, arguments: argparse.Namespace, settings: Settings) -> None:
    """Load a version as a server would: hashes, contract, warm-up, golden images."""
    _load(memory, arguments.version, settings)
    print(f"version {arguments.version} can serve")


def promote_version(memory: Memory, arguments: argparse.Namespace, settings: Settings) -> None:
    """Make a version current; running servers take it over by themselves."""
    model = _load(memory, arguments.version, settings)
    current = memory.pointer.current()
    memory.versions.check_input(arguments.version, model.preprocessing, current)
    memory.versions.promote(arguments.version, BY, arguments.reason, current)
    print(f"version {arguments.version} is current; before it was {current}")


def promote_candidate(memory: Memory, arguments: argparse.Namespace, settings: Settings) -> None:
    """Publish a candidate that the gate refused; the reason goes into the log of moves."""
    manifest, candidate = read_candidate(memory, arguments.job)
    _trials(settings).check(memory.content.path("artifacts", candidate_path(arguments.job)), manifest)
    version = publish(memory, candidate, memory.pointer.current(), BY, arguments.reason, arguments.job)
    print(f"version {version} is published and current")


def ship_version(memory: Memory, arguments: argparse.Namespace, settings: Settings) -> None:
    """Copy a version over the baseline, the one that is tracked by git and serves until another is published."""
    manifest = _load(memory, arguments.version, settings).manifest
    contents = {file: read_listed(memory.versions.folder(arguments.version), manifest, file) for file in manifest.files}
    candidate = Candidate(manifest.labels, manifest.preprocessing, manifest.outputs, manifest.opset, contents)
    temp, before = (settings.baseline.with_name(TEMP_PREFIX + name) for name in ("baseline", "baseline-before"))
    write(temp, candidate, candidate.manifest(memory.versions.name, BASELINE))
    shutil.rmtree(before, ignore_errors=True)
    if settings.baseline.exists():
        settings.baseline.rename(before)  # a whole one is there at any time, under one of two names
    temp.rename(settings.baseline)
    shutil.rmtree(before, ignore_errors=True)
    if settings.baseline.resolve() == (ROOT / "artifacts/baseline").resolve():
        SHIPPED.write_text(fingerprint(manifest) + "\n")
    print(f"{settings.baseline} is version {arguments.version} now")


def _load(memory: Memory, version: str, settings: Settings) -> Model:
    memory.versions.find(version)
    return _trials(settings).load(memory.versions.folder(version), memory.versions.manifest(version))


def _trials(settings: Settings) -> Trials:
    return Trials(settings.load_limit_seconds, settings.load_limit_bytes, settings.batch_limit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    add_version(parser)
    for name in STORE:
        parser.add_argument(f"--{name}", help=f"the server's setting of that name; else RELEARN_{name.upper()}")
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
        command.add_argument("--reason", required=True, help="why; kept in the log of moves")
    return parser


if __name__ == "__main__":
    main()
