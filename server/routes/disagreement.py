"""Uploads whose label in force the version that serves does not say: it is asked as they are looked at.

What it answered is kept nowhere, since the next version would answer otherwise.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter

from server.pictures.errors import PictureError
from server.pictures.image import Limits
from server.pictures.preprocessing import Input, Preprocessing
from server.routes.service import Service
from server.serving.prediction import Prediction, probability_of
from server.store import files
from server.store.browse import Picture
from server.store.content import PICTURE_LIMIT_BYTES, Content, picture_path
from server.store.selection import Selection, State

LOOKED = 512  # uploads that one page looks at, at most
AT_ONCE = 32  # that are shown to the model in one submission
LOOK_SECONDS = 1.0  # after which a page is as long as it is: a large network takes 10 ms a picture


@dataclass(frozen=True)
class Disagreement:
    """An upload, and what the version says instead of its label."""

    picture: Picture
    label: str
    confidence: float
    probability: float  # of the label in force
    version: str


async def disagreeing(
    service: Service, limit: int, before: int | None, selection: Selection
) -> tuple[list[Disagreement], int | None]:
    """Some of those that are meant, newest first, and what `before` has to be for the others; None after the last.

    Left out are labels that the version does not know, and pictures that it can't be shown. Raises NoModel or Busy.
    """
    work = asyncio.to_thread
    model, begun = service.predictor.model, perf_counter()
    called = await work(service.memory.classes.called, model.labels)
    page = await work(service.memory.browser.page, LOOKED, before, selection)
    known = [each for each in page.pictures if each.label in called]
    found: list[Disagreement] = []
    for first in range(0, len(known), AT_ONCE):
        some = known[first : first + AT_ONCE]
        with service.threads.place():
            limits = Limits.of(service.settings)
            shown = await service.threads.run(_shown, service.memory.content, some, model.preprocessing, limits)
        answer = await service.predictor.predict([model_input for _, model_input in shown])
        for (picture, _), prediction in zip(shown, answer.results, strict=True):
            if prediction.model is not model:
                return found, _place(picture, selection) + 1  # the next page asks the one that took over
            if called[prediction.best] == picture.label:
                continue
            found.append(_between(picture, prediction, called))
            if len(found) == limit:
                return found, _place(picture, selection)
        if perf_counter() - begun > LOOK_SECONDS:
            return found, _place(some[-1], selection)
    return found, page.next


def _place(picture: Picture, selection: Selection) -> int:
    """Where a picture is in the order of its list."""
    return (picture.suspect_id if selection.state is State.SUSPECT else None) or picture.id


def _shown(
    content: Content, pictures: Sequence[Picture], preprocessing: Preprocessing, limits: Limits
) -> list[tuple[Picture, Input]]:
    """What the model sees of each; without those whose file is lost, or has nothing to see in it."""
    found = []
    for picture in pictures:
        path = content.path("data", picture_path(picture.sha256))
        with suppress(OSError, PictureError):
            data = files.read_regular(path, PICTURE_LIMIT_BYTES, False)
            found.append((picture, preprocessing.read(data, limits)))
    return found


def _between(picture: Picture, prediction: Prediction, called: Sequence[str]) -> Disagreement:
    return Disagreement(
        picture,
        called[prediction.best],
        float(prediction.probabilities[prediction.best]),
        probability_of(picture.label or "", prediction, called),
        prediction.model.version,
    )
