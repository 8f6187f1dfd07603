"""The calls about what a server decides by itself, as deciding.py has them, each of which is awaited."""

from abc import ABC, abstractmethod
from typing import TypeVar, Unpack

from . import canaries, drift, policy
from .calls import Call
from .canaries import Asking, Canary, Shadow, Trial, Watch
from .drift import Alarm, Drift
from .policy import Decision, Parts, Policy

T = TypeVar("T")


class AsyncDeciding(ABC):
    """What AsyncClient has of them."""

    @abstractmethod
    async def _answer(self, call: Call[T]) -> T:
        """Send a call; raises RelearnError."""

    async def policy(self) -> Policy:
        """When retrains begin by themselves, and the proposal that waits."""
        return await self._answer(policy.get())

    async def set_policy(self, **parts: Unpack[Parts]) -> Policy:
        """Set parts of the policy and leave the others; InConflict if somebody changes it meanwhile."""
        return await self._answer(policy.replace(await self.policy(), parts))

    async def resume_policy(self) -> Policy:
        """Go on after a stop, which refusals in a row bring about."""
        return await self._answer(policy.resume())

    async def policy_decisions(self, limit: int = 50) -> list[Decision]:
        """The newest decisions by the policy and about it, newest first."""
        return await self._answer(policy.decisions(limit))

    async def accept_proposal(self, proposal: str) -> str:
        """Begin the retrain that is proposed; the job's number."""
        return await self._answer(policy.accept(proposal))

    async def dismiss_proposal(self, proposal: str) -> None:
        """Do not; labels count from here on."""
        await self._answer(policy.dismiss(proposal))

    async def drift(self) -> Drift:
        """How far the answers are from those about pictures that the version came with, and the open alarm."""
        return await self._answer(drift.get())

    async def drift_alarm(self, alarm: str) -> Alarm:
        """An alarm, with samples that show what moved."""
        return await self._answer(drift.alarm(alarm))

    async def close_alarm(self, alarm: str) -> None:
        """The alarm was seen; the watch begins anew."""
        await self._answer(drift.close(alarm))

    async def begin_shadow(
        self, version: str, reason: str = "", expected: str | None = None, **asking: Unpack[Asking]
    ) -> Shadow:
        """Have a version asked of a share of what was answered, after that was sent; nobody gets its answers."""
        return await self._answer(canaries.begin_shadow(version, reason, expected, asking))

    async def shadow(self, version: str) -> Shadow:
        """How far a version in shadow agrees, or how that ended the last time."""
        return await self._answer(canaries.shadow(version))

    async def end_shadow(self, version: str) -> Shadow:
        """Ask a version in shadow no more."""
        return await self._answer(canaries.end_shadow(version))

    async def begin_canary(
        self, version: str, reason: str = "", expected: str | None = None, **trial: Unpack[Trial]
    ) -> Canary:
        """Have a version answer a share of the requests until it is found worse, or promoted."""
        return await self._answer(canaries.begin_canary(version, reason, expected, trial))

    async def canary(self, version: str) -> Canary:
        """How a version's canary goes, or how it ended the last time."""
        return await self._answer(canaries.canary(version))

    async def end_canary(self, version: str) -> Canary:
        """End a version's canary; the current version serves on alone."""
        return await self._answer(canaries.end_canary(version))

    async def watch(self, version: str) -> Watch:
        """How the watch after a version's promotion goes, or how it ended the last time."""
        return await self._answer(canaries.watch(version))

    async def end_watch(self, version: str) -> Watch:
        """End a version's watch; the version stays."""
        return await self._answer(canaries.end_watch(version))
