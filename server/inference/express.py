"""POST …/infer without a task, where it is one picture's pixels and nothing else, or many in binary (many.py)."""

import numpy as np

from server.inference.answering import answered
from server.inference.coding import WORTH_BYTES
from server.inference.many import LINES, ManyExpress
from server.inference.request import Asked, all_outputs, pixels
from server.models.model import Model
from server.pictures.preprocessing import Input
from server.predict.answers import server_timing
from server.predict.express import Express, Ride, Shared
from server.serving.prediction import Prediction
from server.serving.predictor import Predictor
from server.web.access import Record
from server.web.lane import Connection

LABELS_LIMIT = WORTH_BYTES // 8  # of more the answer may be worth packing


class TensorExpress(Express):
    """What serves, asked under its name as Inference-Header-Content-Length: 0 says it."""

    def __init__(self, path: str, shared: Shared) -> None:
        super().__init__(path, shared)
        self._name = shared.settings.name
        self._many = ManyExpress(path, shared)
        self._told: tuple[Model, bytes] | None = None  # the JSON before an answer's values, of who answered last

    def take(self, connection: Connection, headers: dict[bytes, bytes], body: bytes) -> Ride | None:
        is_full = not self._predictor.room.has_room(1)  # which is told at a pace, whatever was asked
        if is_full or headers.get(b"inference-header-content-length") == b"0":
            return super().take(connection, headers, body)
        return self._many.take(connection, headers, body)

    def _read(self, headers: dict[bytes, bytes], body: bytes, predictor: Predictor) -> Input | None:
        model = predictor.model
        if len(model.labels) > LABELS_LIMIT:
            return None
        return pixels(body, model.preprocessing.shape)

    def content(self, prediction: Prediction, record: Record) -> tuple[bytes, bytes]:
        model = prediction.model
        if self._told is None or self._told[0] is not model:
            self._told = model, self._json(prediction)
        json = self._told[1]
        values = {"probabilities": prediction.probabilities, "score": prediction.score}
        tensors = [np.asarray(values[name], "<f4").tobytes() for name in model.manifest.outputs]
        return LINES % (len(json), server_timing(record)), b"".join((json, *tensors))

    def _json(self, prediction: Prediction) -> bytes:
        wanted = Asked((), all_outputs(prediction.model.manifest, binary=True))
        whole = answered(self._name, wanted, [prediction])
        return whole.body[: whole.header_bytes]
