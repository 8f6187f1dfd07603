"""What a job is held to, which no client decides: the gate's limits, how long it may take, and how much is kept.

A job that the server created says it in its row. Started by hand the trainer reads the settings of the same names.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from export.gate import Limits
from server.configuration import load
from server.settings import Settings

PLAIN = ("keep_versions", "keep_jobs", "job_limit_seconds")
SETTINGS = (*(f"gate_{f.name}" for f in fields(Limits)), *PLAIN)


@dataclass(frozen=True)
class Policy:
    """What a job's row says beside its options."""

    limits: Limits = field(default_factory=Limits)
    keep_versions: int = 20
    keep_jobs: int = 50
    job_limit_seconds: float = 3600.0

    @classmethod
    def from_json(cls, content: Mapping[str, Any], otherwise: "Policy") -> "Policy":
        """What a row says, and `otherwise` for the rest; raises TypeError for a name that is none of its own."""
        rest = {name: value for name, value in content.items() if name != "limits"}
        limits = replace(otherwise.limits, **content.get("limits", {}))
        return replace(otherwise, limits=limits, **rest)

    def flags(self) -> list[str]:
        """The flags that say the same."""
        values = {f"gate_{f.name}": getattr(self.limits, f.name) for f in fields(Limits)}
        values |= {name: getattr(self, name) for name in PLAIN}
        return [word for name, value in values.items() for word in (_flag(name), str(value))]


def add_policy_flags(parser: argparse.ArgumentParser) -> None:
    """The server's flags of the same names; what is not given stays out of the parsed namespace."""
    for f in fields(Settings):
        if f.name in SETTINGS:
            text = f"{f.metadata['help']} [{f.metadata['unit']}; default {f.default}]".replace("%", "%%")
            unit = str(f.metadata["unit"]).upper()
            parser.add_argument(_flag(f.name), metavar=unit, default=argparse.SUPPRESS, help=text)


def policy_of(arguments: Mapping[str, Any], environment: Mapping[str, str]) -> Policy:
    """The policy from flags, then RELEARN_ variables, then defaults; raises SettingError."""
    flags = [word for name in SETTINGS if name in arguments for word in (_flag(name), arguments[name])]
    settings = load(flags, environment, SETTINGS)
    limits = Limits(**{f.name: getattr(settings, f"gate_{f.name}") for f in fields(Limits)})
    return Policy(limits, **{name: getattr(settings, name) for name in PLAIN})


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
