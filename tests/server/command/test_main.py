"""What `relearn` says of itself, and that its page says the same."""

import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from server import __version__
from server.command.main import relearn
from tests.live import ROOT
from tests.server.command.page import PAGE, commands, filled

HELP = dict(commands())
OPTIONS = {name: text for name, text in HELP.items() if name not in ("relearn", "relearn data")}


def test_the_page_has_what_help_says() -> None:
    assert PAGE.read_text() == filled(PAGE.read_text()), "python -m tests.server.command.page fills it"


@pytest.mark.parametrize("name", OPTIONS)
def test_every_command_has_examples_of_itself(name: str) -> None:
    examples = OPTIONS[name].partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert examples
    for line in examples:
        assert name in line


@pytest.mark.parametrize("name", HELP)
def test_no_first_sentence_is_cut_short_in_the_list(name: str) -> None:
    assert "..." not in HELP[name].partition("Commands:\n")[2]


def test_without_arguments_it_says_what_to_do() -> None:
    result = CliRunner().invoke(relearn, [])
    assert result.exit_code == 0
    for name in re.findall(r"^  relearn (\w+)", result.stdout, re.MULTILINE):
        assert name in relearn.commands
    assert "relearn serve" in result.stdout


def test_it_says_its_version() -> None:
    assert CliRunner().invoke(relearn, ["--version"]).stdout == f"relearn {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(shell: str) -> None:
    result = CliRunner().invoke(relearn, ["completion", shell])
    assert "_RELEARN_COMPLETE" in result.stdout


def test_commands_and_flags_are_completed() -> None:
    def completed(words: str, at: int) -> str:
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(at), "_RELEARN_COMPLETE": "bash_complete"}
        command = [sys.executable, "-m", "server.command"]
        return subprocess.run(
            command, cwd=ROOT, env=os.environ | asked, capture_output=True, text=True, check=True
        ).stdout

    assert completed("relearn pr", 1).splitlines() == ["plain,predict", "plain,promote"]
    assert "plain,--workers" in completed("relearn serve --work", 2)
