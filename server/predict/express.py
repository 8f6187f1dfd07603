"""One small picture without a task: from the protocol's callback to the batcher, and from its answer to the socket.

Most requests to this service are one small picture that arrives whole. For those uvicorn's task, its ASGI messages and
their checks cost more than the model does (docs/hot-path.md has the figures). What is taken here gets the same checks,
record, headers and answer as on the long way through front.py and an endpoint; whatever is not of that shape, or is
wrong with it, is left to the long way, which then says so.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from time import perf_counter

import orjson

from server.pictures import image
from server.pictures.preprocessing import Input
from server.predict.answers import as_json, content_of, note, server_timing
from server.predict.endpoints import small_image_of
from server.serving.batcher import QueueFull, QueueTimeout
from server.serving.caller import Answer
from server.serving.prediction import Prediction
from server.serving.predictor import Predictor, busy
from server.settings import Settings
from server.web.access import CLIENT_LEFT, AccessLog, Record, RequestIds
from server.web.budget import Budget
from server.web.errors import PROBLEM, RequestError, refusal_of, told
from server.web.headers import SECURITY_LINES
from server.web.lane import Connection

# Refusals are given at most at this pace. Of clients that ask again at once there may be any number; a refusal costs
# a third of an answer, so unpaced they take all the time from those admitted (docs/hot-path.md).
REFUSALS_A_SECOND = 4500
REFUSAL_SECONDS = 0.005  # between turns of refusing

JSON = b"content-type: application/json\r\n"
_HEAD = b"content-length: %d\r\n%bx-request-id: %b\r\n" + SECURITY_LINES

logger = logging.getLogger("relearn")


class Refusals:
    """Those of a worker's lanes that find the queue full, told so at a pace."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._waiting: deque[Ride] = deque()
        self._given_until = 0.0  # perf_counter seconds up to which they were given at their pace

    def add(self, ride: "Ride") -> None:
        """Refuse a request, soon."""
        if not self._waiting:
            self._given_until = perf_counter()
            asyncio.get_running_loop().call_later(REFUSAL_SECONDS, self._give_some)
        self._waiting.append(ride)

    def _give_some(self) -> None:
        # By the clock: a busy loop comes late to its timers.
        due = min(int((perf_counter() - self._given_until) * REFUSALS_A_SECOND), len(self._waiting))
        self._given_until += due / REFUSALS_A_SECOND
        refusal = _in_bytes(busy(self._predictor.batcher.queue_full()))
        for _ in range(due):
            ride = self._waiting.popleft()
            if not ride.done():
                ride.respond(*refusal)
        if self._waiting:
            asyncio.get_running_loop().call_later(REFUSAL_SECONDS, self._give_some)


@dataclass(frozen=True)
class Shared:
    """What the lanes of a worker have in common."""

    settings: Settings
    predictor: Predictor
    log: AccessLog
    ids: RequestIds
    refusals: Refusals
    budget: Budget


class Express(ABC):
    """The lane (web/lane.py) for pictures that come to one path; one in each worker."""

    def __init__(self, path: str, shared: Shared) -> None:
        self._path = path
        self._body_limit_bytes = shared.settings.body_limit_bytes
        self._predictor = shared.predictor
        self._log = shared.log
        self._ids = shared.ids
        self._refusals = shared.refusals

    @abstractmethod
    def _read(self, headers: dict[bytes, bytes], body: bytes, predictor: Predictor) -> Input | None:
        """The picture; None, or whatever is raised, leaves the request to the long way."""

    @abstractmethod
    def content(self, prediction: Prediction, record: Record) -> tuple[bytes, bytes]:
        """An answer's own header lines, each ended, and its body."""

    def _asked(self) -> Predictor:
        """Who answers the next request."""
        return self._predictor

    def take(self, connection: Connection, headers: dict[bytes, bytes], body: bytes) -> "Ride | None":
        """Begin to answer a request; None if it has to go the long way, and then nothing was done."""
        started = perf_counter()
        if not is_plain(headers, body, self._body_limit_bytes):
            return None
        predictor = self._asked()
        if not predictor.room.has_room(1):  # first: refusing has to be cheap when there is much to refuse
            ride = self._ride(connection, headers, started)
            self._refusals.add(ride)
            return ride
        try:
            model_input = self._read(headers, body, predictor)
        except Exception:  # noqa: BLE001 - the long way meets it again and says what it is
            return None
        if model_input is None:
            return None
        ride = self._ride(connection, headers, started)
        ride.record.decode_seconds = perf_counter() - started
        predictor.batcher.submit_for(ride, (model_input,))
        return ride

    def _ride(self, connection: Connection, headers: dict[bytes, bytes], started: float) -> "PictureRide":
        record = record_of(self._path, connection, self._ids.of(headers), started)
        return PictureRide(self, connection, record, self._log)


class PredictExpress(Express):
    """POST /predict."""

    def __init__(self, path: str, shared: Shared) -> None:
        super().__init__(path, shared)
        self._image_limits = image.Limits.of(shared.settings)

    def _asked(self) -> Predictor:
        return self._predictor.chosen()

    def _read(self, headers: dict[bytes, bytes], body: bytes, predictor: Predictor) -> Input | None:
        data = small_image_of(headers.get(b"content-type", b""), body)
        return None if data is None else predictor.model.preprocessing.read(data, self._image_limits)

    def content(self, prediction: Prediction, record: Record) -> tuple[bytes, bytes]:
        return JSON + b"server-timing: %b\r\n" % server_timing(record), as_json(content_of(prediction))


class Ride(ABC):
    """One request on its way: the batcher takes it for a future."""

    __slots__ = ("_connection", "_is_over", "_log", "record")

    def __init__(self, connection: Connection, record: Record, log: AccessLog) -> None:
        self._connection = connection
        self.record = record
        self._log = log
        self._is_over = False

    def done(self) -> bool:
        """Whether no answer is wanted any more."""
        return self._is_over

    @abstractmethod
    def set_result(self, answer: Answer[Prediction]) -> None:
        """Answer with what the model said, or go on."""

    def set_exception(self, error: BaseException) -> None:
        """Answer with what went wrong."""
        if isinstance(error, QueueFull | QueueTimeout):
            self.refuse(busy(error))
        elif isinstance(error, RequestError):
            self.refuse(error)
        else:
            logger.error("request %s failed: POST %s", self.record.request_id, self.record.route, exc_info=error)
            self.refuse(told(error, self.record.request_id))

    def refuse(self, error: RequestError) -> None:
        """Answer with an error."""
        self.respond(*_in_bytes(error))

    def leave(self) -> None:
        """The client is gone: its row, if it still waits, is withdrawn."""
        if self._is_over:
            return
        self._is_over = True
        self._end(CLIENT_LEFT)

    def respond(self, status: int, headers: bytes, body: bytes) -> None:
        """Answer; `headers` beside those that every answer has, each line ended."""
        record = self.record
        head = _HEAD % (len(body), headers, record.request_id.encode())
        self._is_over = True
        self._connection.respond(status, head, body)
        self._end(status)

    def _end(self, status: int) -> None:
        self.record.status = status
        self.record.seconds = perf_counter() - self.record.started
        self._log.add(self.record)


class PictureRide(Ride):
    """One picture's."""

    __slots__ = ("_lane",)

    def __init__(self, lane: Express, connection: Connection, record: Record, log: AccessLog) -> None:
        super().__init__(connection, record, log)
        self._lane = lane

    def set_result(self, answer: Answer[Prediction]) -> None:
        """Answer with the prediction."""
        record = self.record
        note(record, answer)
        self.respond(200, *self._lane.content(answer.results[0], record))


def is_plain(headers: dict[bytes, bytes], body: bytes, limit_bytes: int) -> bool:
    """Whether a lane may answer: nothing is packed, or too large, and an error would have no form of its own."""
    if len(body) > limit_bytes or b"content-encoding" in headers:
        return False
    return PROBLEM not in headers.get(b"accept", b"")


def record_of(path: str, connection: Connection, request_id: str, started: float) -> Record:
    """Of a request to a lane's path."""
    return Record("POST", path.encode(), path, request_id, started, client=connection.client)


def _in_bytes(error: RequestError) -> tuple[int, bytes, bytes]:
    """An error's status, headers of its own, and body in the shape that all errors have."""
    status, code, headers = refusal_of(error)
    named = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items())
    return status, JSON + named.encode("latin-1"), orjson.dumps({"error": str(error), "code": code})
