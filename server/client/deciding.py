"""The calls about what a server decides by itself: its policy, drift, and versions that are tried or watched."""

from abc import ABC, abstractmethod
from typing import TypeVar, Unpack

from . import canaries, drift, policy
from .calls import Call
from .canaries import Asking, Canary, Shadow, Trial, Watch
from .drift import Alarm, Drift
from .policy import Decision, Parts, Policy

T = TypeVar("T")


class Deciding(ABC):
    """What Client has of them."""

    @abstractmethod
    def _answer(self, call: Call[T]) -> T:
        """Send a call; raises RelearnError."""

    def policy(self) -> Policy:
        """When retrains begin by themselves, and the proposal that waits."""
        return self._answer(policy.get())

    def set_policy(self, **parts: Unpack[Parts]) -> Policy:
        """Set parts of the policy and leave the others; InConflict if somebody changes it meanwhile."""
        return self._answer(policy.replace(self.policy(), parts))

    def resume_policy(self) -> Policy:
        """Go on after a stop, which refusals in a row bring about."""
        return self._answer(policy.resume())

    def policy_decisions(self, limit: int = 50) -> list[Decision]:
        """The newest decisions by the policy and about it, newest first."""
        return self._answer(policy.decisions(limit))

    def accept_proposal(self, proposal: str) -> str:
        """Begin the retrain that is proposed; the job's number."""
        return self._answer(policy.accept(proposal))

    def dismiss_proposal(self, proposal: str) -> None:
        """Do not; labels count from here on."""
        self._answer(policy.dismiss(proposal))

    def drift(self) -> Drift:
        """How far the answers are from those about pictures that the version came with, and the open alarm."""
        return self._answer(drift.get())

    def drift_alarm(self, alarm: str) -> Alarm:
        """An alarm, with samples that show what moved."""
        return self._answer(drift.alarm(alarm))

    def close_alarm(self, alarm: str) -> None:
        """The alarm was seen; the watch begins anew."""
        self._answer(drift.close(alarm))

    def begin_shadow(
        self, version: str, reason: str = "", expected: str | None = None, **asking: Unpack[Asking]
    ) -> Shadow:
        """Have a version asked of a share of what was answered, after that was sent; nobody gets its answers."""
        return self._answer(canaries.begin_shadow(version, reason, expected, asking))

    def shadow(self, version: str) -> Shadow:
        """How far a version in shadow agrees, or how that ended the last time."""
        return self._answer(canaries.shadow(version))

    def end_shadow(self, version: str) -> Shadow:
        """Ask a version in shadow no more."""
        return self._answer(canaries.end_shadow(version))

    def begin_canary(
        self, version: str, reason: str = "", expected: str | None = None, **trial: Unpack[Trial]
    ) -> Canary:
        """Have a version answer a share of the requests until it is found worse, or promoted."""
        return self._answer(canaries.begin_canary(version, reason, expected, trial))

    def canary(self, version: str) -> Canary:
        """How a version's canary goes, or how it ended the last time."""
        return self._answer(canaries.canary(version))

    def end_canary(self, version: str) -> Canary:
        """End a version's canary; the current version serves on alone."""
        return self._answer(canaries.end_canary(version))

    def watch(self, version: str) -> Watch:
        """How the watch after a version's promotion goes, or how it ended the last time."""
        return self._answer(canaries.watch(version))

    def end_watch(self, version: str) -> Watch:
        """End a version's watch; the version stays."""
        return self._answer(canaries.end_watch(version))
