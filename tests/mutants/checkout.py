"""A copy of the checkout, which may be changed and thrown away, and the tests that run in it."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import Mutant

LIMIT_SECONDS = 240.0  # of one mutant's tests; those that wait for ever notice nothing either
FLAGS = ("-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider")
WARM = "tests/mutants/warm.py"


@dataclass(frozen=True)
class Outcome:
    """What tests said."""

    verdict: str  # "red", "green", "late", or "void" where they could not be run
    by: str  # the first test that was red, or what pytest said in the end
    seconds: float


class Checkout:
    """One copy, for one run at a time."""

    def __init__(self, root: Path, folder: Path) -> None:
        """`folder` is where it is to lie."""
        self.root = folder / "checkout"
        self._temp, self._output = folder / "temp", folder / "output"
        for name in _files(root):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, self.root / name)
        for environment in root.glob(".venv-*"):
            (self.root / environment.name).symlink_to(environment.resolve())
        self._written = int(time.time())
        self._warm = subprocess.Popen(
            [sys.executable, WARM, str(self._output)],
            cwd=self.root,
            env=os.environ | {"LONG_TESTS": "1"},
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def close(self) -> None:
        for stream in (self._warm.stdin, self._warm.stdout):
            assert stream is not None
            stream.close()
        self._warm.wait()

    def try_out(self, mutant: Mutant) -> Outcome:
        """Run a mutant's tests without its guard."""
        file = self.root / mutant.file
        text = file.read_text("utf-8")
        self._write(file, mutant.mutated(self.root))
        try:
            return self.run(mutant.tests, "-x")
        finally:
            self._write(file, text)

    def run(self, tests: tuple[str, ...], *flags: str, limit_seconds: float = LIMIT_SECONDS) -> Outcome:
        """Run tests in the copy as it is."""
        begun = time.monotonic()
        assert self._warm.stdin is not None
        order = json.dumps([*FLAGS, f"--basetemp={self._temp}", *flags, *tests])
        self._warm.stdin.write(order.encode() + b"\n")
        child = int(self._answer())
        try:
            code = self._answer(limit_seconds)
            if not code:
                os.kill(child, signal.SIGKILL)
                self._answer()
                return Outcome("late", f"not done within {limit_seconds:g} seconds", time.monotonic() - begun)
        finally:
            self._end_others()
        verdict = {0: "green", 1: "red"}.get(int(code), "void")
        return Outcome(verdict, _first_failure(self._output.read_text()), time.monotonic() - begun)

    def _answer(self, seconds: float | None = None) -> bytes:
        """The next line; nothing if it did not come in time."""
        assert self._warm.stdout is not None
        return self._warm.stdout.readline() if select.select([self._warm.stdout], [], [], seconds)[0] else b""

    def _write(self, file: Path, text: str) -> None:
        """Write a file with a time of change that no text of it had before: by that Python knows what it compiled."""
        file.write_text(text, "utf-8")
        self._written += 1
        os.utime(file, (self._written, self._written))

    def _end_others(self) -> None:
        """End every process that works in the copy: without a guard some outlive their test."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                is_here = (process / "cwd").readlink().is_relative_to(self.root)
                if is_here and process.name != str(self._warm.pid):
                    os.kill(int(process.name), signal.SIGKILL)


def _files(root: Path) -> Iterator[str]:
    """The files that git has or would take, as far as they are there."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    return (name for name in names if name and (root / name).is_file())


def _first_failure(said: str) -> str:
    lines = said.strip().splitlines()
    failed = [line.split(" ")[1] for line in lines if line.startswith(("FAILED ", "ERROR "))]
    return failed[0] if failed else lines[-1] if lines else ""
