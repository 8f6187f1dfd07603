"""What can be set: one table, read once at start.

Every setting is a field with its unit, default and help. It is given as a flag of `python -m server` (--queue-limit),
as an environment variable (RELEARN_QUEUE_LIMIT), or left at its default; a flag wins over the environment. PORT, which
hosting platforms set, is read where RELEARN_PORT is not there.
"""

import argparse
import importlib.util
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

PREFIX = "RELEARN_"
LAUNCHERS = ("process", "docker", "none")

T = TypeVar("T")


class SettingError(Exception):
    """A setting that can't be used; the message names it, its value and what it may be."""


def setting(default: T, unit: str, help_text: str) -> T:
    """A field of Settings: its default, the unit a value is given in, and what it decides."""
    value: T = field(default=default, metadata={"unit": unit, "help": help_text})
    return value


@dataclass(frozen=True)
class Settings:
    """The settings of one server; complete and checked after `load`."""

    host: str = setting("127.0.0.1", "address", "address to listen on")
    port: int = setting(8000, "port", "port to listen on; 0 takes a free one")
    workers: int = setting(1, "processes", "worker processes; one a core that is to serve")
    name: str = setting("digits", "name", "model to serve: a folder under artifacts/models")
    artifacts: Path = setting(Path("artifacts"), "folder", "models, jobs and candidates")
    baseline: Path = setting(Path("artifacts/baseline"), "folder", "model served while none is published; read only")
    data: Path = setting(Path("data"), "folder", "uploaded images")
    database: str = setting("", "URL", "PostgreSQL for all facts; empty: the file relearn.sqlite3 in artifacts")
    dataset: Path = setting(Path("data/mnist"), "folder", "base dataset a retrain learns from; read only")
    ui: Path = setting(Path("ui"), "folder", "the page; read only")
    api_key: str = setting("", "secret", "key that calls which change something must carry; empty asks for none")
    allow_anonymous_writes: bool = setting(
        False, "switch", "let anyone who reaches the server change things, without a key, beyond loopback"
    )
    allowed_hosts: str = setting("", "names", "comma-separated Host names to answer changing calls on; empty: see docs")
    allowed_origins: str = setting("", "origins", "comma-separated origins of other sites whose pages may call the API")
    body_limit_bytes: int = setting(32 * 2**20, "bytes", "largest request body")
    body_timeout_seconds: float = setting(
        30.0, "seconds", "longest a request body may take to arrive; a second more for each 10 kB of it"
    )
    image_limit_pixels: int = setting(40_000_000, "pixels", "largest picture, by width times height")
    upload_limit_files: int = setting(1000, "files", "most images in one upload or batch prediction")
    upload_quota_images: int = setting(100_000, "images", "most uploaded images that are kept")
    upload_quota_bytes: int = setting(4 * 2**30, "bytes", "most disk space of uploaded images")
    suspect_below: float = setting(
        0.02, "probability", "an upload whose label the model finds less probable is put aside as a suspect"
    )
    batch_limit: int = setting(32, "images", "most images the model sees at once")
    queue_limit: int = setting(1024, "images", "most images waiting for the model; more are refused with 503")
    queue_timeout_seconds: float = setting(5.0, "seconds", "longest an image may wait for the model")
    drain_seconds: float = setting(
        1.0, "seconds", "after SIGTERM, time in which /readyz says 503 and all is still served"
    )
    grace_seconds: float = setting(30.0, "seconds", "after that, longest wait for requests that are being answered")
    trainer: str = setting("process", "word", "how a retrain is started: process, docker, or none where a runner waits")
    trainer_python: Path = setting(Path(".venv-train/bin/python"), "file", "interpreter of the train environment")
    docker_image: str = setting("relearn-train", "image", "image of the trainer's container, with trainer=docker")
    docker_memory_bytes: int = setting(4 * 2**30, "bytes", "memory of the trainer's container, swap included")
    docker_cpus: float = setting(1.0, "cores", "processor time of the trainer's container")
    docker_processes: int = setting(1024, "processes", "most processes and threads in the trainer's container")
    docker_network: str = setting("none", "network", "of the trainer's container; PostgreSQL needs one that reaches it")
    docker_artifacts: str = setting("", "mount", "artifacts for the container: a host folder or a volume; see docs")
    docker_data: str = setting("", "mount", "uploads for the container: a host folder or a volume; see docs")
    docker_dataset: str = setting("", "mount", "base dataset for the container: a host folder, a volume, or image")
    docker_baseline: str = setting("", "mount", "baseline for the container: a host folder, a volume, or image")
    job_start_seconds: float = setting(60.0, "seconds", "a job that no runner took up by then has failed")
    gate_accuracy_margin: float = setting(0.003, "share", "accuracy that a new model may lack of the current one's")
    gate_significance: float = setting(0.01, "probability", "level at which a paired loss counts as one")
    gate_calibration_margin: float = setting(0.01, "share", "calibration error that a new model may have more")
    gate_cost_factor: float = setting(2.0, "factor", "multiply-adds and nodes that a new model may have, in all")
    keep_versions: int = setting(
        20, "versions", "published versions that are kept, beside the current and the previous"
    )
    keep_jobs: int = setting(50, "jobs", "finished jobs and refused candidates that are kept")
    job_limit_seconds: float = setting(3600.0, "seconds", "longest a training job may take")
    promote_wait_seconds: float = setting(
        15.0, "seconds", "longest wait for every worker to take over a promoted model"
    )

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host names that changing calls may carry beside loopback's and the listening address."""
        return _words(self.allowed_hosts)

    @property
    def origins(self) -> tuple[str, ...]:
        return _words(self.allowed_origins)


def load(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Settings from flags, then the environment, then defaults; paths come out absolute.

    Raises SettingError for an unknown RELEARN_ variable or a value that can't be used; argparse exits on a bad flag.
    """
    given: dict[str, str] = {"port": environment["PORT"]} if "PORT" in environment else {}
    known = {PREFIX + f.name.upper(): f.name for f in fields(Settings)}
    for variable, text in environment.items():
        if variable in known:
            given[known[variable]] = text
        elif variable.startswith(PREFIX):
            raise SettingError(f"{variable} is not a setting; the settings are {', '.join(sorted(known))}")
    flags = parser().parse_args(arguments)
    given |= {name: text for name, text in vars(flags).items() if text is not None}
    values: dict[str, Any] = {name: _parsed(name, text) for name, text in given.items()}
    settings = Settings(**values)
    paths: dict[str, Any] = {f.name: getattr(settings, f.name).absolute() for f in fields(Settings) if f.type is Path}
    settings = replace(settings, **paths)
    _check(settings)
    return settings


def parser() -> argparse.ArgumentParser:
    """The command line of `python -m server`, made from the table."""
    made = argparse.ArgumentParser(
        prog="python -m server",
        description="Serve the model, and let people teach it.",
        epilog="python -m server check, with the same flags, looks at all that is stored and says what is wrong.",
    )
    for f in fields(Settings):
        text = f"{f.metadata['help']} [{f.metadata['unit']}; default {f.default}]".replace("%", "%%")
        flag = "--" + f.name.replace("_", "-")
        if f.type is bool:
            made.add_argument(flag, dest=f.name, action="store_const", const="true", help=text)
        else:
            made.add_argument(flag, dest=f.name, metavar=str(f.metadata["unit"]).upper(), help=text)
    return made


def is_loopback(host: str) -> bool:
    """Whether an address or name reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parsed(name: str, text: str) -> object:
    kind = {f.name: f.type for f in fields(Settings)}[name]
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}[
                text.lower()
            ]
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
    except (KeyError, ValueError):
        wanted = "true or false" if kind is bool else "a whole number" if kind is int else "a number"
        raise SettingError(f"{PREFIX}{name.upper()}={text!r} is not {wanted}") from None
    return Path(text) if kind is Path else text


def _check(settings: Settings) -> None:
    """Refuse values that are out of range, alone or together."""
    for f in fields(Settings):
        value = getattr(settings, f.name)
        least = 0 if f.name in ("port", "drain_seconds") else 1 if f.type is int else 1e-3
        if f.type in (int, float) and not least <= value < 2**53:
            raise SettingError(f"{PREFIX}{f.name.upper()}={value} must be at least {least} {f.metadata['unit']}")
    if settings.port > 65535:
        raise SettingError(f"RELEARN_PORT={settings.port} must be at most 65535")
    if not settings.name.replace("-", "").replace("_", "").isalnum() or not settings.name.isascii():
        raise SettingError(f"RELEARN_NAME={settings.name!r} may have letters, digits, - and _ only")
    if settings.batch_limit > settings.queue_limit:
        raise SettingError(
            f"RELEARN_BATCH_LIMIT={settings.batch_limit} is more than RELEARN_QUEUE_LIMIT={settings.queue_limit}: "
            "no batch could ever fill"
        )
    if settings.trainer not in LAUNCHERS:
        raise SettingError(f"RELEARN_TRAINER={settings.trainer!r} must be one of {', '.join(LAUNCHERS)}")
    if settings.database and not settings.database.startswith(("postgresql+psycopg://", "sqlite:///")):
        raise SettingError("RELEARN_DATABASE must be postgresql+psycopg://user@host/name, or sqlite:////path/to/file")
    if settings.database.startswith("postgresql") and importlib.util.find_spec("psycopg") is None:
        raise SettingError("RELEARN_DATABASE needs the psycopg package; requirements-postgres.txt has it")
    if settings.trainer == "docker" and importlib.util.find_spec("docker") is None:
        raise SettingError("RELEARN_TRAINER=docker needs the docker package; requirements-docker.txt has it")
    if not settings.api_key.isascii():
        raise SettingError("RELEARN_API_KEY must be plain ASCII, since it travels in a header")
    if not (is_loopback(settings.host) or settings.api_key or settings.allow_anonymous_writes):
        raise SettingError(
            f"refusing to listen on {settings.host} without a key: anyone who reaches this port could upload images "
            "and retrain or replace the model. Set RELEARN_API_KEY, or listen on 127.0.0.1, or say "
            "--allow-anonymous-writes"
        )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
