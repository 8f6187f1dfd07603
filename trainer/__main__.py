"""`python -m trainer`: train now, or run a job that the server created.

python -m trainer [options]     create a job, run it here and show its progress
python -m trainer job ID        run a job that waits; this is what the server starts
python -m trainer --watch       wait for jobs and run them, one after another, also of models that began from nothing
"""

import argparse
import contextlib
import os
import signal
import sys
import time
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from server.configuration import add_version
from server.settings import SettingError
from server.store.errors import Conflict, NotFound, StoreError
from server.store.memory import Memory, open_memory
from server.store.origin import parted, traced
from server.store.turn import next_queued
from trainer.child import die_with_the_runner
from trainer.child import main as child
from trainer.config import Places, Recipe, add_flags, options_of, places_of
from trainer.job import child_command, run_job
from trainer.policy import Policy, add_policy_flags, policy_of
from trainer.start import recipe_for

WATCH_SECONDS = 0.5
SILENCE_SECONDS = 5.0  # after which jobs are looked for although nothing was written


def main() -> None:
    arguments = vars(_parser().parse_args())
    try:
        places = places_of(arguments, os.environ)
        policy = policy_of(arguments, os.environ)
    except SettingError as error:
        sys.exit(f"error: {error}")
    if places.database:
        os.environ["RELEARN_DATABASE"] = places.database  # for the child
    if arguments.get("command") == "child":
        die_with_the_runner()
        sys.exit(child(arguments["id"], arguments["token"], places, policy, arguments["work"]))
    try:
        memory = open_memory(places.artifacts, places.data, places.name, places.baseline, places.database)
        runner = Runner(memory, places, policy)
        signal.signal(signal.SIGTERM, runner.stop)  # as the first process of a container it would not even end by it
        if arguments.get("command") == "job":
            sys.exit(runner.run(arguments["id"]))
        if arguments["watch"]:
            runner.watch()
            sys.exit()
        sys.exit(_train(runner, options_of(arguments)))
    except (StoreError, ValueError) as error:
        sys.exit(f"error: {error}")


class Runner:
    """Runs jobs one at a time, until it is told to stop."""

    def __init__(self, memory: Memory, places: Places, policy: Policy) -> None:
        self.jobs = memory.jobs
        self.memory = memory
        self.policy = policy
        self._places = places
        self._stopping = False

    def stop(self, *_: object) -> None:
        """End after the job that runs, which ends now, and as failed."""
        self._stopping = True

    def run(self, job: str, echo: bool = False, model: str = "") -> int:
        """Run one job, maybe of another `model`; 0 if the loop did its work, which a refusal is part of."""
        if model in ("", self._places.name):
            return self._run(self.memory, self._places, job, echo)
        places = replace(self._places, name=model)
        memory = open_memory(places.artifacts, places.data, model, places.baseline, places.database, begins=False)
        try:
            return self._run(memory, places, job, echo)
        finally:
            memory.close()

    def _run(self, memory: Memory, places: Places, job: str, echo: bool) -> int:
        flags = _flags(places, self.policy)
        held_to, traceparent = parted(memory.jobs.get(job).policy)
        policy = Policy.from_json(held_to, self.policy)
        try:
            result = run_job(
                memory,
                job,
                lambda lease, work: child_command(lease, work, flags),
                policy.job_limit_seconds,
                lambda: self._stopping,
                _to_stdout if echo else None,
                os.environ | traced(traceparent),
            )
        except Conflict as error:
            print(error, flush=True)
            return 1
        return 0 if result.get("state") in ("published", "refused", "cancelled") else 1

    def watch(self) -> None:
        """Run every job that is created, one after another; looks at the rows only when something was written."""
        print(f"waiting for jobs of {self._places.name} in {self._places.artifacts}", flush=True)
        changes = self.memory.changes()
        looked = 0.0
        while not self._stopping:
            try:
                if changes.seen() or time.monotonic() - looked > SILENCE_SECONDS:
                    looked = time.monotonic()
                    self._run_queued()
            except StoreError as error:
                print(f"waiting for the database: {error}", flush=True)
                time.sleep(SILENCE_SECONDS)
            time.sleep(WATCH_SECONDS)

    def _run_queued(self) -> None:
        turn = next_queued(self.memory.database, self._places.name)
        if turn is None:
            return
        print(f"job {turn.job} of {turn.model}", flush=True)
        with contextlib.suppress(NotFound):  # pruned, or never ours
            self.run(turn.job, echo=True, model=turn.model)


def _train(runner: Runner, options: dict[str, Any]) -> int:
    """Create a job from the command line, run it here, and say how it ended."""
    try:
        recipe_for(runner.memory, options)
        job = runner.jobs.create(options, "command line", asdict(runner.policy)).job
    except (ValueError, StoreError) as error:
        sys.exit(f"error: {error}")
    signal.signal(signal.SIGINT, lambda *_: runner.jobs.cancel(job))
    code = runner.run(job, echo=True)
    result = runner.jobs.get(job).result or {}
    print(f"\njob {job}: {result.get('state')}", end="")
    for name in ("version", "accuracy", "reason"):
        if result.get(name) is not None:
            print(f", {'test accuracy' if name == 'accuracy' else name} {result[name]}", end="")
    print()
    return code


def _to_stdout(piece: bytes) -> None:
    os.write(sys.stdout.fileno(), piece)


def _flags(places: Places, policy: Policy) -> list[str]:
    """Places and policy as flags, for the child."""
    names = [f.name for f in fields(Places) if f.name != "database"]  # which may hold a password
    pairs = [(f"--{name}", str(getattr(places, name))) for name in names]
    return [word for pair in pairs for word in pair] + policy.flags()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_version(parser)
    parser.add_argument("--watch", action="store_true", help="wait for jobs and run them")
    _add_common(parser)
    add_flags(parser, Recipe)
    commands = parser.add_subparsers(dest="command", metavar="job ID", required=False)
    job = commands.add_parser("job", help="run a job that waits")
    job.add_argument("id")
    _add_common(job)
    child = commands.add_parser("child")
    child.add_argument("id")
    child.add_argument("token", type=int)
    _add_common(child)
    child.add_argument("work", type=Path)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    add_flags(parser, Places)
    add_policy_flags(parser)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow reads it when it is imported
    main()
