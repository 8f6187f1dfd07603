"""Tells operators how a retrain ended: a line in the log and a count, whoever concluded the job.

Every worker sees every end (attendance.py). The one that tells it is the first of its server's to leave a file for it,
where they keep their counts together.
"""

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from server.store.jobs import Job

logger = logging.getLogger("relearn")


class Ends:
    """What is said of the ends of jobs, by one worker."""

    def __init__(self, folder: Path | None, count: Callable[[str], object]) -> None:
        """`folder` is what the workers of this server have in common, None for a single one; `count` gets the state."""
        self._folder = folder
        self._count = count

    def tell(self, job: Job) -> None:
        """Log and count the end of a job, unless another worker did."""
        if not self._is_first(job.job):
            return
        result = job.result or {}
        seconds = (datetime.now(UTC) - datetime.fromisoformat(job.created_at)).total_seconds()
        logger.info(
            "retrain ended: job=%s state=%s version=%s seconds=%.1f worker=%d reason=%r",
            job.job,
            job.state,
            result.get("version") or "-",
            seconds,
            os.getpid(),
            result.get("reason") or "-",
        )
        self._count(job.state)

    def _is_first(self, job: str) -> bool:
        if self._folder is None:
            return True
        try:
            (self._folder / f"retrain-{job}").touch(exist_ok=False)
        except FileExistsError:
            return False
        except OSError as error:  # better told twice than not at all
            logger.warning("the end of job %s may be counted by several workers: %s", job, error)
        return True
