"""The commands that watch a server: whether the world has moved (drift)."""

import sys

import click

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
