"""Begins retrains by the policy: asks it whenever something changed, and twice a minute since time passes too.

Every worker does so; the rows see to it that one of them acts (store/policies.py). What may give alarm is handed in.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial

from server.machine.background import Background
from server.store.elapsed import Elapsed
from server.store.errors import StoreError
from server.store.files import Json
from server.store.jobs import Jobs
from server.store.occasion import Outcome
from server.store.origin import of_trace
from server.store.policies import Looked, Policies
from server.store.watch import Watch
from server.training.launcher import Launcher

LOOK_SECONDS = 30.0  # at most between two looks
PAUSE_SECONDS = 1.0  # at least: many changes may come at once

Span = Callable[[str], None]  # ends it; called with the job that was begun
Begin = Callable[[], tuple[str, Span]]  # a trace of its own: its traceparent, and how it ends
Alarms = Callable[[], Sequence[str]]  # the open alarms, a sentence each; called in a thread, may raise StoreError

logger = logging.getLogger("relearn")


class Steward:
    """Whoever acts by the policy, in one worker."""

    def __init__(
        self,
        policies: Policies,
        jobs: Jobs,
        launcher: Launcher,
        watch: Watch,
        executor: Executor,
        *,
        alarms: Alarms | None,
        obstacle: Callable[[], str | None],
        held_to: dict[str, Json],
        count: Callable[[str], object],
        elapsed: Elapsed | None = None,
        begin: Begin | None = None,
    ) -> None:
        """`alarms` is None where nobody watches for any; `obstacle` and `held_to` are as in Policies.look; `count` gets
        each outcome. `begin` begins the trace of a retrain that no request asks for; None where traces are not sent."""
        self._policies = policies
        self._jobs = jobs
        self._launcher = launcher
        self._watch = watch
        self._executor = executor
        self._alarms = alarms
        self._obstacle = obstacle
        self._held_to = held_to
        self._count = count
        self._elapsed = elapsed or Elapsed()
        self._begin = begin
        self._problem = ""
        self._looking = Background(self._run)

    def start(self) -> None:
        self._looking.start()

    async def stop(self) -> None:
        await self._looking.stop()

    async def launch(self, job: str, traceparent: str | None = None) -> None:
        """Start a runner for a job that was begun; raises OSError, and then the job has failed."""
        try:
            await self._launcher.start(job, traceparent)
        except OSError as error:
            fail = partial(self._jobs.fail, job, f"the trainer could not be started: {error}")
            await asyncio.get_running_loop().run_in_executor(self._executor, fail)
            raise

    async def _run(self) -> None:
        while True:
            turn = self._watch.turn()
            try:
                await self._look()
                self._tell("")
            except (StoreError, OSError) as error:
                self._tell(str(error))
            except Exception:
                logger.exception("asking the retrain policy failed")
            await asyncio.sleep(PAUSE_SECONDS)
            await self._watch.wait(turn, LOOK_SECONDS)

    async def _look(self) -> None:
        traceparent, end = (None, None) if self._begin is None else self._begin()
        looked = await asyncio.get_running_loop().run_in_executor(self._executor, self._ask, traceparent)
        if looked is None:
            return
        self._count(looked.outcome)
        if looked.outcome is not Outcome.NOT:
            logger.info("retrain policy: %s%s", looked.outcome, f", job {looked.job}" if looked.job is not None else "")
        if looked.job is not None:
            if end is not None:
                end(looked.job)
            await self.launch(looked.job, traceparent)

    def _ask(self, traceparent: str | None) -> Looked | None:
        alarms = None if self._alarms is None else tuple(self._alarms())
        held_to = of_trace(self._held_to, traceparent)
        return self._policies.look(self._elapsed, alarms, self._obstacle, held_to)

    def _tell(self, problem: str) -> None:
        """Log what keeps the policy from being asked, once."""
        if problem and problem != self._problem:
            logger.error("no retrain begins by the policy: %s", problem)
        elif self._problem and not problem:
            logger.info("over: what kept retrains from beginning by the policy")
        self._problem = problem
