"""Programs that a few tests need beyond Python: whoever lacks one reads which of Debian's packages has it."""

import shutil
from typing import NoReturn

import pytest

# README lists them with their sizes, and .ci/run installs them.
PACKAGES = {
    "chromium": "chromium",
    "curl": "curl",
    "go": "golang-go",
    "java": "default-jre-headless",
    "nginx": "nginx-light",
    "node": "npm",
    "php": "php-cli php-curl",
    "prometheus": "prometheus",
    "promtool": "prometheus",
}


def needed(program: str) -> str:
    """Where it is; skips the test where it is not."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found is None:
        skip_without(program)
    return found


def skip_without(program: str) -> NoReturn:
    pytest.skip(f"there is no {program} on this machine; on Debian: apt-get install {PACKAGES[program]}")
