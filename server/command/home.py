"""Where the code lies with what comes along, a checkout or the wheel's folder, and how other programs find it."""

import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from server.settings import PREFIX, Settings

HOME = Path(__file__).parents[2]
READ_ONLY = ("baseline", "dataset", "ui")  # settings of folders that come with the code; the others are the user's


def environment() -> dict[str, str]:
    """For a program: this process', and the places of what came along, unless others are set or in this folder."""
    made = dict(os.environ)
    made["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HOME), made.get("PYTHONPATH"))))
    made["PYTHONSAFEPATH"] = "1"  # a folder of the user's called `server` is none of ours
    default = {f.name: Path(str(f.default)) for f in fields(Settings)}
    places = {name: HOME / default[name] for name in READ_ONLY} | {"trainer_python": trainer_python()}
    for name, path in places.items():
        if not made.get(PREFIX + name.upper()) and not default[name].exists() and path is not None:
            made[PREFIX + name.upper()] = str(path)
    return made


def trainer_python() -> Path | None:
    """The interpreter that can train: the one that is set, a checkout's, or this one; None where there is none."""
    given = os.environ.get(PREFIX + "TRAINER_PYTHON")
    if given:
        return Path(given)
    default = Path(str(next(f.default for f in fields(Settings) if f.name == "trainer_python")))
    for path in (Path.cwd() / default, HOME / default):
        if path.exists():
            return path
    return Path(sys.executable) if importlib.util.find_spec("tensorflow") else None


def become(python: Path | str, module: str, arguments: Sequence[str]) -> None:
    """Be that program from here on, with its signals and its exit code."""
    sys.stdout.flush()
    os.execve(python, [str(python), "-m", module, *arguments], environment())  # noqa: S606 - no shell, as is meant
