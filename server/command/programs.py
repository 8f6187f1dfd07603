"""The commands that are programs of their own: this process becomes `python -m server`, trainer or export."""

import sys
from collections.abc import Collection
from dataclasses import fields
from typing import Any

import click

from server.command.home import become, trainer_python
from server.command.output import FAILED
from server.settings import LOADING, STORE, Settings

FREE = {"ignore_unknown_options": True}  # what the program takes is for it to say
NO_TRAINER = (
    "error: there is no TensorFlow to train with: `make .venv-train/ready` in a checkout, "
    "`pip install 'relearn-server[train]'` of the wheel, or RELEARN_TRAINER_PYTHON names an interpreter that has it"
)


def flags_of_settings(names: Collection[str]) -> list[click.Parameter]:
    """An option for each setting that is no secret, with what the table says of it, and room for others."""
    made: list[click.Parameter] = []
    for f in fields(Settings):
        if f.name in names and not f.metadata["secret"]:
            default = f"; default {f.default}" if str(f.default) else ""
            help_text = f"{f.metadata['help']} [{f.metadata['unit']}{default}]"
            shape: dict[str, Any] = (
                {"is_flag": True} if f.type is bool else {"metavar": str(f.metadata["unit"]).upper().replace(" ", "_")}
            )
            made.append(click.Option([_flag(f.name), f.name], help=help_text, **shape))
    return [*made, click.Argument(["others"], nargs=-1, type=click.UNPROCESSED, metavar="")]


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def given(others: tuple[str, ...], **values: str | bool | None) -> list[str]:
    """The flags as the program takes them; what is not given stays out, so that variables and defaults hold."""
    pairs = [(name, value) for name, value in values.items() if value not in (None, False)]
    return [
        word for name, value in pairs for word in ([_flag(name)] if value is True else [_flag(name), str(value)])
    ] + [*others]


def _serve(others: tuple[str, ...], **values: str | bool | None) -> None:
    """Serve the model, its page and its calls, until Ctrl-C.

    Every flag is also a variable with RELEARN_ before its name. In an empty folder the model and the digits that come
    along are used; what is learned is kept in artifacts/ and data/ there.

    \b
    Examples:
      relearn serve
      relearn serve --port 9000 --workers 2
      relearn serve --host 0.0.0.0 --keys-file keys.txt
    """
    become(sys.executable, "server", given(others, **values))


def _check(others: tuple[str, ...], **values: str | bool | None) -> None:
    """Compare all that is stored: every row and every file. Changes nothing, and may run beside a server.

    Ends with 0 if nothing is wrong, 1 if something is, 2 if it could not look.

    \b
    Examples:
      relearn check
      relearn check --artifacts /srv/relearn/artifacts --data /srv/relearn/data
    """
    become(sys.executable, "server", ["check", *given(others, **values)])


def _backup(file: str, others: tuple[str, ...], **values: str | bool | None) -> None:
    """Copy all that is stored, facts and files, into one file; a server may run meanwhile.

    The base dataset, keys and settings are not in it. Ends with 0 if all is in it, 1 if files were lost before, 2 if
    none was made.

    \b
    Examples:
      relearn backup 2026-05-01.backup
      relearn backup /mnt/monday.backup --artifacts /srv/relearn/artifacts --data /srv/relearn/data
    """
    become(sys.executable, "server", ["backup", file, *given(others, **values)])


def _restore(file: str, others: tuple[str, ...], **values: str | bool | None) -> None:
    """Put a backup into an empty place, all of it or nothing.

    Empty are folders without anything of ours, and a database without tables. All of it is verified first. A restore
    that was stopped may be done again. Ends with 0, or 2 if nothing was restored.

    \b
    Examples:
      relearn restore 2026-05-01.backup
      relearn restore monday.backup --artifacts new/artifacts --data new/data
    """
    become(sys.executable, "server", ["restore", file, *given(others, **values)])


serve = click.Command(
    "serve",
    params=flags_of_settings([f.name for f in fields(Settings)]),
    callback=_serve,
    help=_serve.__doc__,
    context_settings=FREE,
)
check = click.Command(
    "check", params=flags_of_settings((*STORE, *LOADING)), callback=_check, help=_check.__doc__, context_settings=FREE
)
backup, restore = (
    click.Command(
        name,
        params=[click.Argument(["file"]), *flags_of_settings(STORE)],
        callback=callback,
        help=callback.__doc__,
        context_settings=FREE,
    )
    for name, callback in (("backup", _backup), ("restore", _restore))
)


@click.command(context_settings=FREE)
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
def train(flags: tuple[str, ...]) -> None:
    """Train here, without a server, and submit the result to the gate.

    The flags are those of python -m trainer, which `relearn train -- --help` lists.

    \b
    Examples:
      relearn train --quick --from-scratch
      relearn train --dataset FOLDER --name clothes --preprocessing resize --flip
      relearn train --watch
    """
    python = trainer_python()
    if python is None:
        click.echo(NO_TRAINER, err=True)
        sys.exit(FAILED)
    become(python, "trainer", flags)


@click.command(context_settings=FREE)
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
def export(flags: tuple[str, ...]) -> None:
    """Look at the versions that are stored, and change which is current, without a server.

    The flags are those of python -m export, which `relearn export -- --help` lists.

    \b
    Examples:
      relearn export list
      relearn export promote 3 --reason "better on my scanner"
      relearn export candidate JOB --reason "looked at it"
    """
    become(sys.executable, "export", flags)


@click.command(context_settings=FREE)
@click.argument("flags", nargs=-1, type=click.UNPROCESSED)
def key(flags: tuple[str, ...]) -> None:
    """Make a key for the server's calls. It is shown once, with the line to store.

    \b
    Examples:
      relearn key ana --scopes read,teach
    """
    become(sys.executable, "server", ["key", *flags])
