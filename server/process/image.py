"""`python -m server.process.image`, with which the server's image starts: `docker run relearn-serve [ARGUMENTS]`.

Flags are the server's, and those that KServe gives a runtime; a word first is the module to be run in its place, such
as `server key NAME`. A model that KServe puts at /mnt/models takes the place of the one that ships.
"""

import json
import os
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path

MOUNTED = Path("/mnt/models")
SHIPPED = "/app/baseline"
MANIFEST, MODEL, VERSION = "manifest.json", "model.onnx", "0"


def command(
    arguments: Sequence[str], environment: Mapping[str, str], mounted: Path, room: Path, shipped: Path = Path(SHIPPED)
) -> list[str]:
    """The module to run and what it is given; a mounted model is made ready in `room`, if it is of another name.

    So is the one that ships, if KServe gives the name. Raises ValueError for a folder that holds no model of ours.
    """
    if arguments and not arguments[0].startswith("-"):
        return list(arguments)
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    for flag, kserve in (("name", "model_name"), ("port", "http_port"), ("grpc-port", "grpc_port")):
        parser.add_argument(f"--{flag}", f"--{kserve}", dest=flag)
    parser.add_argument("--model_dir", type=Path)
    given, flags = parser.parse_known_args(arguments)
    told = {name: value for name, value in vars(given).items() if value is not None}
    folder: Path | None = told.pop("model_dir", None)
    another = any(flag.startswith("--baseline") for flag in flags)
    another |= environment.get("RELEARN_BASELINE", SHIPPED) != SHIPPED
    begins = "RELEARN_LABELS" in environment or any(flag.startswith("--labels") for flag in flags)
    by_kserve = any(argument.startswith("--model_name") for argument in arguments)
    if folder is None and not another and mounted.is_dir() and any(mounted.iterdir()):
        folder = mounted
    elif folder is None and not another and by_kserve and not begins and shipped.is_dir():
        folder = shipped
    if folder is not None:
        found = _manifest(folder)
        told["name"] = told.get("name") or environment.get("RELEARN_NAME") or str(found.get("name"))
        ready = _as_baseline(folder, found, told["name"], room)
        told["baseline"] = str(ready)
    return ["server", *flags, *(f"--{name}={value}" for name, value in told.items())]


def _manifest(folder: Path) -> dict[str, object]:
    try:
        if not (folder / MODEL).is_file():
            raise ValueError(f"{MODEL} is missing")
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
        if not isinstance(found, dict):
            raise ValueError(f"{MANIFEST} is no object")
    except (OSError, ValueError) as error:
        what = f"{MANIFEST}: {error.strerror}" if isinstance(error, OSError) else error
        raise ValueError(
            f"{folder} holds no model of ours ({what}); put there what GET /models/{{version}}/archive gives, unpacked"
        ) from None
    return found


def _as_baseline(folder: Path, found: Mapping[str, object], name: str, room: Path) -> Path:
    """The folder, or a copy under this name; what a model is called elsewhere, and its number there, are not ours."""
    own = {"name": name, "version": VERSION}
    if own.items() <= found.items():
        return folder
    shutil.rmtree(room, ignore_errors=True)
    shutil.copytree(folder, room)
    (room / MANIFEST).unlink()  # it may be read only
    (room / MANIFEST).write_text(json.dumps({**found, **own}), "utf-8")
    return room


def room(*folders: str) -> Path:
    """Where a copy may lie: in the first of the folders that can be written to; a container may have the last alone."""
    return Path(next((each for each in folders if os.access(each, os.W_OK)), folders[0]), "relearn-model")


def main() -> None:
    try:
        found = command(sys.argv[1:], os.environ, MOUNTED, room(os.environ.get("TMPDIR", "/tmp"), "/dev/shm"))  # noqa: S108
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    os.execv(sys.executable, [sys.executable, "-m", *found])  # noqa: S606 - by the name of a module


if __name__ == "__main__":
    main()
