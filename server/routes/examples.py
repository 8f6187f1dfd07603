"""Examples that the OpenAPI document shows: a body for each call that takes JSON, and each good answer that is JSON."""

from server.routes.examples_data import DATA
from server.routes.examples_models import MODELS
from server.routes.examples_service import SERVICE
from server.store.files import Json

_REASON = "reads 7s with a bar better"
_TENSOR: dict[str, Json] = {"name": "image", "shape": [1, 28, 28, 1], "datatype": "UINT8", "data": [0] * 784}
_STUDIO = (
    '<View><Image name="image" value="$image"/>'
    '<Choices name="digit" toName="image"><Choice value="7"/><Choice value="8"/></Choices></View>'
)

EXAMPLES: dict[str, Json] = {
    "/classes": {"add": "owl"},
    "/dataset/batches": {"action": "accept", "where": {"split": "train", "since": "2026-05-01"}},
    "/feedback": [{"request_id": "9f3c2a17", "label": "7"}, {"sample": "12", "skip": "none of these"}],
    "/label-studio/predict": {"tasks": [{"data": {"image": "/data/upload/1/seven.png"}}], "label_config": _STUDIO},
    "/label-studio/setup": {"schema": _STUDIO},
    "/label-studio/webhook": {"action": "ANNOTATION_CREATED", "annotation": {}, "task": {}, "project": {}},
    "/m": {"name": "pets", "classes": ["cat", "dog"]},
    "/models/{version}/canary": {"percent": 5, "minutes": 10, "watch_minutes": 60, "reason": _REASON},
    "/models/{version}/promote": {"watch_minutes": 60, "reason": _REASON},
    "/models/{version}/shadow": {"percent": 20, "minutes": 30, "canary_minutes": 10, "reason": _REASON},
    "/retrain": {"epochs": 5, "seed": 1},
    "/retrain/policy": {"mode": "auto", "labels": 100, "time_of_day": "03:00", "watch_minutes": 60},
    "/v2/models/{name}/infer": {"inputs": [_TENSOR]},
    "/v2/models/{name}/versions/{version}/infer": {"inputs": [_TENSOR]},
    "/v2/repository/index": {"ready": True},
    "/v2/repository/models/{name}/load": {"parameters": {"version": "3"}},
}

ANSWERS = DATA | MODELS | SERVICE  # by method, path and status
ERROR: Json = {"error": "the body is not JSON, or nested too deep; send an object such as {}", "code": "malformed"}
