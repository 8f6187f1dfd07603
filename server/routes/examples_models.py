"""Answers of the calls about versions and how they come about, as a server gives them; examples.py has all of them."""

from server.routes.examples_shared import DIGITS, SHA256, TIME, done
from server.store.files import Json

_RESULT: dict[str, Json] = {
    "state": "published",
    "version": "3",
    "reason": None,
    "accuracy": 0.9945,
    "epochs": 5,
    "gate": {"passed": True},
}
_QUEUED: dict[str, Json] = {
    "job": "6",
    "state": "queued",
    "created_at": TIME,
    "by": "api",
    "options": {"epochs": 5},
    "decision": None,
    "progress": {},
    "result": None,
    "waits_for": {"job": "5", "model": "pets"},
}
_OVER: dict[str, Json] = _QUEUED | {"state": "published", "decision": 14, "result": _RESULT, "waits_for": None}
_POLICY: dict[str, Json] = {
    "policy": {
        "mode": "ask",
        "labels": 100,
        "on_alarm": True,
        "time_of_day": "03:00",
        "weekday": None,
        "quiet_minutes": 10,
        "cooldown_minutes": 60,
        "runs_a_day": 4,
        "refusals": 3,
        "shadow_minutes": 0,
        "canary_minutes": 0,
        "watch_minutes": 60,
    },
    "stopped": False,
    "proposal": None,
}
_DECISION: dict[str, Json] = {
    "decision": "8",
    "outcome": "proposed",
    "time": TIME,
    "last_time": TIME,
    "times": 1,
    "reasons": [
        {"code": "labels", "text": "120 new labels, at least 100", "figures": {"labels": 120, "at_least": 100}}
    ],
    "by": None,
    "job": None,
    "ended": None,
}
_SUMMARY: dict[str, Json] = {
    "version": "3",
    "current": True,
    "created_at": TIME,
    "bytes": 126018,
    "metrics": {"test": {"accuracy": 0.9945}},
    "gate": {"passed": True},
    "training": {"epochs": 5},
    "timing": None,
}
_MANIFEST: dict[str, Json] = {
    "schema": 1,
    "name": "digits",
    "version": "3",
    "created_at": TIME,
    "labels": DIGITS,
    "input": {"name": "image", "dtype": "uint8", "shape": ["N", 28, 28, 1]},
    "outputs": {"probabilities": {"dtype": "float32", "shape": ["N", 10]}},
    "preprocessing": {"mode": "digit", "height": 28, "width": 28, "channels": 1},
    "files": {
        "golden.npz": {"sha256": SHA256, "bytes": 3820},
        "model.onnx": {"sha256": SHA256, "bytes": 126018},
        "report/report.json": {"sha256": SHA256, "bytes": 9021},
    },
    "opset": 17,
}
_REPORT: dict[str, Json] = {name: _SUMMARY[name] for name in ("metrics", "training", "gate")}
_MOVE: dict[str, Json] = {"time": TIME, "from": "2", "to": "3", "kind": "published", "by": "job 6", "reason": ""}
_SERVED: dict[str, Json] = {
    "time": "2026-05-02T00:00:00.000+00:00",
    "model_version": "3",
    "since": TIME,
    "until": None,
    "kind": "promoted",
    "by": "api",
    "reason": "reads 7s with a bar better",
}


def _rollout(seen: str, progress: dict[str, Json], **more: Json) -> dict[str, Json]:
    """A version beside another; `seen` is what is counted of it."""
    return {
        "version": "3",
        "against": "2",
        "state": "running",
        "percent": 10.0,
        "minutes": 60.0,
        seen: 100,
        "started_at": TIME,
        "by": "api",
        "reason": "reads 7s with a bar better",
        "ended_at": None,
        "ended_by": None,
        "why": None,
        "progress": {"minutes": 12.5, **progress},
        **more,
    }


def _arm(seen: str, number: int) -> dict[str, Json]:
    return {seen: number, "p99_ms": 1.2, "labels": {"7": number}}


_SHADOW = _rollout(
    "pictures",
    {
        "shadow": _arm("pictures", 400),
        "current": _arm("pictures", 400),
        "changed": {"7 → 1": 4},
        "dropped": 0,
        "agreement": 0.99,
    },
    canary_minutes=0.0,
)
_CANARY = _rollout(
    "requests",
    {"canary": _arm("requests", 44), "current": _arm("requests", 391), "late": 0},
    watch_minutes=0.0,
)
_WATCH = _rollout("requests", {"current": _arm("requests", 402), "before": _arm("requests", 21)})
_ENDED: dict[str, Json] = {"state": "stopped", "ended_at": TIME, "ended_by": "api", "why": "ended by hand"}

MODELS: dict[tuple[str, str, int], Json] = {
    ("POST", "/retrain", 200): done(
        "Model retrained successfully",
        accuracy=0.9945,
        epochs=5,
        published=True,
        reason=None,
        model_version="3",
        job="6",
    ),
    ("POST", "/retrain", 202): done("Retraining has begun", job="6"),
    ("GET", "/retrain/policy", 200): _POLICY | {"proposal": _DECISION},
    ("PUT", "/retrain/policy", 200): _POLICY,
    ("POST", "/retrain/policy/resume", 200): _POLICY,
    ("GET", "/retrain/policy/decisions", 200): {"decisions": [_DECISION], "next": None},
    ("POST", "/retrain/policy/proposals/{proposal}/accept", 202): done("Retraining has begun", job="6"),
    ("POST", "/retrain/policy/proposals/{proposal}/dismiss", 200): done(
        "The proposal is dismissed; labels are counted from here on"
    ),
    ("GET", "/retrain/jobs", 200): {"jobs": [_OVER], "next": None, "waiting": "proposal"},
    ("GET", "/retrain/jobs/{job}", 200): _QUEUED,
    ("DELETE", "/retrain/jobs/{job}", 202): done("Job 6 is asked to stop", job=_QUEUED),
    ("GET", "/models", 200): {
        "name": "digits",
        "current": "3",
        "models": [_SUMMARY],
        "candidates": [],
        "shadow": None,
        "canary": None,
        "watch": _WATCH,
        "promotions": [_MOVE],
        "next": None,
    },
    ("GET", "/models/at", 200): _SERVED,
    ("GET", "/models/{version}", 200): _SUMMARY | {"manifest": _MANIFEST, "report": _REPORT},
    ("GET", "/models/{version}/images", 200): {
        "images": [{"sha256": SHA256, "split": "train", "label": "7", "batch": "12"}],
        "next": None,
    },
    ("POST", "/models/{version}/promote", 200): done("Version 3 serves", model_version="3", previous="2"),
    ("POST", "/models/{version}/promote", 202): done(
        "Version 3 was made current; workers take it over, unless another was meanwhile",
        model_version="3",
        previous="2",
    ),
    ("POST", "/models/{version}/shadow", 202): done(
        "Version 3 is asked of 10 % of the pictures for 60 minutes", shadow=_SHADOW
    ),
    ("GET", "/models/{version}/shadow", 200): _SHADOW,
    ("DELETE", "/models/{version}/shadow", 200): done("The shadow of version 3 has ended", shadow=_SHADOW | _ENDED),
    ("POST", "/models/{version}/canary", 202): done(
        "Version 3 answers 10 % of the requests for 60 minutes", canary=_CANARY
    ),
    ("GET", "/models/{version}/canary", 200): _CANARY,
    ("DELETE", "/models/{version}/canary", 200): done("The canary of version 3 has ended", canary=_CANARY | _ENDED),
    ("GET", "/models/{version}/watch", 200): _WATCH,
    ("DELETE", "/models/{version}/watch", 200): done("The watch of version 3 has ended", watch=_WATCH | _ENDED),
}
