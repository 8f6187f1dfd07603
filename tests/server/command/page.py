"""`python -m tests.server.command.page`: fill docs/command-line.md from each command's --help."""

import re
from collections.abc import Iterator

import click

from server.command.main import relearn
from tests.live import ROOT

PAGE = ROOT / "docs/command-line.md"
WIDTH = 100


def commands(command: click.Command = relearn, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """Every command, as it is typed, with its --help."""
    name = "relearn" if parent is None else command.name
    context = click.Context(command, parent, name, terminal_width=WIDTH, **command.context_settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from commands(command.commands[name], context)


def filled(page: str) -> str:
    """The page with every command's --help under its heading."""
    texts = [(name, _without_settings(text) if name == "relearn serve" else text) for name, text in commands()]
    sections = "\n".join(f"## {name}\n\n```text\n{text}\n```\n" for name, text in texts)
    return re.sub(r"(?<=<!-- from --help -->\n).*\Z", "\n" + sections.replace("\\", r"\\"), page, flags=re.DOTALL)


def _without_settings(text: str) -> str:
    return text.partition("Options:\n")[0] + "Options: a flag for each setting, as README.md lists them"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
