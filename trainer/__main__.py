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

from server.artifacts import ArtifactStore
from server.errors import Conflict
from server.files import LockTimeout
from server.jobs import Jobs
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
    if arguments.get("command") == "job":
        sys.exit(_run(jobs, arguments["id"], places, limit_seconds))
    if arguments["watch"]:
        _watch(jobs, places, limit_seconds)
    sys.exit(_train(jobs, options_of(arguments), places, limit_seconds))


def _train(jobs: Jobs, options: dict[str, Any], places: Places, limit_seconds: float) -> int:
    """Create a job from the command line, run it here, and say how it ended."""
    try:
        recipe_of(options)
        job = jobs.create(options, "command line").job
    except (ValueError, Conflict) as error:
        sys.exit(f"error: {error}")
    signal.signal(signal.SIGINT, lambda *_: jobs.cancel(job))
    code = _run(jobs, job, places, limit_seconds, echo=True)
    result = jobs.get(job).result or {}
    print(f"\njob {job}: {result.get('state')}", end="")
    for name in ("version", "accuracy", "reason"):
        if result.get(name) is not None:
            print(f", {'test accuracy' if name == 'accuracy' else name} {result[name]}", end="")
    print()
    return code


def _run(jobs: Jobs, job: str, places: Places, limit_seconds: float, echo: bool = False) -> int:
    """Run one job; 0 if the loop did its work, which a refusal is part of."""
    jobs.get(job)
    command = child_command(job, _flags(places))
    try:
        result = run_job(jobs.folder / job, command, limit_seconds, _to_stdout if echo else None)
    except LockTimeout as error:
        jobs.fail(job, f"another trainer is running: {error}")
        return 1
    return 0 if result["state"] in ("published", "refused", "cancelled") else 1


def _to_stdout(piece: bytes) -> None:
    os.write(sys.stdout.fileno(), piece)


def _watch(jobs: Jobs, places: Places, limit_seconds: float) -> None:
    print(f"waiting for jobs in {jobs.folder}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        for job in jobs.all():
            if job.state == "queued":
                print(f"job {job.job}", flush=True)
                _run(jobs, job.job, places, limit_seconds, echo=True)
        time.sleep(WATCH_SECONDS)


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
