"""POST …/infer without a task, where it is pixels in binary and so are the answers: see predict/express.py.

It goes into the queue in pieces, as on the long way (inferring.py), so that others find room there.
"""

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np

from server.inference.answering import answered
from server.inference.asking import asked, header_bytes_in
from server.inference.inferring import INLINE_BYTES, TRIES, is_copied, piece_limit, restless
from server.inference.request import Asked
from server.predict.answers import note_course, server_timing
from server.predict.express import Ride, Shared, is_plain, record_of
from server.serving.caller import Answer
from server.serving.prediction import Prediction, joined, versions_of
from server.serving.predictor import Predictor
from server.web.access import AccessLog, Record
from server.web.budget import Share
from server.web.errors import Malformed
from server.web.lane import Connection

LINES = (
    b"content-type: application/octet-stream\r\ninference-header-content-length: %d\r\nserver-timing: %b\r\n"  # of JSON
)


class ManyExpress:
    """The lane (web/lane.py) for tensors of what serves; whatever else comes is left to the long way."""

    def __init__(self, path: str, shared: Shared) -> None:
        self._path = path
        self._settings = shared.settings
        self._predictor = shared.predictor
        self._log = shared.log
        self._ids = shared.ids
        self._budget = shared.budget

    def take(self, connection: Connection, headers: dict[bytes, bytes], body: bytes) -> "ManyRide | None":
        """Begin to answer a request; None if it has to go the long way, and then nothing was done."""
        started = perf_counter()
        if b"accept-encoding" in headers or not is_plain(headers, body, self._settings.body_limit_bytes):
            return None
        try:
            json_bytes = header_bytes_in(headers)
        except Malformed:
            return None
        if json_bytes is None or not 0 < json_bytes <= INLINE_BYTES:
            return None
        predictor = self._predictor

        def read() -> Asked:
            return asked(body, json_bytes, predictor.model.manifest, self._settings.upload_limit_files)

        try:
            wanted = read()
            limit = piece_limit(predictor.model)
        except Exception:  # noqa: BLE001 - the long way meets it again and says what it is
            return None
        images = wanted.images
        if not isinstance(images, np.ndarray) or not is_copied(wanted, len(images) * len(predictor.model.labels)):
            return None
        if not predictor.room.has_room(min(len(images), limit)) or len(body) > self._budget.left_bytes:
            return None
        record = record_of(self._path, connection, self._ids.of(headers), started)
        record.decode_seconds = perf_counter() - started
        share = Share(self._budget)
        share.take(len(body))
        ride = ManyRide(connection, record, self._log, self._settings.name, predictor, read, share)
        ride.begin(wanted)
        return ride


class ManyRide(Ride):
    """Many pictures', of which one piece waits or runs at a time."""

    __slots__ = ("_asked", "_found", "_name", "_placed", "_predictor", "_read", "_share", "_tries")

    def __init__(
        self,
        connection: Connection,
        record: Record,
        log: AccessLog,
        name: str,
        predictor: Predictor,
        read: Callable[[], Asked],
        share: Share,
    ) -> None:
        """`name` is the model's; `read` says what is asked, of the version that serves then; `share` is its body's."""
        super().__init__(connection, record, log)
        self._name = name
        self._predictor = predictor
        self._read = read
        self._share = share
        self._tries = 0

    def begin(self, wanted: Asked) -> None:
        """Queue the first piece of what is asked; raises QueueFull."""
        self._tries += 1
        self._asked = wanted
        self._placed = 0
        self._found: list[Answer[Prediction]] = []
        self._go_on()

    def set_result(self, answer: Answer[Prediction]) -> None:
        """Go on with the next piece, or answer; from the beginning, if another version took over meanwhile."""
        note_course(self.record, answer)
        self._found.append(answer)
        try:
            if self._placed < len(self._asked.images):
                self._go_on()
            else:
                self._end_with(joined([each.results for each in self._found]))
        except Exception as error:  # noqa: BLE001 - it is this request's, and not the others' in the batch
            self.set_exception(error)

    def _end(self, status: int) -> None:
        self._share.give_back()
        super()._end(status)

    def _go_on(self) -> None:
        images = self._asked.images
        assert isinstance(images, np.ndarray)
        piece = images[self._placed : self._placed + piece_limit(self._predictor.model)]
        self._placed += len(piece)
        self._predictor.batcher.submit_for(self, piece)

    def _end_with(self, results: Sequence[Prediction]) -> None:
        if len(versions_of(results)) == 1:
            self.record.answers = results
            whole = answered(self._name, self._asked, results)
            self.respond(200, LINES % (whole.header_bytes or 0, server_timing(self.record)), whole.body)
        elif self._tries < TRIES:
            self.begin(self._read())
        else:
            raise restless()
