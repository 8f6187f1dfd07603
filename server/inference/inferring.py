"""The pictures of a request through the queues of the version that it asks, whichever way it came and is answered."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

import numpy as np

from server.inference.request import Asked
from server.models.model import Model
from server.pictures.errors import PictureError
from server.pictures.preprocessing import Input
from server.predict.answers import note_course
from server.predict.endpoints import AT_ONCE
from server.routes.service import Service
from server.serving.prediction import Prediction, joined, versions_of
from server.serving.predictor import Predictor
from server.store.manifest import Manifest
from server.web.access import Record
from server.web.errors import Busy

INLINE_BYTES = 2**14  # of JSON that is read, and of an answer that is packed, where it holds nobody up
INLINE_BINARY_BYTES = 2**20  # of a body that is joined, or whose binary data are looked at, there: a copy of them
INLINE_VALUES = 2**10  # of an answer that is made there
INLINE_BINARY_VALUES = 2**18  # of one whose values are copied as they are
TRIES = 3  # at pictures of which some met the version before

Answered = TypeVar("Answered")
Read = Callable[[Manifest, int], Asked]  # for that version, and so many pictures at most
Write = Callable[[str, Asked, Sequence[Prediction]], Answered]  # under the model's name


class Inferring:
    """Asks what serves, or a version by its number; all pictures of a request are answered by one."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def answer(
        self, version: str | None, read: Read, write: Write[Answered], record: Record, inline: bool
    ) -> Answered:
        """`inline`: reading is quick. Raises what it raises, PictureError, NotFound, BrokenArtifact or Busy."""
        predictor = self._service.predictor
        if version is None or version == predictor.model.version:
            answer = await self._of_serving(version, read, write, record, inline)
            if answer is not None:
                return answer
        async with self._service.shelf.lend(version or predictor.model.version) as lent:
            asked = await self._asked(lent, read, inline)
            return await self._written(write, asked, await _results(lent, asked, record))

    async def _of_serving(
        self, version: str | None, read: Read, write: Write[Answered], record: Record, inline: bool
    ) -> Answered | None:
        """The answer of what serves; None if that is the version wanted no more."""
        predictor = self._service.predictor
        for _ in range(TRIES):
            asked = await self._asked(predictor, read, inline)
            results = await _results(predictor, asked, record)
            versions = versions_of(results)
            if len(versions) == 1 and version in (None, *versions):
                return await self._written(write, asked, results)
            if version is not None:
                return None
        raise restless()

    async def _asked(self, predictor: Predictor, read: Read, inline: bool) -> Asked:
        predictor.check_room()
        arguments = predictor.model.manifest, self._service.settings.upload_limit_files
        if inline:
            return read(*arguments)
        with self._service.threads.place():
            return await self._service.threads.run(read, *arguments)

    async def _written(self, write: Write[Answered], asked: Asked, results: Sequence[Prediction]) -> Answered:
        name = self._service.settings.name
        values = len(results) * len(results[0].probabilities)
        if values <= INLINE_VALUES or is_copied(asked, values):
            return write(name, asked, results)
        with self._service.threads.place():
            return await self._service.threads.run(write, name, asked, results)


def is_copied(asked: Asked, values: int) -> bool:
    """Whether an answer of so many values is no more than a copy of them, and of few."""
    return values <= INLINE_BINARY_VALUES and all(output.binary and not output.classes for output in asked.outputs)


def piece_limit(model: Model) -> int:
    """How many pictures of a tensor are queued together."""
    return max(AT_ONCE, model.turn_images)


def restless() -> Busy:
    """What is told who met another version again and again."""
    return Busy("one version after another is taken over; try again shortly")


async def _results(predictor: Predictor, asked: Asked, record: Record) -> Sequence[Prediction]:
    """What the model says of every picture, some at a time; raises the error of the first that is none."""
    found: list[Sequence[Prediction]] = []
    images = asked.images
    at_once = piece_limit(predictor.model) if isinstance(images, np.ndarray) else AT_ONCE
    record.answers = ()
    for start in range(0, len(images), at_once):
        predictor.check_room()
        part = images[start : start + at_once]
        inputs = part if isinstance(part, np.ndarray) else await _read(predictor, part, start, record)
        answer = await predictor.predict(inputs)
        note_course(record, answer)
        found.append(answer.results)
    record.answers = results = joined(found)
    return results


async def _read(predictor: Predictor, files: Sequence[bytes], start: int, record: Record) -> list[Input]:
    begun = perf_counter()
    readings = await predictor.read_all(files)
    record.decode_seconds += perf_counter() - begun
    inputs: list[Input] = []
    for number, reading in enumerate(readings, start):
        if isinstance(reading, PictureError):
            raise type(reading)(f"picture {number} of the input image: {reading}")
        inputs.append(reading)
    return inputs
