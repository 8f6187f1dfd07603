"""POST /predict without a task: from the protocol's callback to the batcher, and from its answer to the socket.

Most requests to this service are one small picture that arrives whole. For those uvicorn's task, its ASGI messages and
their checks cost more than the model does (docs/hot-path.md has the figures). What is taken here gets the same checks,
record, headers and answer as on the long way through front.py and PredictEndpoint; whatever is not of that shape, or is
wrong with it, is left to the long way, which then says so.
"""

import asyncio
import logging
from collections import deque
from time import perf_counter

import orjson

from server.pictures import image
from server.predict.answers import as_json, content_of, note, server_timing
from server.predict.endpoints import small_image_of
from server.serving.batcher import Answer, QueueTimeout
from server.serving.prediction import Prediction
from server.serving.predictor import Predictor, busy
from server.settings import Settings
from server.web.access import CLIENT_LEFT, AccessLog, Record, RequestIds
from server.web.errors import PROBLEM, RequestError, refusal_of, told
from server.web.headers import SECURITY_LINES
from server.web.lane import Connection

# Refusals are given at most at this pace. Of clients that ask again at once there may be any number; a refusal costs
# a third of an answer, so unpaced they take all the time from those admitted (docs/hot-path.md).
REFUSALS_A_SECOND = 4500
REFUSAL_SECONDS = 0.005  # between turns of refusing

_HEAD = b"content-type: application/json\r\ncontent-length: %d\r\n%bx-request-id: %b\r\n" + SECURITY_LINES

logger = logging.getLogger("relearn")


class Express:
    """The lane (web/lane.py) for POST /predict; one in each worker."""

    path = b"/predict"

    def __init__(self, settings: Settings, predictor: Predictor, log: AccessLog, ids: RequestIds) -> None:
        self._body_limit_bytes = settings.body_limit_bytes
        self._image_limits = image.Limits.of(settings)
        self._predictor = predictor
        self._log = log
        self._ids = ids
        self._refused: deque[Ride] = deque()
        self._refused_until = 0.0  # perf_counter seconds up to which refusals were given at their pace

    def take(self, connection: Connection, headers: dict[bytes, bytes], body: bytes) -> "Ride | None":
        """Begin to answer a POST /predict; None if it has to go the long way, and then nothing was done."""
        started = perf_counter()
        if len(body) > self._body_limit_bytes or b"content-encoding" in headers:
            return None
        if PROBLEM in headers.get(b"accept", b""):
            return None
        predictor = self._predictor
        if predictor.draw is not None:
            predictor = predictor.draw()
        if not predictor.room.has_room(1):  # first: refusing has to be cheap when there is much to refuse
            ride = self._ride(connection, headers, started)
            self._refuse_later(ride)
            return ride
        try:
            data = small_image_of(headers.get(b"content-type", b""), body)
            if data is None:
                return None
            model_input = predictor.model.preprocessing.read(data, self._image_limits)
        except Exception:  # noqa: BLE001 - the long way meets it again and says what it is
            return None
        ride = self._ride(connection, headers, started)
        ride.record.decode_seconds = perf_counter() - started
        predictor.batcher.submit_for(ride, (model_input,))
        return ride

    def _ride(self, connection: Connection, headers: dict[bytes, bytes], started: float) -> "Ride":
        record = Record("POST", b"/predict", "/predict", self._ids.of(headers), started, client=connection.client)
        return Ride(connection, record, self._log)

    def _refuse_later(self, ride: "Ride") -> None:
        if not self._refused:
            self._refused_until = perf_counter()
            asyncio.get_running_loop().call_later(REFUSAL_SECONDS, self._refuse_some)
        self._refused.append(ride)

    def _refuse_some(self) -> None:
        # By the clock: a busy loop comes late to its timers.
        due = min(int((perf_counter() - self._refused_until) * REFUSALS_A_SECOND), len(self._refused))
        self._refused_until += due / REFUSALS_A_SECOND
        refusal = _in_bytes(busy(self._predictor.batcher.queue_full()))
        for _ in range(due):
            ride = self._refused.popleft()
            if not ride.done():
                ride.respond(*refusal)
        if self._refused:
            asyncio.get_running_loop().call_later(REFUSAL_SECONDS, self._refuse_some)


class Ride:
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

    def set_result(self, answer: Answer[Prediction]) -> None:
        """Answer with the prediction."""
        record = self.record
        note(record, answer)
        timing = b"server-timing: %b\r\n" % server_timing(record)
        self.respond(200, timing, as_json(content_of(answer.results[0])))

    def set_exception(self, error: BaseException) -> None:
        """Answer with what went wrong."""
        if isinstance(error, QueueTimeout):
            self.refuse(busy(error))
        elif isinstance(error, RequestError):
            self.refuse(error)
        else:
            logger.error("request %s failed: POST /predict", self.record.request_id, exc_info=error)
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
        """Answer with JSON; `headers` beside those that every answer has, each line ended."""
        record = self.record
        head = _HEAD % (len(body), headers, record.request_id.encode())
        self._is_over = True
        self._connection.respond(status, head, body)
        self._end(status)

    def _end(self, status: int) -> None:
        self.record.status = status
        self.record.seconds = perf_counter() - self.record.started
        self._log.add(self.record)


def _in_bytes(error: RequestError) -> tuple[int, bytes, bytes]:
    """An error's status, headers of its own, and body in the shape that all errors have."""
    status, code, headers = refusal_of(error)
    named = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items())
    return status, named.encode("latin-1"), orjson.dumps({"error": str(error), "code": code})
