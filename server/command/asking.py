"""The commands that ask a server what it knows, and which version is to serve: predict, models, promote, rollback."""

import sys
from pathlib import Path
from typing import Any

import click

from server.client.answers import Prediction
from server.client.client import Client
from server.client.errors import RelearnError, Unusable
from server.command.output import FAILED, bar, ends_well, json_option, show

AT_ONCE = 100  # pictures between two moves of the bar


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@json_option
@click.pass_obj
@ends_well
def predict(url: str | None, files: tuple[str, ...], as_json: bool) -> None:
    """Ask what the model says of pictures.

    A line for each; - reads one from standard input. Ends with 1 if a picture could not be read.

    \b
    Examples:
      relearn predict seven.png
      relearn predict *.png --json
      convert scan.pdf png:- | relearn predict -
    """
    answers: list[Prediction | Unusable] = []
    with Client(url) as client, bar(len(files), "predicting") as move:
        for first in range(0, len(files), AT_ONCE):
            some = files[first : first + AT_ONCE]
            answers += client.predict_many([sys.stdin.buffer.read() if file == "-" else file for file in some])
            move(len(answers))
    lines = "\n".join(f"{file}: {_said(answer)}" for file, answer in zip(files, answers, strict=True))
    show(as_json, [{"file": file, "answer": answer} for file, answer in zip(files, answers, strict=True)], lines)
    if any(isinstance(answer, Unusable) for answer in answers):
        sys.exit(FAILED)


def _said(answer: Prediction | Unusable) -> str:
    if isinstance(answer, Unusable):
        return f"error: {answer}"
    doubt = f", do not believe it: score {answer.score:.2f}" if answer.is_doubtful else ""
    return f"{answer.label}  {answer.confidence:.2%}{doubt}"


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the versions, newest first, with their accuracy on the test set.

    \b
    Examples:
      relearn models
      relearn models --json
    """
    if context.invoked_subcommand is None:
        _listed(context.obj, as_json=as_json)


@models.command("export")
@click.argument("version")
@click.argument("target", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
@ends_well
def export_(url: str | None, version: str, target: Path, as_json: bool) -> None:
    """Write a version as a zip: its files, and its card.

    The card is the README.md that the Hugging Face hub reads.

    \b
    Examples:
      relearn models export 7 digits-7.zip
    """
    if target.exists():
        raise RelearnError(f"{target} is there already")
    with Client(url) as client:
        size = client.export_model(version, target)
    show(as_json, {"target": str(target), "bytes": size}, f"{target}: {size} bytes")


@ends_well
def _listed(url: str | None, as_json: bool) -> None:
    with Client(url) as client:
        found = client.models()
    lines = [
        f"{each.version:>6}  {each.created_at}  "
        f"{'-' if each.accuracy is None else f'{each.accuracy:.2%}'}{'  current' if each.is_current else ''}"
        + (f"  {each.problem}" if each.problem else "")
        for each in found.versions
    ]
    show(as_json, found, "\n".join(lines))


@click.command()
@click.argument("version")
@click.option("--reason", default="", help="Why; it is kept.")
@click.option("--expected", metavar="VERSION", help="Only if this one serves still.")
@click.option("--watch-minutes", type=float, help="That it is watched, and goes back by itself if it is worse.")
@click.option("--percent", type=float, help="Of the requests that the one before answers meanwhile; the default is 5.")
@click.option("--requests", type=int, help="Without which nothing can be said of it; the server's default is 100.")
@json_option
@click.pass_obj
@ends_well
def promote(url: str | None, /, version: str, reason: str, expected: str | None, as_json: bool, **given: Any) -> None:
    """Make a version serve, forward or back.

    \b
    Examples:
      relearn promote 7
      relearn promote 7 --watch-minutes 60
      relearn promote 3 --reason "7 fails on my scanner" --expected 7
    """
    watching: Any = {name: value for name, value in given.items() if value is not None}
    if watching and "watch_minutes" not in watching:
        raise click.UsageError("--percent and --requests are of a watch, which --watch-minutes begins")
    with Client(url) as client:
        done = client.promote(version, reason, expected, **watching)
    show(as_json, done, f"version {done.version} serves; before it was {done.previous}")


@click.command()
@click.option("--reason", default="", help="Why; it is kept.")
@json_option
@click.pass_obj
@ends_well
def rollback(url: str | None, reason: str, as_json: bool) -> None:
    """Make the version serve that served before.

    \b
    Examples:
      relearn rollback --reason "worse on my scanner"
    """
    with Client(url) as client:
        done = client.rollback(reason)
    show(as_json, done, f"version {done.version} serves; before it was {done.previous}")
