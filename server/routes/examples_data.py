"""Answers of the calls about pictures, as a server gives them; examples.py has all of them."""

from server.routes.examples_shared import DIGITS, HOLDERS, PROBABILITIES, SHA256, TIME, done
from server.store.files import Json

_BATCH: dict[str, Json] = {"batch": "12", "created_at": TIME, "source": "scanner", "count": 10}
_ACCURACY: dict[str, Json] = {
    "answers": 60,
    "reviewed": 40,
    "right": 39,
    "skipped": 1,
    "held_out": 8,
    "accuracy": 0.975,
    "low": 0.871,
    "high": 0.996,
    "estimated_accuracy": 0.9887,
    "unfamiliar_share": 0.02,
    "estimate_is_valid": True,
}

_PREDICTION: dict[str, Json] = {
    "prediction": 7,
    "confidence": 0.9876,
    "probabilities": PROBABILITIES,
    "label": "7",
    "model_version": "3",
    "score": 0.74,
    "score_threshold": 0.12,
}
_SUSPECT: dict[str, Json] = {
    "sha256": SHA256,
    "label": "1",
    "batch": "12",
    "probability": 0.0004,
    "predicted": "7",
    "in_force": None,
    "doubted_by": "upload",
}
_FOUND: dict[str, Json] = {"file": "1/a.png", "sha256": SHA256, "label": "1", "probability": 0.0004, "predicted": "7"}
_IMAGE: dict[str, Json] = {
    "sha256": SHA256,
    "split": "train",
    "label": "7",
    "batch": "12",
    "created_at": TIME,
    "source": "scanner",
    "suspect": None,
}
_SAMPLE: dict[str, Json] = {
    "sample": "31",
    "why": "unsure",
    "probability": None,
    "created_at": TIME,
    "request_id": "9f3c2a17",
    "position": 0,
    "model_version": "3",
    "label": "7",
    "confidence": 0.5312,
    "margin": 0.1,
    "score": 0.3,
    "score_threshold": 0.12,
    "sha256": SHA256,
    "feedback": None,
    "reviewed": None,
    "skipped": None,
}
DATA: dict[tuple[str, str, int], Json] = {
    ("POST", "/predict", 200): _PREDICTION,
    ("POST", "/predict/batch", 200): {
        "model_version": "3",
        "predictions": [
            _PREDICTION,
            {"error": "not a picture this service reads; send the bytes of a file", "code": "unsupported_type"},
        ],
    },
    ("POST", "/upload", 201): done(
        "Uploaded 10 images successfully",
        count=10,
        batch="12",
        duplicates=["7/old.png"],
        suspects=[_FOUND],
        refused=[{"file": "7/notes.txt", "error": "not a picture this service reads", "code": "unsupported_type"}],
        passed_over=[{"file": ".DS_Store", "reason": "no picture"}],
    ),
    ("GET", "/classes", 200): {
        "classes": [{"name": "cat", "uploads": 40, "lacking": 0}, {"name": "owl", "uploads": 4, "lacking": 8}],
        "changes": [{"batch": "13", "created_at": TIME, "action": "add", "name": "owl", "becomes": None}],
        "version": "3",
        "version_labels": ["cat"],
        "advice": "8 more of 'owl' and a version can be trained",
    },
    ("POST", "/classes", 201): done(
        "Class 'owl' is added: upload pictures of it, and retrain; DELETE /dataset/batches/13 undoes it",
        classes=["cat", "dog", "owl"],
        batch="13",
    ),
    ("GET", "/dataset", 200): {
        "labels": DIGITS,
        "lacking": {},
        "advice": None,
        "base": {"fit": {"0": 5033, "1": 5730}},
        "uploads": {"train": {"0": 12, "7": 31}, "test": {"7": 8}},
        "count": 52,
        "decision": 14,
        "suspects_count": 1,
        "suspects": [_SUSPECT],
        "batches_count": 1,
        "batches": [_BATCH],
        "quota": {"images": 52, "bytes": 15820, "images_limit": 100000, "bytes_limit": 4294967296},
    },
    ("GET", "/dataset/batches", 200): {"batches": [_BATCH], "next": None},
    ("POST", "/dataset/batches", 201): done(
        "The label of 3 images is accepted; DELETE /dataset/batches/14 undoes it",
        count=3,
        batch="14",
        unchanged=0,
        held_by=HOLDERS,
    ),
    ("DELETE", "/dataset/batches/{batch}", 200): done(
        "Batch 12 is removed; the next retraining is without it; version 3 still holds it", held_by=HOLDERS
    ),
    ("GET", "/dataset/images", 200): {"images": [_IMAGE, _IMAGE | {"label": None, "suspect": _SUSPECT}], "next": 51},
    ("DELETE", "/dataset/images/{sha256}", 200): done(
        "The image is removed; version 3 still holds it", held_by=HOLDERS
    ),
    ("GET", "/dataset/images/{sha256}/versions", 200): {
        "sha256": SHA256,
        "learned": [{"version": "3", "label": "7"}],
        "judged": [],
        "descended": ["4"],
    },
    ("POST", "/dataset/images/{sha256}/accept", 200): done("The label is accepted"),
    ("POST", "/dataset/images/{sha256}/reject", 200): done("The label is rejected"),
    ("GET", "/samples", 200): {"samples": [_SAMPLE], "next": None, "count": 1, "kept": 48, "collecting": True},
    ("DELETE", "/samples", 200): done("48 samples removed", count=48),
    ("GET", "/samples/accuracy", 200): _ACCURACY
    | {"versions": [{"model_version": "3", **_ACCURACY}], "days": [{"day": "2026-05-01", **_ACCURACY}]},
    ("DELETE", "/samples/{sample}", 200): done("The sample is removed"),
    ("POST", "/feedback", 200): done(
        "1 heard", batches=["15"], results=[{"sample": "31", "request_id": "9f3c2a17", "status": "stored"}]
    ),
}
