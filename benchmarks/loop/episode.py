"""The steps of an episode against a running server, as people and programs take them: over HTTP.

Each answer carries the id of its request, by which the one who tells the story knows what the picture truly showed: so
it labels like a person who looks, and says what the server can only estimate.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import httpx
import numpy as np
from numpy.typing import NDArray

from benchmarks.loop.world import Sent, World
from benchmarks.mnist import Digits, thinned
from benchmarks.reading import read_back
from benchmarks.service import client, images
from export.verify import outputs_in_batches
from server.models.model import Model
from server.store.manifest import Manifest

CONNECTIONS = 4
RATE = 100  # requests a second: a canary at 5 % has its hundred within 20 seconds
PATIENCE_SECONDS = 1800.0  # a bound: a trainer has the lowest priority
WORDS = 100  # in one call
BATCH = 250  # pictures at once, to judge

Content = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What one request was answered."""

    sent: Sent
    status: int
    label: str
    version: str
    request_id: str

    @property
    def is_right(self) -> bool:
        return self.label == self.sent.label


class Episode:
    """One server and its world."""

    def __init__(self, url: str, world: World) -> None:
        self.world = world
        self.rate = RATE
        self.answers: list[Answer] = []  # all, in the order in which they came
        self.failures = Counter[str]()  # by the code of their error; `lost` are those without an answer
        self._truth: dict[str, Sent] = {}  # by request id
        self._taught: set[int] = set()  # places of digits that were told what they are
        self._untold: list[Answer] = []
        self._address = str(httpx.URL(url).host), int(httpx.URL(url).port or 80)
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Content:
        content: Content = self._http.get(path, params=query).raise_for_status().json()
        return content

    def call(self, method: str, path: str, content: object = None) -> Content:
        told: Content = self._http.request(method, path, json=content).raise_for_status().json()
        return told

    def until(self, look: Callable[[], T | None], new: float, tells: bool = False) -> T:
        """Look until there is something; meanwhile people write, that share in the new pen, and tell what it was."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := look()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not come within {PATIENCE_SECONDS:g} s")
            before = self._untold
            self._untold = self.predict(self.rate, new)
            if tells:
                self._tell(before)  # whose samples are stored by now
        return found

    def predict(self, number: int, new: float = 0.0) -> list[Answer]:
        """At most so many pictures, each in a request of its own, for as long as that takes at `rate`.

        A second at a time: a connection that is opened and not used is closed by the server, as a slow one.
        """
        return [
            each for first in range(0, number, self.rate) for each in self._piece(min(self.rate, number - first), new)
        ]

    def _piece(self, number: int, new: float) -> list[Answer]:
        sent = self.world.writes(number, new)
        requests = [
            client.Request(images.raw_request("/predict", b"image/png", images.as_file(each.image[..., None])), b"{")
            for each in sent
        ]
        run = client.load(self._address, requests, CONNECTIONS, number / self.rate, self.rate, keeps_answers=True)
        answers = [_answer(sent[each.request], each) for each in run.samples]
        self.failures += Counter(_code(each) for each in run.samples if each.status != httpx.codes.OK)
        self.failures += Counter(lost=run.lost)
        self.answers += answers
        self._truth |= {each.request_id: each.sent for each in answers}
        return answers

    @property
    def failed(self) -> int:
        return self.failures.total()

    def right(self, version: str, is_new: bool) -> tuple[int, int]:
        """Of that version's answers to digits that nobody had labelled: how many were right, and how many there are."""
        asked = [
            each.is_right
            for each in self.answers
            if (each.version, each.sent.is_new) == (version, is_new) and each.sent.place not in self._taught
        ]
        return sum(asked), len(asked)

    def doubtful(self) -> int:
        """How many wait in the queue that were not drawn by chance."""
        return sum(int(self.get("/samples", why=why)["count"]) for why in ("unsure", "unfamiliar"))

    def review(self, number: int, why: str | None = None) -> tuple[list[Content], int]:
        """Label the first so many of the queue, as somebody who sees what they show; the samples, and how many of
        these labels the model found nearly impossible, so that they were looked at again, and accepted."""
        query: dict[str, str | int] = {"limit": number} | ({} if why is None else {"why": why})
        samples: list[Content] = self.get("/samples", **query)["samples"]
        told = [self._said({"sample": each["sample"]}, self._truth[each["request_id"]]) for each in samples]
        return samples, self._feedback(told)

    def is_new(self, sample: Content) -> bool:
        return self._truth[sample["request_id"]].is_new

    def _tell(self, answers: Sequence[Answer]) -> None:
        """What pictures were, by the ids of their requests; of those that are no samples the server knows nothing."""
        self._feedback([self._said({"request_id": each.request_id}, each.sent) for each in answers])

    def _said(self, what: Content, sent: Sent) -> Content:
        self._taught.add(sent.place)
        return what | {"label": sent.label}

    def _feedback(self, words: Sequence[Content]) -> int:
        """Say it, and accept what was doubted; how many were."""
        suspects = 0
        for first in range(0, len(words), WORDS):
            told = self.call("POST", "/feedback", words[first : first + WORDS])
            doubted = [each for each in told["results"] if each.get("status") == "suspect"]
            for batch in told["batches"] if doubted else ():
                where = {"batch": batch, "state": "suspect"}
                self.call("POST", "/dataset/batches", {"action": "accept", "where": where})
            suspects += len(doubted)
        return suspects

    def upload(self, pictures: Sequence[Sent], source: str) -> Content:
        files = [("files", (f"{each.place}.png", images.as_file(each.image[..., None]))) for each in pictures]
        data = {"labels": [each.label for each in pictures], "source": source}
        content: Content = self._http.post("/upload", files=files, data=data).raise_for_status().json()
        return content

    def ended(self, version: str, role: str) -> Content | None:
        """How a shadow, a canary or a watch of a version has ended; None while it goes on or is yet to come."""
        response = self._http.get(f"/models/{version}/{role}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        content: Content = response.raise_for_status().json()
        return None if content["state"] == "running" else content

    def judged(self, version: str, digits: Digits) -> dict[str, NDArray[np.bool_]]:
        """Which of these digits (N,) a version reads rightly, plain and in the new pen.

        It is asked here, as the server gives it away and by the server's own reading of files: what the server itself
        answers would be traffic, and samples of it.
        """
        manifest = Manifest.from_json(json.dumps(self.get(f"/models/{version}")["manifest"]).encode())
        model = Model(manifest, self._http.get(f"/models/{version}/model.onnx").raise_for_status().content)
        return {
            name: _right(model, pictures, digits)
            for name, pictures in (("plain", digits.images), ("new", thinned(digits.images)))
        }


def _answer(sent: Sent, sample: client.Sample) -> Answer:
    head, _, body = sample.answer.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])
    content = json.loads(body)
    return Answer(
        sent, sample.status, content.get("label", ""), content.get("model_version", ""), headers["x-request-id"]
    )


def _code(sample: client.Sample) -> str:
    return str(json.loads(sample.answer.partition(b"\r\n\r\n")[2])["code"])


def _right(model: Model, pictures: NDArray[np.uint8], digits: Digits) -> NDArray[np.bool_]:
    read, usable = read_back([images.as_file(each[..., None]) for each in pictures], model.preprocessing)
    answers = np.where(usable, outputs_in_batches(model, read, BATCH)[0].argmax(axis=1), -1)
    return np.asarray(answers == digits.classes)
