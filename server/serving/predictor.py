"""Image files in, predictions out, in one worker: bytes -> the model's input -> the queue -> what the model says.

Small pictures are read on the event loop, since handing them to a thread costs more than reading them; large ones in a
thread. Only what was read and checked is queued, so that a bad image hurts nobody else.
"""

import asyncio
import io
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from PIL import Image

from server.models.model import Model
from server.pictures import image
from server.pictures.errors import PictureError
from server.pictures.preprocessing import Input
from server.serving.batcher import Batcher, QueueFull, QueueTimeout
from server.serving.caller import Answer, Rows
from server.serving.keeping import Keeping
from server.serving.prediction import Prediction
from server.serving.running import Running
from server.settings import Settings
from server.web.errors import Busy, NoModel
from server.web.threads import Threads

READY_LIMIT_BYTES = 4096  # of a file that is in the model's form already: larger ones are judged one by one
TURN_SECONDS = 0.001  # after so long a batch of small pictures gives way; one of them takes up to two milliseconds


class Source(Protocol):
    """Where the model is had from: what serves (takeover.py), or one version that was asked for (shelf.py)."""

    @property
    def model(self) -> Model | None: ...
    @property
    def problem(self) -> str | None: ...


@dataclass(frozen=True)
class Held:
    """A source of one model, which stays."""

    model: Model
    problem: None = None


class Predictor:
    """What an image is given to, whichever call it came with; one in each worker for what serves.

    With `keeping`, while that is on, its answers bring along what the model saw.
    """

    def __init__(
        self,
        settings: Settings,
        source: Source,
        threads: Threads,
        keeping: Keeping | None = None,
        queue: Callable[..., Batcher[Prediction]] = Batcher,
    ) -> None:
        self.draw: Callable[[], Predictor] | None = None  # who answers the next request, of several (comparison.py)
        self.behind: Predictor | None = None  # who is asked for what this one does not answer (attempts.py)
        self._limits = image.Limits.of(settings)
        self.source = source
        self._threads = threads
        self._turn = asyncio.Lock()
        running = Running(self, keeping, measures_ink=settings.drift_false_alarm_requests > 0)
        self.batcher = queue(
            running,
            running.is_slow,
            settings.batch_limit,
            settings.queue_limit,
            settings.queue_timeout_seconds,
            blocks=running,
        )
        self.room = self.batcher  # that must not be full

    def chosen(self) -> "Predictor":
        """Who is to answer the next request."""
        draw = self.draw
        return self if draw is None else draw()

    def warm_up(self) -> None:
        """Read a small picture in every format, since Pillow and numpy import much when they first need it.

        Without this the first requests take up to 300 ms. Takes 30.
        """
        if self.source.model is None:
            return
        picture = Image.new("L", (40, 40), "white")
        picture.paste(0, (16, 10, 22, 30))
        enough = image.Limits(pixels=2**12, memory_bytes=2**20, whole_pixels=2**12)  # whatever a request's are
        for name in image.FORMATS:
            file = io.BytesIO()
            picture.save(file, name)
            image.as_png(self.model.preprocessing.read(file.getvalue(), enough))

    def read(self, data: bytes) -> Input:
        """The model's input for an image file, here and now: for small ones, or a thread; raises PictureError."""
        return self.model.preprocessing.read(data, self._limits)

    async def read_all(self, files: Sequence[bytes]) -> list[Input | PictureError]:
        """For each file what `read` gives or raises. Small ones are read here, a few at a time with all others' turns
        in between; raises Busy if there is no thread for the large ones."""
        readings: list[Input | PictureError | None] = list(self._ready(files))
        missing = [number for number, reading in enumerate(readings) if reading is None]
        large = [number for number in missing if image.is_large(files[number])]
        with self._threads.place() if large else nullcontext():
            for number in large:
                readings[number] = await self._threads.run(self._reading, files[number])
        await self._read_small(files, readings)
        return [reading for reading in readings if reading is not None]

    def _ready(self, files: Sequence[bytes]) -> list[Input | None]:
        """The inputs of files that are in the model's form already, and as small as such files are."""
        tiny = [number for number, data in enumerate(files) if len(data) <= READY_LIMIT_BYTES]
        found: list[Input | None] = [None] * len(files)
        for number, ready in zip(tiny, self.model.preprocessing.read_ready([files[n] for n in tiny]), strict=True):
            found[number] = ready
        return found

    async def _read_small(self, files: Sequence[bytes], readings: list[Input | PictureError | None]) -> None:
        missing = deque(number for number, reading in enumerate(readings) if reading is None)
        while missing:
            async with self._turn:  # of all batches one each turn of the loop
                begun = perf_counter()
                while missing and perf_counter() - begun < TURN_SECONDS:
                    number = missing.popleft()
                    readings[number] = self._reading(files[number])
                await asyncio.sleep(0)

    def _reading(self, data: bytes) -> Input | PictureError:
        try:
            return self.read(data)
        except PictureError as error:
            return error

    def close(self) -> None:
        """Let go of the batcher's thread; what it does is finished first."""
        self.batcher.close()

    def check_room(self) -> None:
        """Raise Busy if the queue is full: to be asked before work is put into an image."""
        try:
            self.room.check(1)
        except QueueFull as error:
            raise busy(error) from None

    async def predict(self, inputs: Rows) -> Answer[Prediction]:
        """The answers, in order; raises Busy when the queue is full or the wait was too long."""
        try:
            return await self.batcher.submit(inputs)
        except (QueueFull, QueueTimeout) as error:
            raise busy(error) from None

    @property
    def model(self) -> Model:
        model = self.source.model
        if model is None:
            raise NoModel(f"no model is loaded: {self.source.problem}")
        return model


def busy(error: QueueFull | QueueTimeout) -> Busy:
    """What a client is told whose image can't wait, or waited too long."""
    return Busy(f"the service is busy: {error}; try again shortly")
