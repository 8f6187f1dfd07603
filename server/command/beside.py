"""The commands about a version beside the one that serves: asked in secret (shadow), tried, or watched (watch)."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from server.client.canaries import Arm, Asked, Canary, Comparison, Shadow, Watch
from server.client.client import Client
from server.command.output import ends_well, json_option, show

REASON = click.option("--reason", default="", help="Why; it is kept.")
EXPECTED = click.option("--expected", metavar="VERSION", help="Only if this one serves still.")
SHOW = click.option("--show", "task", flag_value="show", help="Begin nothing; say how it goes, or how it ended.")
END = click.option("--end", "task", flag_value="end", help="Begin nothing; end it.")


def _begins(command: Callable[..., Any]) -> Callable[..., Any]:
    """What the commands that begin one have in common, from the last to the first."""
    for part in (ends_well, click.pass_obj, json_option, END, SHOW, EXPECTED, REASON):
        command = part(command)
    return command


@click.command()
@click.argument("version")
@click.option("--percent", type=float, help="Of the answers whose pictures it is asked of; the server's default is 20.")
@click.option("--minutes", type=float, help="That it is asked; the server's default is 10.")
@click.option("--pictures", type=int, help="That it must have been asked of to pass; the server's default is 100.")
@click.option("--canary-minutes", type=float, help="Of a canary that begins once it has passed; without it none does.")
@_begins
def shadow(
    url: str | None, /, version: str, reason: str, expected: str | None, task: str | None, as_json: bool, **given: Any
) -> None:
    """Ask a version of a share of what was answered, in secret: nobody gets its answers.

    \b
    Examples:
      relearn shadow 7 --percent 50 --minutes 30
      relearn shadow 7 --canary-minutes 10
      relearn shadow 7 --show
    """
    asking: Any = _wish(task, reason, expected, given)
    with Client(url) as client:
        if task is None:
            found = client.begin_shadow(version, reason, expected, **asking)
        else:
            found = client.shadow(version) if task == "show" else client.end_shadow(version)
    show(as_json, found, _shadowed(found))


@click.command()
@click.argument("version")
@click.option("--percent", type=float, help="Of the requests that it is given; the server's default is 5.")
@click.option("--minutes", type=float, help="That it is tried; the server's default is 10.")
@click.option("--requests", type=int, help="That it must have answered to be promoted; the server's default is 100.")
@click.option("--watch-minutes", type=float, help="That it is watched once it was promoted; without it it is not.")
@_begins
def canary(
    url: str | None, /, version: str, reason: str, expected: str | None, task: str | None, as_json: bool, **given: Any
) -> None:
    """Have a version answer a share of the requests until it is found worse, or promoted.

    \b
    Examples:
      relearn canary 7 --percent 10 --minutes 30
      relearn canary 7 --watch-minutes 60
      relearn canary 7 --show
      relearn canary 7 --end
    """
    trial: Any = _wish(task, reason, expected, given)
    with Client(url) as client:
        if task is None:
            found = client.begin_canary(version, reason, expected, **trial)
        else:
            found = client.canary(version) if task == "show" else client.end_canary(version)
    show(as_json, found, _tried(found))


@click.command()
@click.argument("version")
@click.option("--end", is_flag=True, help="End it; the version stays.")
@json_option
@click.pass_obj
@ends_well
def watch(url: str | None, version: str, end: bool, as_json: bool) -> None:
    """Say how the watch after a version's promotion goes, or how it ended.

    It begins with relearn promote --watch-minutes, or after a canary.

    \b
    Examples:
      relearn watch 7
      relearn watch 7 --end
    """
    with Client(url) as client:
        found = client.end_watch(version) if end else client.watch(version)
    show(as_json, found, _watched(found))


def _wish(task: str | None, reason: str, expected: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for; raises UsageError beside a task that begins nothing."""
    asked = {name: value for name, value in given.items() if value is not None}
    if task and (asked or reason or expected):
        raise click.UsageError(f"--{task} begins nothing, so it takes none of the other options")
    return asked


def _shadowed(found: Shadow) -> str:
    arms = ((found.version, found.asked), (found.against, found.current))
    lines = [_head(found, "answers"), *(_arm(*each) for each in arms)]
    if found.agreement is not None:
        lines.append(f"  they agree on {found.agreement:.1%}; {found.dropped} pictures it had no time for")
    return "\n".join([*lines, *(f"  {change}: {times}" for change, times in found.changed.items())])


def _tried(found: Canary) -> str:
    arms = ((found.version, found.tried), (found.against, found.current))
    return "\n".join([_head(found, "requests"), *(_arm(*each) for each in arms)])


def _watched(found: Watch) -> str:
    arms = ((found.version, found.current), (found.against, found.before))
    return "\n".join([_head(found, "requests"), *(_arm(*each) for each in arms)])


def _head(found: Comparison, what: str) -> str:
    done = f"{found.minutes_done:.1f} of {found.minutes:g} minutes"
    head = f"version {found.version}: {found.state}, {found.percent:g} % of the {what}, {done}"
    return f"{head}\n  {found.why}" if found.why else head


def _arm(version: str, arm: Arm | Asked) -> str:
    slow = "" if arm.p99_ms is None else f", p99 {arm.p99_ms:.1f} ms"
    count = f"{arm.requests} requests" if isinstance(arm, Arm) else f"{arm.pictures} pictures"
    return f"  version {version}: {count}{slow}"
