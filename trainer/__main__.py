"""`python -m trainer`: train now, or run a job that the server created.

python -m trainer [options]     create a job, run it here and show its progress
python -m trainer job ID        run a job that waits; this is what the server starts
python -m trainer --watch       wait for jobs and run them, one after another
"""

import argparse
import os
import signal
import sys
import time
from dataclasses import fields
from typing import Any

from server.store.artifacts import ArtifactStore
from server.store.errors import Conflict
from server.store.files import LockTimeout
from server.store.jobs import Jobs
from trainer.config import Places, Recipe, add_flags, options_of, places_of, recipe_of
from trainer.job import child_command, run_job

WATCH_SECONDS = 0.5


def main() -> None:
    arguments = vars(_parser().parse_args())
    places = places_of(arguments)
    limit_seconds = float(arguments["job_limit_seconds"])
    if arguments.get("command") == "child":
        from trainer.child import main as child

        sys.exit(child(arguments["id"], places, arguments["work"]))
    jobs = Jobs(places.artifacts, ArtifactStore(places.artifacts, places.name, places.baseline), None)
    runner = Runner(jobs, places, limit_seconds)
    signal.signal(signal.SIGTERM, runner.stop)  # as the first process of a container it would not even end by it
    if arguments.get("command") == "job":
        sys.exit(runner.run(arguments["id"]))
    if arguments["watch"]:
        runner.watch()
        sys.exit()
    sys.exit(_train(runner, options_of(arguments)))


class Runner:
    """Runs jobs one at a time, until it is told to stop."""

    def __init__(self, jobs: Jobs, places: Places, limit_seconds: float) -> None:
        self.jobs = jobs
        self._places = places
        self._limit_seconds = limit_seconds
        self._stopping = False

    def stop(self, *_: object) -> None:
        """End after the job that runs, which ends now, and as failed."""
        self._stopping = True

    def run(self, job: str, echo: bool = False) -> int:
        """Run one job; 0 if the loop did its work, which a refusal is part of."""
        self.jobs.get(job)
        command = child_command(job, _flags(self._places))
        folder = self.jobs.folder / job
        try:
            result = run_job(folder, command, self._limit_seconds, lambda: self._stopping, _to_stdout if echo else None)
        except LockTimeout as error:
            self.jobs.fail(job, f"another trainer is running: {error}")
            return 1
        return 0 if result["state"] in ("published", "refused", "cancelled") else 1

    def watch(self) -> None:
        """Run every job that is created, one after another."""
        print(f"waiting for jobs in {self.jobs.folder}", flush=True)
        while not self._stopping:
            for job in self.jobs.all():
                if job.state == "queued" and not self._stopping:
                    print(f"job {job.job}", flush=True)
                    self.run(job.job, echo=True)
            time.sleep(WATCH_SECONDS)


def _train(runner: Runner, options: dict[str, Any]) -> int:
    """Create a job from the command line, run it here, and say how it ended."""
    try:
        recipe_of(options)
        job = runner.jobs.create(options, "command line", {}).job
    except (ValueError, Conflict) as error:
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


def _flags(places: Places) -> list[str]:
    """The places as flags, for the child."""
    pairs = [(f"--{f.name}", str(getattr(places, f.name))) for f in fields(Places)]
    return [word for pair in pairs for word in pair]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--watch", action="store_true", help="wait for jobs and run them")
    _add_common(parser)
    add_flags(parser, Recipe)
    commands = parser.add_subparsers(dest="command", metavar="job ID", required=False)
    job = commands.add_parser("job", help="run a job that waits")
    job.add_argument("id")
    _add_common(job)
    child = commands.add_parser("child")
    child.add_argument("id")
    _add_common(child)
    child.add_argument("work")
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    add_flags(parser, Places)
    parser.add_argument("--job-limit-seconds", type=float, default=3600.0, help="longest a job may take [default 3600]")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow reads it when it is imported
    main()
