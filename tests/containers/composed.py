"""compose.yaml's services, started as it describes them: where there is no compose plug-in it is tested all the same.

Every key of a service is either made a flag of `docker run` here, or listed as one that has no part in running a
container; any other is an error, so that the file can't say what no test tries.
"""

import os
import re
from typing import Any

import yaml

from tests.containers.engine import ROOT

PASSED_OVER = {"image", "build", "depends_on", "stop_grace_period", "restart", "ports", "command"}
REPEATED = {"cap_drop": "cap-drop", "security_opt": "security-opt", "tmpfs": "tmpfs"}
SINGLE = {
    "network_mode": "network",
    "cpu_shares": "cpu-shares",
    "cpus": "cpus",
    "mem_limit": "memory",
    "memswap_limit": "memory-swap",
    "pids_limit": "pids-limit",
}
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def content() -> dict[str, Any]:
    """The file, its variables replaced as compose does."""
    text = _VARIABLE.sub(lambda found: os.environ.get(found[1], found[2]), (ROOT / "compose.yaml").read_text())
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


def flags(service: str, volumes: dict[str, str]) -> list[str]:
    """The flags of `docker run` for a service; `volumes` gives the real name of each volume."""
    made: list[str] = []
    for key, value in content()["services"][service].items():
        if key in REPEATED:
            made += [f"--{REPEATED[key]}={each}" for each in value]
        elif key in SINGLE:
            made.append(f"--{SINGLE[key]}={value}")
        elif key == "read_only":
            assert value is True
            made.append("--read-only")
        elif key == "environment":
            made += [f"--env={name}={text}" for name, text in value.items()]
        elif key == "volumes":
            pairs = [each.split(":", 1) for each in value]
            made += [f"--volume={volumes[name]}:{target}" for name, target in pairs]
        elif key == "healthcheck":
            assert value == {"disable": True}
            made.append("--no-healthcheck")
        else:
            assert key in PASSED_OVER, f"compose.yaml: {key} of {service} has no test"
    return made


def command(service: str) -> list[str]:
    words: list[str] = content()["services"][service].get("command", [])
    return words
