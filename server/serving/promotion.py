"""How the pointer is moved by a call: a version is verified as a worker would, made current, and waited for."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from server.machine import priority
from server.models.trial import Trials
from server.serving.presence import all_serve
from server.serving.takeover import Serving
from server.store import canaries
from server.store.canary import Canary, Role, Wish
from server.store.errors import BrokenArtifact, Conflict, CurrentMoved
from server.store.memory import Memory

logger = logging.getLogger("relearn")

Expect = Callable[[str | None], None]
Note = Callable[[Connection, str | None], None]  # given the version that was current before


@dataclass(frozen=True)
class Promoted:
    """What came of it."""

    previous: str | None  # version that was current before
    everywhere: bool  # that every worker serves it now; else they take it over


class Promotion:
    """Promotes a version; one in each worker."""

    def __init__(self, memory: Memory, trials: Trials, serving: Serving, wait_seconds: float) -> None:
        self._memory = memory
        self._trials = trials
        self._serving = serving
        self._wait_seconds = wait_seconds
        self._thread = priority.threads(1, "promote")  # one that takes long holds up no other work

    async def promote(
        self,
        version: str,
        by: str,
        why: str,
        expect: Expect = lambda _: None,
        note: Note = lambda *_: None,
        watch: Wish | None = None,
    ) -> Promoted:
        """Make a version current, then wait for every worker; raises NotFound or Conflict, and then nothing changed.

        `expect` is given the version that is current, and raises where the caller saw another one; `note` writes down
        what else is to be, within the transaction. It is watched as `watch` has it.
        """
        previous = await asyncio.get_running_loop().run_in_executor(
            self._thread, self._promote, version, by, why, expect, note, watch
        )
        await self._serving.look()
        return Promoted(previous, await self._serves_everywhere(version))

    async def try_out(
        self, version: str, wish: Wish, by: str, why: str, expect: Expect, note: canaries.Note, role: Role
    ) -> Canary:
        """Have a version that could be promoted be a canary or in shadow; raises as `promote` does."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._try_out, version, wish, by, why, expect, note, role)

    async def verify(self, version: str) -> bool:
        """Try a version as `promote` does, and move nothing; whether every worker serves it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._verify, version)
        return await self._serves_everywhere(version)

    async def _serves_everywhere(self, version: str) -> bool:
        return await all_serve(self._memory.workers, self._memory.pointer, version, self._wait_seconds)

    def _verify(self, number: str) -> None:
        versions = self._memory.versions
        versions.find(number)
        try:
            manifest = versions.manifest(number)
            self._trials.check(versions.folder(number), manifest)
        except BrokenArtifact as error:
            raise Conflict(f"version {number} can't serve, so nothing was changed: {error}") from None
        if not self._serving.fits(manifest.preprocessing):
            raise Conflict(
                f"version {number} reads pictures another way than the one that serves, so no worker could take it "
                "over; nothing was changed"
            )

    def _try_out(
        self, number: str, wish: Wish, by: str, why: str, expect: Expect, note: canaries.Note, role: Role
    ) -> Canary:
        self._memory.versions.find(number)
        expect(self._memory.pointer.current())
        self._verify(number)
        begun = self._memory.canaries.begin(number, wish, by, why, expect, note, role)
        logger.info("version %s is a %s: %g %% for %g s by=%s", number, role.value, wish.percent, wish.seconds, by)
        return begun

    def _promote(self, number: str, by: str, why: str, expect: Expect, note: Note, watch: Wish | None) -> str | None:
        self._memory.versions.find(number)
        expect(self._memory.pointer.current())  # before the trial, which takes long
        self._verify(number)
        previous = self._memory.pointer.current()
        expect(previous)
        try:
            self._memory.canaries.promote(
                number, watch, by, why, previous, lambda connection: note(connection, previous)
            )
        except CurrentMoved as error:
            expect(self._memory.pointer.current())
            raise Conflict(f"another promotion came first: {error}; look at GET /models and try again") from None
        logger.info("version %s is current: from=%s by=%s reason=%r", number, previous, by, why)
        return previous
