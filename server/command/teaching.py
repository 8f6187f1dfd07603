"""The commands that teach a server: upload, retrain, and the data that is taken out of one and into another."""

import sys
from pathlib import Path
from typing import Any

import click

from server.client.answers import LeftOut, Outcome, Progress, Uploaded
from server.client.client import Client
from server.client.errors import RelearnError
from server.client.pictures import files_of
from server.command.output import FAILED, bar, ends_well, json_option, show


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--source", default="", help="Where the pictures are from; stands beside each of them.")
@json_option
@click.pass_obj
@ends_well
def upload(url: str | None, folder: Path, source: str, as_json: bool) -> None:
    """Teach pictures in folders that are named by their labels, or a zip of them.

    \b
    Examples:
      relearn upload mine            mine/7/a.png, mine/3/b.png, …
      relearn upload mine.zip --source "scanner 2"
    """
    _upload(url, folder, source, as_json)


def _upload(url: str | None, folder: Path, source: str, as_json: bool) -> None:
    stored: list[Uploaded] = []
    done = 0
    length = len(files_of(folder)) if folder.is_dir() else 1
    with Client(url) as client, bar(length, "uploading") as move:
        for each, files in client.upload_dataset(folder, source):
            stored.append(each)
            done += files
            move(done)
    left_out = [each for batch in stored for each in batch.left_out]
    show(as_json, stored, "\n".join([*map(_stored, stored), *map(_left_out, left_out)]))


def _stored(each: Uploaded) -> str:
    parts = [f"batch {each.batch}: {each.count} stored" if each.batch else f"{each.count} stored"]
    for number, what in ((len(each.duplicates), "there already"), (len(each.suspects), "suspect")):
        parts += [f"{number} {what}"] if number else []
    return ", ".join(parts)


def _left_out(each: LeftOut) -> str:
    return f"{each.file}: left out: {each.reason}"


@click.command()
@click.option("--epochs", type=int, help="Passes over the pictures.")
@click.option("--batch-size", type=int, help="Pictures a step.")
@click.option("--learning-rate", type=float, help="The highest.")
@click.option("--uploads-share", type=float, help="Of an epoch: uploads make up at most this.")
@click.option("--seed", type=int, help="Of everything random.")
@click.option("--from-scratch", is_flag=True, help="Start from random weights.")
@click.option("--force", is_flag=True, help="Although there is nothing new to learn from.")
@json_option
@click.pass_obj
@ends_well
def retrain(url: str | None, /, from_scratch: bool, force: bool, as_json: bool, **given: Any) -> None:
    """Have the server learn from what was uploaded, and wait until the gate has judged it.

    Ends with 0 if a new version serves or there was nothing new to learn from, else with 1.

    \b
    Examples:
      relearn retrain
      relearn retrain --epochs 1 --json
    """
    options: Any = {name: value for name, value in given.items() if value is not None}
    options |= {"from_scratch": from_scratch, "force": force}
    with Client(url) as client, bar(100, "starting") as move:

        def tell(progress: Progress) -> None:
            move(round(100 * (progress.share or 0)), progress.stage)

        outcome = client.retrain(tell, **options)
    show(as_json, outcome, _ended(outcome))
    if outcome.state not in ("published", "nothing_new"):
        sys.exit(FAILED)


def _ended(outcome: Outcome) -> str:
    parts = [outcome.state.replace("_", " ")] + ([f"version {outcome.version}"] if outcome.version else [])
    parts += [f"test accuracy {outcome.accuracy:.2%}"] if outcome.accuracy is not None else []
    return ", ".join(parts + ([outcome.reason] if outcome.reason else []))


@click.group()
def data() -> None:
    """Take what was uploaded elsewhere, or bring it from there."""


@data.command("export")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--label", help="Only pictures of this label.")
@click.option("--split", type=click.Choice(["train", "test"]), help="Only this half.")
@click.option("--source", help="Only pictures of this source.")
@json_option
@click.pass_obj
@ends_well
def export_(
    url: str | None, target: Path, label: str | None, split: str | None, source: str | None, as_json: bool
) -> None:
    """Write the labelled uploads as a zip.

    It is what `relearn data import` takes, and datasets.load_dataset("imagefolder") of Hugging Face reads.

    \b
    Examples:
      relearn data export all.zip
      relearn data export sevens.zip --label 7
    """
    asked = {"label": label, "split": split, "source": source}
    if target.exists():
        raise RelearnError(f"{target} is there already")
    with Client(url) as client:
        size = client.export_dataset(target, **{name: value for name, value in asked.items() if value is not None})
    show(as_json, {"target": str(target), "bytes": size}, f"{target}: {size} bytes")


@data.command("import")
@click.argument("source_path", metavar="SOURCE", type=click.Path(exists=True, path_type=Path))
@click.option("--source", default="", help="Where the pictures are from; stands beside each of them.")
@json_option
@click.pass_obj
@ends_well
def import_(url: str | None, source_path: Path, source: str, as_json: bool) -> None:
    """Teach what an export wrote, or any dataset that `relearn upload` takes.

    \b
    Examples:
      relearn data import all.zip
    """
    _upload(url, source_path, source, as_json)
