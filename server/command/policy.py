"""The commands about when retrains begin by themselves: policy, and what it decided."""

from typing import Any

import click

from server.client.client import Client
from server.client.errors import RelearnError
from server.client.policy import Decision, Policy
from server.command.output import ends_well, json_option, show

NONE = "none"  # the word for a part that is not looked at


def _number(context: click.Context, option: click.Parameter, value: str | None) -> int | str | None:
    if value is None or value == NONE:
        return value
    if not value.isdecimal():
        raise click.BadParameter(f"{value!r} is neither a whole number nor {NONE}", context, option)
    return int(value)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def policy(context: click.Context, as_json: bool) -> None:
    """Say when retrains begin by themselves, and what is proposed.

    \b
    Examples:
      relearn policy
      relearn policy --json
    """
    if context.invoked_subcommand is None:
        _shown(context.obj, as_json=as_json)


@ends_well
def _shown(url: str | None, as_json: bool) -> None:
    with Client(url) as client:
        found = client.policy()
    show(as_json, found, _set(found))


@policy.command("set")
@click.option(
    "--mode", type=click.Choice(["off", "ask", "auto"]), help="At an occasion: a proposal (ask), or a start (auto)."
)
@click.option("--labels", metavar="NUMBER|none", callback=_number, help="So many new labels are an occasion.")
@click.option("--on-alarm/--no-on-alarm", default=None, help="An alarm is an occasion.")
@click.option("--time-of-day", metavar="HH:MM|none", help="A time is an occasion; in UTC.")
@click.option("--weekday", metavar="DAY|none", help="Of that time; none: every day.")
@click.option("--quiet-minutes", type=int, help="Without a new label, before anything begins.")
@click.option("--cooldown-minutes", type=int, help="Between the beginnings of two retrains.")
@click.option("--runs-a-day", type=int, help="At most.")
@click.option("--refusals", type=int, help="So many in a row stop it.")
@click.option("--shadow-minutes", type=float, help="That a new version is in shadow, before it is a canary.")
@click.option("--canary-minutes", type=float, help="That it is a canary, before it serves.")
@click.option("--watch-minutes", type=float, help="That it is watched once it serves.")
@json_option
@click.pass_obj
@ends_well
def set_(url: str | None, /, as_json: bool, **given: Any) -> None:
    """Set parts of the policy; the others stay as they are.

    \b
    Examples:
      relearn policy set --mode ask --labels 60
      relearn policy set --mode auto --labels none --time-of-day 03:00 --weekday sunday
    """
    parts: Any = {name: None if value == NONE else value for name, value in given.items() if value is not None}
    if not parts:
        raise click.UsageError("nothing is to be set; name a part")
    with Client(url) as client:
        found = client.set_policy(**parts)
    show(as_json, found, _set(found))


@policy.command()
@click.option("--limit", default=20, type=click.IntRange(1, 1000), help="So many.")
@json_option
@click.pass_obj
@ends_well
def decisions(url: str | None, limit: int, as_json: bool) -> None:
    """List what was decided by the policy and about it, newest first.

    \b
    Examples:
      relearn policy decisions
      relearn policy decisions --limit 200 --json
    """
    with Client(url) as client:
        found = client.policy_decisions(limit)
    show(as_json, found, "\n".join(map(_decided, found)))


@policy.command()
@json_option
@click.pass_obj
@ends_well
def resume(url: str | None, as_json: bool) -> None:
    """Go on after a stop, which refusals in a row bring about.

    \b
    Examples:
      relearn policy resume
    """
    with Client(url) as client:
        found = client.resume_policy()
    show(as_json, found, _set(found))


@policy.command()
@click.argument("proposal", required=False)
@json_option
@click.pass_obj
@ends_well
def accept(url: str | None, proposal: str | None, as_json: bool) -> None:
    """Begin the retrain that is proposed.

    \b
    Examples:
      relearn policy accept
      relearn policy accept 12 --json
    """
    with Client(url) as client:
        job = client.accept_proposal(proposal or _waiting(client))
    show(as_json, {"job": job}, f"job {job} has begun")


@policy.command()
@click.argument("proposal", required=False)
@json_option
@click.pass_obj
@ends_well
def dismiss(url: str | None, proposal: str | None, as_json: bool) -> None:
    """Begin no retrain; labels count from here on.

    \b
    Examples:
      relearn policy dismiss
      relearn policy dismiss 12
    """
    with Client(url) as client:
        number = proposal or _waiting(client)
        client.dismiss_proposal(number)
    show(as_json, {"dismissed": number}, f"proposal {number} is dismissed")


def _waiting(client: Client) -> str:
    found = client.policy().proposal
    if found is None:
        raise RelearnError("no proposal waits for a word")
    return found.decision


def _set(found: Policy) -> str:
    lines = [f"{name}: {NONE if value is None else value}" for name, value in found.parts.items()]
    lines += ["stopped; `relearn policy resume` goes on"] if found.is_stopped else []
    return "\n".join(lines + ([] if found.proposal is None else [_decided(found.proposal)]))


def _decided(each: Decision) -> str:
    times = f" ({each.times} times)" if each.times > 1 else ""
    why = "; ".join(reason.text for reason in each.reasons)
    parts = [f"{each.decision:>6}  {each.last_time}  {each.outcome}{times}"]
    parts += [f"by {each.by}"] if each.by else []
    parts += [f"job {each.job}{f' {each.ended}' if each.ended else ''}"] if each.job else []
    return ", ".join(parts) + (f": {why}" if why else "")
