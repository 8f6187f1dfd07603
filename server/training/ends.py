"""Tells operators how a retrain ended: a line in the log and a count, whoever concluded the job.

Every worker sees every end (attendance.py), and the first of its server's tells it.
"""

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from server.machine.first import First
from server.store.jobs import Job

logger = logging.getLogger("relearn")


class Ends:
    """What is said of the ends of jobs, by one worker."""

    def __init__(self, folder: Path | None, count: Callable[[str], object]) -> None:
        """`folder` is what the workers of this server have in common, None for a single one; `count` gets the state."""
        self._first = First(folder, "retrain")
        self._count = count

    def tell(self, job: Job) -> None:
        """Log and count the end of a job, unless another worker did."""
        if not self._first.is_mine(job.job):
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
