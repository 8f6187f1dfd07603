"""The command line as a whole: which commands there are, and what is said without one."""

import click
from click.shell_completion import get_completion_class

from server import __version__
from server.client.connection import DEFAULT_URL, URL_VARIABLE
from server.command import asking, beside, looking, programs, teaching, tracking, watching
from server.command.checks import checks
from server.command.policy import policy

FIRST_STEPS = """\
Relearn classifies images and keeps learning. To begin:

  relearn serve                  serve http://127.0.0.1:8000, with everything that came along
  relearn predict seven.png      ask what a picture is; in another terminal, or use the page
  relearn upload FOLDER          teach pictures in folders that are named by their labels
  relearn retrain                learn from them

relearn --help has every command, relearn COMMAND --help its options, with examples."""


@click.group(invoke_without_command=True, context_settings={"max_content_width": 100, "show_default": True})
@click.option("--url", help=f"Where the server is: {URL_VARIABLE}'s, or {DEFAULT_URL}.", show_default=False)
@click.version_option(__version__, prog_name="relearn", message="%(prog)s %(version)s")
@click.pass_context
def relearn(context: click.Context, url: str | None) -> None:
    """Serve an image classifier that keeps learning, teach it, and ask it.

    A key is RELEARN_API_KEY's, never a flag: every user of a machine can read its command lines. Exit codes: 0 if all
    went well, 1 if the server refused or something is wrong, 2 for a command line that can't be used, 3 if no server
    answers.
    """
    context.obj = url
    if context.invoked_subcommand is None:
        click.echo(FIRST_STEPS)


@relearn.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands and flags.

    \b
    Examples:
      eval "$(relearn completion bash)"
      relearn completion fish > ~/.config/fish/completions/relearn.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(relearn, {}, "relearn", "_RELEARN_COMPLETE").source())


for command in (
    *(programs.serve, programs.train, programs.check, programs.export, programs.key),
    *(programs.backup, programs.restore, looking.review, looking.bench),
    *(asking.predict, asking.models, asking.promote, asking.rollback),
    *(teaching.upload, teaching.retrain, teaching.data, checks),
    *(policy, watching.drift, beside.shadow, beside.canary, beside.watch),
):
    relearn.add_command(command)
asking.models.add_command(tracking.log)


def main() -> None:
    relearn(prog_name="relearn", complete_var="_RELEARN_COMPLETE")
