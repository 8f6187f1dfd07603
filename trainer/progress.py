"""What a run tells while it goes: events for the job's row, lines for the log or the terminal."""

import time
from typing import Any

from server.store.errors import Locked, Unavailable
from server.store.lease import Lease

LINE_SECONDS = 2.0  # between two lines, and events, within an epoch


class Report:
    """Writes each event to the job's row, if there is a job, and says it in words."""

    def __init__(self, lease: Lease | None) -> None:
        self._lease = lease

    def __call__(self, stage: str, say: str | None = None, **details: Any) -> None:
        """One event: the stage that the run is in, with details that JSON can hold.

        An event is no reason to fail: one that the database did not take is said and gone. Raises LeaseLost.
        """
        print(say if say is not None else f"{stage} …", flush=True)
        if self._lease is None:
            return
        try:
            self._lease.tell(stage, details)
        except (Locked, Unavailable) as error:
            print(f"(this was not told: {error})", flush=True)


class Silent(Report):
    """Of what is trained by the way nothing is told."""

    def __call__(self, stage: str, say: str | None = None, **details: Any) -> None:
        pass


class Progress:
    """Reports epoch, step, loss, accuracy and the time left, and keeps the history."""

    def __init__(self, report: Report, epochs: int, steps: int) -> None:
        self.history: list[dict[str, float]] = []
        self._report, self._epochs, self._steps = report, epochs, steps
        self._started = self._spoken = time.monotonic()

    def step(self, epoch: int, step: int, figures: dict[str, float]) -> None:
        """Say how far it is, unless that was said a moment ago."""
        if time.monotonic() - self._spoken >= LINE_SECONDS:
            self._say(epoch, step, figures, epoch_done=False)

    def epoch(self, epoch: int, figures: dict[str, float], loss: float, accuracy: float) -> None:
        """Say and keep the figures of a finished epoch; `loss` and `accuracy` are the validation part's."""
        self.history.append(figures | {"validation_loss": loss, "validation_accuracy": accuracy})
        self._say(epoch, self._steps, self.history[-1], epoch_done=True)

    def _say(self, epoch: int, step: int, figures: dict[str, float], epoch_done: bool) -> None:
        self._spoken = time.monotonic()
        done = ((epoch - 1) * self._steps + step) / (self._epochs * self._steps)
        left = (self._spoken - self._started) * (1 - done) / done
        words = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in figures.items())
        self._report(
            "training",
            f"epoch {epoch}/{self._epochs}, step {step}/{self._steps}: {words}, {left:.0f} s left",
            epoch=epoch,
            epochs=self._epochs,
            step=step,
            steps=self._steps,
            seconds_left=round(left, 1),
            epoch_done=epoch_done,
            **{name: round(value, 5) for name, value in figures.items()},
        )
