"""The commands that watch a server: whether the world has moved (drift), and how a version does on trial (canary)."""

import sys
from typing import Any

import click

from server.client.canaries import Arm, Canary
from server.client.client import Client
from server.client.drift import Drift, Moved
from server.client.errors import RelearnError
from server.command.output import FAILED, ends_well, json_option, show


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def drift(context: click.Context, as_json: bool) -> None:
    """Say whether the world has moved since the version was made.

    Ends with 1 while an alarm is open.

    \b
    Examples:
      relearn drift
      relearn drift > report.txt || mail -s "the pictures have changed" ana < report.txt
    """
    if context.invoked_subcommand is None:
        _watched(context.obj, as_json=as_json)


@ends_well
def _watched(url: str | None, as_json: bool) -> None:
    with Client(url) as client:
        found = client.drift()
    show(as_json, found, _drifted(found))
    if found.alarm is not None:
        sys.exit(FAILED)


@drift.command()
@click.argument("alarm", required=False)
@json_option
@click.pass_obj
@ends_well
def close(url: str | None, alarm: str | None, as_json: bool) -> None:
    """Say that an alarm was seen, and have the watch begin anew.

    \b
    Examples:
      relearn drift close
      relearn drift close 3 --json
    """
    with Client(url) as client:
        opened = client.drift().alarm if alarm is None else None
        number = alarm if opened is None else opened.id
        if number is None:
            raise RelearnError("no alarm is open")
        client.close_alarm(number)
    show(as_json, {"closed": number}, f"alarm {number} is closed")


def _drifted(found: Drift) -> str:
    if found.alarm is not None:
        head = f"alarm {found.alarm.id} of {found.alarm.time}, version {found.alarm.version}"
        return "\n".join([head, *map(_moved, found.alarm.moved)])
    if not found.is_watching:
        return f"nothing is watched: {found.reason}"
    return f"no alarm: distance {found.distance} of {found.threshold}, after {found.answers} answers"


def _moved(each: Moved) -> str:
    what = each.of if each.label is None else f"{each.of} {each.label}"
    what += "" if each.at_most is None else f" up to {each.at_most:g}"
    return f"  {what}: {each.reference:.1%} of the answers before, {each.now:.1%} of the last {each.answers}"


@click.command()
@click.argument("version")
@click.option("--percent", type=float, help="Of the requests that it is given; the server's default is 5.")
@click.option("--minutes", type=float, help="That it is tried; the server's default is 10.")
@click.option("--requests", type=int, help="That it must have answered to be promoted; the server's default is 100.")
@click.option("--reason", default="", help="Why; it is kept.")
@click.option("--expected", metavar="VERSION", help="Only if this one serves still.")
@click.option("--show", "task", flag_value="show", help="Begin nothing; say how it goes, or how it ended.")
@click.option("--end", "task", flag_value="end", help="Begin nothing; end it.")
@json_option
@click.pass_obj
@ends_well
def canary(
    url: str | None, /, version: str, reason: str, expected: str | None, task: str | None, as_json: bool, **given: Any
) -> None:
    """Have a version answer a share of the requests until it is found worse, or promoted.

    \b
    Examples:
      relearn canary 7 --percent 10 --minutes 30
      relearn canary 7 --show
      relearn canary 7 --end
    """
    trial: Any = {name: value for name, value in given.items() if value is not None}
    if task and (trial or reason or expected):
        raise click.UsageError(f"--{task} begins nothing, so it takes none of the other options")
    with Client(url) as client:
        if task is None:
            found = client.begin_canary(version, reason, expected, **trial)
        else:
            found = client.canary(version) if task == "show" else client.end_canary(version)
    show(as_json, found, _tried(found))


def _tried(found: Canary) -> str:
    done = f"{found.minutes_done:.1f} of {found.minutes:g} minutes"
    head = f"version {found.version}: {found.state}, {found.percent:g} % of the requests, {done}"
    arms = ((found.version, found.tried), (found.against, found.current))
    return "\n".join([head, *([f"  {found.why}"] if found.why else []), *(_arm(*each) for each in arms)])


def _arm(version: str, arm: Arm) -> str:
    slow = "" if arm.p99_ms is None else f", p99 {arm.p99_ms:.1f} ms"
    return f"  version {version}: {arm.requests} requests{slow}"
