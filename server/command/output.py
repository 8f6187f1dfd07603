"""What a command prints and how it ends: lines for people or JSON for programs, and an exit code."""

import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, Protocol

import click

from server.client.errors import Refused, RelearnError, Unreachable

P = ParamSpec("P")

FAILED = 1  # the server said no, or something is wrong; 2 is click's, for a command line that can't be used
UNREACHABLE = 3  # nobody answered


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def show(as_json: bool, content: object, lines: str) -> None:
    """Print one or the other on standard output."""
    click.echo(json.dumps(plain(content)) if as_json else lines)


def plain(content: object) -> Any:
    """A client's answer as JSON has it."""
    if isinstance(content, Refused):
        return {"error": str(content), "code": content.code}
    if dataclasses.is_dataclass(content) and not isinstance(content, type):
        return {f.name: plain(getattr(content, f.name)) for f in dataclasses.fields(content)}
    if isinstance(content, dict):
        return {name: plain(each) for name, each in content.items()}
    return [plain(each) for each in content] if isinstance(content, list | tuple) else content


def ends_well(command: Callable[P, None]) -> Callable[P, None]:
    """Errors of the client and of files as one line on standard error, JSON where that was asked for."""

    @functools.wraps(command)
    def wrapped(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            command(*arguments, **options)
        except (RelearnError, OSError) as error:
            code = error.code if isinstance(error, Refused) else "unreachable" if _is_silent(error) else "failed"
            said = json.dumps({"error": str(error), "code": code}) if options.get("as_json") else f"error: {error}"
            click.echo(said, err=True)
            sys.exit(UNREACHABLE if _is_silent(error) else FAILED)

    return wrapped


def _is_silent(error: Exception) -> bool:
    return isinstance(error, Unreachable)


class Bar(Protocol):
    def __call__(self, done: int, label: str | None = None) -> None:
        """So much is done now, of what the label says."""


@contextmanager
def bar(length: int, label: str) -> Iterator[Bar]:
    """A progress bar on standard error, if that is a terminal."""
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as shown:

        def move(done: int, label: str | None = None) -> None:
            shown.label = label or shown.label
            shown.update(done - shown.pos)

        yield move
