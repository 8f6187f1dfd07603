"""`relearn checks`: what a report of a fault needs, and no secret."""

import importlib.metadata
import os
import platform
import shutil
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

import click

from server import __version__
from server.client.client import Client
from server.client.errors import RelearnError
from server.command.home import HOME, trainer_python
from server.command.output import json_option, show
from server.configuration import load
from server.settings import SettingError, Settings

PACKAGES = ("httpx", "numpy", "onnxruntime", "pillow", "sqlalchemy", "starlette", "uvicorn", "uvloop", "tensorflow")


@click.command()
@json_option
@click.pass_obj
def checks(url: str | None, as_json: bool) -> None:
    """Print what a report of a fault needs, and no secret.

    That is versions, the machine, the settings that are not the default, and how the server is.

    \b
    Examples:
      relearn checks
      relearn checks --json > report.json
    """
    found = {
        "relearn": __version__,
        "installed_in": "a checkout" if (HOME / "pyproject.toml").is_file() else "a wheel",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: _version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "free_bytes": shutil.disk_usage(".").free,
        "trainer": "there" if trainer_python() is not None else "not installed",
        "settings": _settings(),
        "health": _health(url),
    }
    show(as_json, found, "\n".join(_lines(found)))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _settings() -> dict[str, str]:
    """What the environment sets, as a server that was started here would read it."""
    try:
        settings = load([], os.environ)
    except SettingError as error:
        return {"error": str(error)}
    default = load([], {})
    names = [f.name for f in fields(Settings) if getattr(settings, f.name) != getattr(default, f.name)]
    secrets = {f.name for f in fields(Settings) if f.metadata["secret"]}
    return {name: "set" if name in secrets else _shown(name, getattr(settings, name)) for name in names}


def _shown(name: str, value: object) -> str:
    if name != "database":
        return str(value)
    parts = urlsplit(str(value))  # the query may hold a password as well
    return f"{parts.scheme}://…@{parts.hostname}{parts.path}" if parts.username else f"{parts.scheme}://{parts.netloc}"


def _health(url: str | None) -> dict[str, Any]:
    try:
        with Client(url, retries=0, timeout_seconds=5.0) as client:
            told = client.health()
    except RelearnError as error:
        return {"error": str(error)}
    return {
        name: told.get(name)
        for name in ("status", "version", "model_version", "uptime_seconds", "problems", "retraining")
    }


def _lines(found: dict[str, Any], indent: str = "") -> list[str]:
    lines: list[str] = []
    for name, value in found.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {'-' if value in (None, [], {}) else value}")
    return lines
