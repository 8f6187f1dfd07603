"""Flags and variables -> settings, complete and checked: every program of ours reads them here."""

import argparse
import importlib.util
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from server import __version__
from server.settings import (
    BEGUN,
    CLIENT_URL,
    HELD_OUT_LEAST,
    KEY_LIMIT,
    LAUNCHERS,
    LOG_FORMATS,
    PREFIX,
    SettingError,
    Settings,
    is_loopback,
)

TOKEN_LIMIT = 4096  # characters; Label Studio's are of some hundred
FOREIGN = {
    "port": "PORT",
    "otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
}  # others' variables, where ours are not there
UNTRACED = "OTEL_SDK_DISABLED"


def load(arguments: Sequence[str], environment: Mapping[str, str], names: Collection[str] | None = None) -> Settings:
    """Settings from flags, then the environment, then defaults; paths come out absolute.

    A program that is not the server has use for those of `names` only: what it is given for others is not looked at.
    Raises SettingError for an unknown RELEARN_ variable or a value that can't be used; argparse exits on a bad flag.
    """
    given = {name: environment[variable] for name, variable in FOREIGN.items() if variable in environment}
    known = {PREFIX + f.name.upper(): f.name for f in fields(Settings)}
    for variable, text in environment.items():
        if variable in known:
            given[known[variable]] = text
        elif variable.startswith(PREFIX) and variable != CLIENT_URL:
            raise SettingError(f"{variable} is not a setting; the settings are {', '.join(sorted(known))}")
    flags = parser().parse_args(arguments)
    refuse_password(flags.database or "")
    given |= {name: text for name, text in vars(flags).items() if text is not None}
    if environment.get(UNTRACED, "").lower() == "true":
        given.pop("otlp_endpoint", None)
    if given.get("labels") and "name" not in given:
        given["name"] = BEGUN
    kinds = {f.name: f.type for f in fields(Settings)}
    values: dict[str, Any] = {
        name: _parsed(name, text)
        for name, text in given.items()
        if (names is None or name in names) and not (kinds[name] is Path and not text)  # no path: as if not given
    }
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
    add_version(made)
    for f in fields(Settings):
        if f.metadata["secret"]:
            made.add_argument("--" + f.name.replace("_", "-"), nargs="?", action=_NoFlag, help=argparse.SUPPRESS)
            continue
        text = f"{f.metadata['help']} [{f.metadata['unit']}; default {f.default}]".replace("%", "%%")
        flag = "--" + f.name.replace("_", "-")
        if f.type is bool:
            made.add_argument(flag, dest=f.name, action="store_const", const="true", help=text)
        else:
            made.add_argument(flag, dest=f.name, metavar=str(f.metadata["unit"]).upper(), help=text)
    return made


def add_version(parser: argparse.ArgumentParser) -> None:
    """The flag by which every program says of which release it is."""
    parser.add_argument("--version", action="version", version=f"relearn {__version__}")


class _NoFlag(argparse.Action):
    """A flag that says why it is none, and does not repeat what it was given."""

    def __call__(self, *_: object) -> NoReturn:
        raise SettingError(
            f"{self.option_strings[0]} is no flag: every user of this machine can read a command line. Set "
            f"{PREFIX}{self.dest.upper()}, or name a file of hashes with --keys-file; python -m server key makes a key"
        )


def refuse_password(database: str) -> None:
    """Raises SettingError for a database that was named by a flag and has a password, for the same reason."""
    if urlsplit(database).password:
        raise SettingError("--database has a password, which every user of this machine can read; set RELEARN_DATABASE")


def _parsed(name: str, text: str) -> object:
    kind = {f.name: f.type for f in fields(Settings)}[name]
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}[
                text.lower()
            ]
        if kind in (int, int | None):
            return int(text)
        if kind is float:
            return float(text)
    except (KeyError, ValueError):
        wanted = "true or false" if kind is bool else "a number" if kind is float else "a whole number"
        raise SettingError(f"{PREFIX}{name.upper()}={text!r} is not {wanted}") from None
    return Path(text) if kind is Path else text


_NONE_IS_OFF = ("port", "drain_seconds", "drift_false_alarm_requests", "held_out_limit")


def _check(settings: Settings) -> None:
    """Refuse values that are out of range, alone or together."""
    for f in fields(Settings):
        value = getattr(settings, f.name)
        least = 0 if f.name in _NONE_IS_OFF else 1 if f.type is int else 1e-3
        if f.type in (int, float) and not least <= value < 2**53:
            raise SettingError(f"{PREFIX}{f.name.upper()}={value} must be at least {least} {f.metadata['unit']}")
    if 0 < settings.drift_false_alarm_requests < 1000:
        requests = settings.drift_false_alarm_requests
        raise SettingError(f"RELEARN_DRIFT_FALSE_ALARM_REQUESTS={requests} must be at least 1000 requests, or 0")
    if 0 < settings.held_out_limit < HELD_OUT_LEAST:
        images = settings.held_out_limit
        raise SettingError(f"RELEARN_HELD_OUT_LIMIT={images} must be at least {HELD_OUT_LEAST} images, or 0")
    if settings.collect_share > 1:
        raise SettingError(f"RELEARN_COLLECT_SHARE={settings.collect_share} must be at most 1 probability")
    if settings.port > 65535:
        raise SettingError(f"RELEARN_PORT={settings.port} must be at most 65535")
    if settings.grpc_port is not None and not 0 <= settings.grpc_port <= 65535:
        raise SettingError(f"RELEARN_GRPC_PORT={settings.grpc_port} must be from 0 to 65535")
    if settings.grpc_port is not None and importlib.util.find_spec("grpc") is None:
        raise SettingError(
            "RELEARN_GRPC_PORT needs the grpcio package: pip install 'relearn-server[grpc]' of the wheel, or in a "
            "checkout .venv-uv/bin/uv pip install --python .venv-serve/bin/python -r requirements-grpc.txt"
        )
    theirs = settings.label_studio_url
    if theirs and not re.fullmatch(
        r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(/[A-Za-z0-9._~-]+)*/?", theirs
    ):
        raise SettingError(
            f"RELEARN_LABEL_STUDIO_URL={theirs!r} must look like https://studio.example.com, without a key"
        )
    if settings.otlp_endpoint:
        _check_collector(settings.otlp_endpoint)
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", settings.root_path):
        raise SettingError(
            f"RELEARN_ROOT_PATH={settings.root_path!r} must look like /relearn: a slash first, none at the end, "
            "and has letters, digits and . _ ~ - only"
        )
    if not settings.name.replace("-", "").replace("_", "").isalnum() or not settings.name.isascii():
        raise SettingError(f"RELEARN_NAME={settings.name!r} may have letters, digits, - and _ only")
    if settings.labels and len(set(settings.classes)) < max(2, len(settings.classes)):
        raise SettingError(f"RELEARN_LABELS={settings.labels!r} must be two names or more, all different")
    if settings.name == "stats":
        raise SettingError("RELEARN_NAME='stats' can't be a model's: GET /v2/models/stats is about all models")
    if settings.url_limit_bytes >= min(settings.header_limit_bytes, 2**16):
        raise SettingError(
            f"RELEARN_URL_LIMIT_BYTES={settings.url_limit_bytes} must be under 65536 and under "
            f"RELEARN_HEADER_LIMIT_BYTES={settings.header_limit_bytes}, which counts the URL too"
        )
    if settings.batch_limit > settings.queue_limit:
        raise SettingError(
            f"RELEARN_BATCH_LIMIT={settings.batch_limit} is more than RELEARN_QUEUE_LIMIT={settings.queue_limit}: "
            "no batch could ever fill"
        )
    if settings.body_limit_bytes > settings.bodies_limit_bytes:
        raise SettingError(
            f"RELEARN_BODY_LIMIT_BYTES={settings.body_limit_bytes} is more than RELEARN_BODIES_LIMIT_BYTES="
            f"{settings.bodies_limit_bytes}: no such body could ever be taken"
        )
    if settings.trainer not in LAUNCHERS:
        raise SettingError(f"RELEARN_TRAINER={settings.trainer!r} must be one of {', '.join(LAUNCHERS)}")
    if settings.database and not settings.database.startswith(("postgresql+psycopg://", "sqlite:///")):
        raise SettingError("RELEARN_DATABASE must be postgresql+psycopg://user@host/name, or sqlite:////path/to/file")
    if settings.database.startswith("postgresql") and importlib.util.find_spec("psycopg") is None:
        raise SettingError("RELEARN_DATABASE needs the psycopg package; requirements-postgres.txt has it")
    if settings.trainer == "docker" and importlib.util.find_spec("docker") is None:
        raise SettingError("RELEARN_TRAINER=docker needs the docker package; requirements-docker.txt has it")
    key = settings.api_key
    for name, secret in (("API_KEY", key), ("LABEL_STUDIO_TOKEN", settings.label_studio_token)):
        longest = KEY_LIMIT if secret is key else TOKEN_LIMIT
        if not (secret.isascii() and secret.isprintable() and secret == secret.strip() and len(secret) <= longest):
            raise SettingError(
                f"RELEARN_{name} must be at most {longest} characters of ASCII, with no blanks around it"
            )
    if settings.reads not in ("key", "open"):
        raise SettingError(f"RELEARN_READS={settings.reads!r} must be one of key, open")
    if settings.log_format not in LOG_FORMATS:
        raise SettingError(f"RELEARN_LOG_FORMAT={settings.log_format!r} must be one of {', '.join(LOG_FORMATS)}")
    _ = settings.proxies  # raises
    has_key = key or settings.keys or settings.keys_file
    if not (is_loopback(settings.host) or has_key or settings.allow_anonymous_writes):
        raise SettingError(
            f"refusing to listen on {settings.host} without a key: whoever reaches this port could replace the model. "
            "Set RELEARN_API_KEY or --keys-file, or listen on 127.0.0.1, or say --allow-anonymous-writes"
        )


def _check_collector(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        usable = usable and parts.port != 0  # which raises for one that is none
    except ValueError:
        usable = False
    if not usable:
        raise SettingError(f"RELEARN_OTLP_ENDPOINT={endpoint[:80]!r} must be a URL such as http://127.0.0.1:4318")
    if "@" in endpoint:
        raise SettingError(
            "RELEARN_OTLP_ENDPOINT has a password; OTEL_EXPORTER_OTLP_HEADERS is for what a collector asks"
        )
    if importlib.util.find_spec("opentelemetry") is None:
        raise SettingError(
            "RELEARN_OTLP_ENDPOINT needs opentelemetry-sdk: pip install 'relearn-server[telemetry]' of the wheel, or "
            "in a checkout .venv-uv/bin/uv pip install --python .venv-serve/bin/python -r requirements-telemetry.txt"
        )
