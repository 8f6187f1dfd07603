"""Answers of the calls about the service, its models and its protocols, as a server gives them; examples.py has all."""

from server.routes.examples_shared import DIGITS, PROBABILITIES, TIME, done
from server.store.files import Json

_MOVED: dict[str, Json] = {
    "of": "label",
    "label": "7",
    "at_most": None,
    "reference": 0.1,
    "now": 0.4,
    "answers": 400,
    "distance": 30.5,
}
_ALARM: dict[str, Json] = {
    "id": "2",
    "time": TIME,
    "version": "3",
    "since": TIME,
    "statistic": "label",
    "moved": [_MOVED],
}
_NAMED: dict[str, Json] = {
    "name": "digits",
    "default": True,
    "created_at": TIME,
    "model_version": "3",
    "versions": 3,
    "images": 52,
    "job": None,
}
_ANSWERED: dict[str, Json] = {"answers": 412, "confidence": 0.9871, "judged": 412, "unfamiliar": 0.0146}
_STUDIO: dict[str, Json] = {"status": "UP", "model_class": "Relearn", "model_version": "3"}
_SERVER: dict[str, Json] = {"name": "relearn", "version": "0.1.0", "extensions": ["binary_tensor_data"]}
_READY: dict[str, Json] = {"name": "digits", "ready": True}
_HEALTH: dict[str, Json] = {
    "status": "healthy",
    "version": "0.1.0",
    "uptime_seconds": 3600.5,
    "model_loaded": True,
    "model_version": "3",
    "labels": DIGITS,
    "problems": [],
    "drift": {"watching": True, "reason": None, "alarm": None},
    "retraining": None,
    "limits": {"body_limit_bytes": 33554432, "upload_limit_files": 1000, "queue_limit": 1024},
}
_NONE = "no model is loaded: 'digits' has no version yet"
_UNHEALTHY: dict[str, Json] = _HEALTH | {
    "status": "unhealthy",
    "model_loaded": False,
    "model_version": None,
    "labels": [],
    "problems": [_NONE],
    "drift": {"watching": False, "reason": "no model serves", "alarm": None},
}
_SPENT: dict[str, Json] = {"count": 412, "ns": 8240000}
_NEVER: dict[str, Json] = {"count": 0, "ns": 0}
_STATISTICS: dict[str, Json] = {
    "model_stats": [
        {
            "name": "digits",
            "version": "3",
            "last_inference": 1777636800000,
            "inference_count": 412,
            "execution_count": 97,
            "inference_stats": {
                "success": _SPENT,
                "queue": _SPENT,
                "compute_input": _SPENT,
                "compute_infer": _SPENT,
                "fail": _NEVER,
                "compute_output": _NEVER,
                "cache_hit": _NEVER,
                "cache_miss": _NEVER,
            },
            "response_stats": {},
            "batch_stats": [],
            "memory_usage": [],
        }
    ]
}
_METADATA: dict[str, Json] = {
    "name": "digits",
    "versions": ["0", "3"],
    "platform": "onnx_onnxv1",
    "inputs": [{"name": "image", "datatype": "UINT8", "shape": [-1, 28, 28, 1]}],
    "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}],
}
_CONFIG: dict[str, Json] = {
    "name": "digits",
    "platform": "onnxruntime_onnx",
    "backend": "onnxruntime",
    "max_batch_size": 1000,
    "input": [{"name": "image", "data_type": "TYPE_UINT8", "dims": [28, 28, 1]}],
    "output": [{"name": "probabilities", "data_type": "TYPE_FP32", "dims": [10]}],
    "dynamic_batching": {"preferred_batch_size": [32], "max_queue_delay_microseconds": 0},
    "default_model_filename": "model.onnx",
}
_INFERRED: dict[str, Json] = {
    "model_name": "digits",
    "model_version": "3",
    "id": "7",
    "outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [1, 10], "data": PROBABILITIES}],
}
_REGION: dict[str, Json] = {
    "from_name": "digit",
    "to_name": "image",
    "type": "choices",
    "value": {"choices": ["7"]},
    "score": 0.9876,
}
_OF_VERSION: dict[tuple[str, str, int], Json] = {
    ("GET", "", 200): _METADATA,
    ("GET", "/ready", 200): _READY,
    ("GET", "/ready", 503): _READY | {"ready": False, "error": _NONE},
    ("GET", "/config", 200): _CONFIG,
    ("GET", "/stats", 200): _STATISTICS,
    ("POST", "/infer", 200): _INFERRED,
}
_STATS: dict[str, Json] = {
    "worker": 4242,
    "workers": 1,
    "model_version": "3",
    "answers": {"labels": {"7": 412.0}, "confidence_at_most": {"0.99": 60.0, "+Inf": 412.0}, "unfamiliar": 6.0},
    "uptime_seconds": 3600.5,
    "workers_counted": 1,
    "queue": 0,
    "resident_bytes_now": 123392000,
    "bucket_seconds": 2,
    "reloads": {"success": 2, "failure": 0},
}

SERVICE: dict[tuple[str, str, int], Json] = {
    ("GET", "/v2", 200): _SERVER,
    ("GET", "/v2/", 200): _SERVER,
    ("GET", "/v2/health/live", 200): {"live": True},
    ("GET", "/v2/health/ready", 200): {"ready": True},
    ("GET", "/v2/health/ready", 503): {"ready": False, "error": _NONE},
    ("GET", "/v2/models/stats", 200): _STATISTICS,
    **{
        (method, f"/v2/models/{{name}}{under}{end}", status): answer
        for under in ("", "/versions/{version}")
        for (method, end, status), answer in _OF_VERSION.items()
    },
    ("POST", "/v2/repository/index", 200): [{"name": "digits", "version": "3", "state": "READY", "reason": ""}],
    ("POST", "/v2/repository/models/{name}/load", 200): {"name": "digits", "load": True, "model_version": "3"},
    ("GET", "/label-studio", 200): _STUDIO,
    ("GET", "/label-studio/", 200): _STUDIO,
    ("GET", "/label-studio/health", 200): _STUDIO,
    ("POST", "/label-studio/setup", 200): {"model_version": "3"},
    ("POST", "/label-studio/predict", 200): {
        "results": [{"model_version": "3", "score": 0.9876, "result": [_REGION]}],
        "model_version": "3",
        "errors": [],
    },
    ("POST", "/label-studio/webhook", 200): {"status": "ignored", "result": None, "reason": "Unknown event"},
    ("POST", "/label-studio/webhook", 201): {
        "status": "ok",
        "result": {"status": "stored", "batch": "16", "count": 1},
    },
    ("GET", "/health", 200): _HEALTH,
    ("GET", "/health", 503): _UNHEALTHY,
    ("GET", "/livez", 200): {"status": "alive"},
    ("GET", "/readyz", 200): {"status": "ready"},
    ("GET", "/stats", 200): _STATS,
    ("GET", "/stats/days", 200): {
        "days": [{"day": "2026-05-01", **_ANSWERED, "labels": [{"label": "7", **_ANSWERED}]}]
    },
    ("GET", "/drift", 200): {
        "watching": True,
        "reason": None,
        "began_at": TIME,
        "answers": 400,
        "distance": 30.5,
        "threshold": 20.74,
        "distances": [1.2, 30.5],
        "moved": [_MOVED],
        "model_version": "3",
        "alarm": _ALARM,
        "false_alarm_requests": 100000,
    },
    ("GET", "/drift/alarms/{alarm}", 200): _ALARM | {"samples": ["31"]},
    ("POST", "/drift/alarms/{alarm}/close", 200): done("The alarm is closed; the watch begins anew"),
    ("GET", "/m", 200): {"models": [_NAMED]},
    ("POST", "/m", 201): done(
        "Model 'pets' begins with 2 classes; upload pictures of each to /m/pets/upload",
        name="pets",
        classes=["cat", "dog"],
    ),
    ("GET", "/m/{name}", 200): _NAMED,
    ("DELETE", "/m/{name}", 200): done("Model 'pets' is deleted, with its versions, uploads and jobs"),
}
