"""What answers look like, as JSON Schema for the OpenAPI document; tests hold real answers to it."""

from server.routes.kinds import ANYTHING, NUMBER, OBJECT, TEXT, WHOLE, Schema, every, maybe, record, ref

_PREDICTION = {
    "prediction": WHOLE | {"description": "index of the most probable class"},
    "confidence": NUMBER | {"description": "its probability, calibrated"},
    "probabilities": every(NUMBER),
    "label": TEXT,
    "model_version": TEXT,
    "score": NUMBER | {"description": "0 to 1, how far the answer may be believed; under score_threshold it may not"},
    "score_threshold": maybe(NUMBER),
    "input": TEXT | {"description": "with ?include=input: the picture that the model saw, as a data URL"},
}
_TENSOR = record(
    ("data", "parameters"),
    name=TEXT,
    datatype=TEXT,
    shape=every(WHOLE),
    data={"type": "array"},
    parameters=maybe(OBJECT),
)
_VERSION = {
    "version": TEXT,
    "current": {"type": "boolean"},
    "created_at": TEXT,
    "bytes": WHOLE,
    "metrics": ANYTHING,
    "gate": ANYTHING,
    "training": ANYTHING,
    "timing": ANYTHING,
    "problem": TEXT,
}

SCHEMAS: dict[str, Schema] = {
    "Error": record(
        error=TEXT | {"description": "a sentence for a person"}, code=TEXT | {"description": "a word for a program"}
    ),
    "Prediction": record(("score", "score_threshold", "input"), **_PREDICTION),
    "Suspect": record(
        sha256=TEXT,
        label=TEXT,
        batch=TEXT,
        probability=NUMBER,
        predicted=TEXT,
        in_force=maybe(TEXT),
        doubted_by={"enum": ["upload", "training"]},
    ),
    "Image": record(
        ("answer",),
        sha256=TEXT,
        split=TEXT,
        label=maybe(TEXT),
        batch=maybe(TEXT),
        created_at=TEXT | {"description": "time of the batch that it is where it is for"},
        source=TEXT | {"description": "of that batch"},
        suspect=maybe(ref("Suspect")),
        answer=record(
            label=TEXT,
            confidence=NUMBER,
            probability=NUMBER | {"description": "of the label in force"},
            model_version=TEXT,
        )
        | {"description": "of the version that serves, where it was asked whether it disagrees"},
    ),
    "Classes": record(
        classes=every(
            record(
                name=TEXT,
                uploads=WHOLE,
                lacking=WHOLE | {"description": "pictures without which no version can be trained"},
            )
        ),
        changes=every(
            record(batch=TEXT, created_at=TEXT, action=TEXT, name=TEXT, becomes=maybe(TEXT))
            | {"description": "that stand; DELETE /dataset/batches/{batch} undoes one"}
        ),
        version=maybe(TEXT),
        version_labels=every(TEXT) | {"description": "what that version answers, which may be older than the classes"},
        advice=maybe(TEXT),
    ),
    "Sample": record(
        sample=TEXT,
        why=TEXT | {"description": "it was kept: random, unsure, unfamiliar, shadow"},
        probability=maybe(NUMBER) | {"description": "that any answer of its hour had to be a random sample"},
        created_at=TEXT,
        request_id=TEXT | {"description": "X-Request-ID of the answer"},
        position=WHOLE | {"description": "among the answers of that request"},
        model_version=TEXT | {"description": "that answered"},
        label=TEXT | {"description": "that it answered, as its class is called now"},
        confidence=NUMBER,
        margin=NUMBER | {"description": "between the two most probable labels"},
        score=maybe(NUMBER),
        score_threshold=maybe(NUMBER),
        sha256=TEXT | {"description": "of the picture that the model saw"},
        feedback=maybe(TEXT) | {"description": "the label that it had, as somebody told by the request"},
        reviewed=maybe(TEXT) | {"description": "the label that it has, as somebody said who looked at it"},
        skipped=maybe(TEXT) | {"description": "why somebody who looked at it gave no label"},
    ),
    "Word": record(
        sample=TEXT,
        request_id=TEXT,
        status={"enum": ["stored", "unchanged", "suspect", "skipped", "waiting"]},
    ),
    "Batch": record(batch=TEXT, created_at=TEXT, source=TEXT, count=WHOLE),
    "Job": record(
        job=TEXT,
        state=TEXT | {"description": "queued, where it is, or how it ended: published, refused, failed, cancelled"},
        created_at=TEXT,
        by=TEXT,
        options={"type": "object"},
        decision=maybe(WHOLE) | {"description": "number of the newest decision that it learns from"},
        progress=maybe({"type": "object"}),
        result=maybe({"type": "object"}),
        waits_for=maybe(record(job=TEXT, model=TEXT)) | {"description": "of one that is queued: what is trained first"},
    ),
    "Version": record(("problem",), **_VERSION),
    "Served": record(
        time=TEXT,
        model_version=maybe(TEXT) | {"description": "that served then; null: none"},
        since=maybe(TEXT) | {"description": "the move that brought it there; null before the first of all"},
        until=maybe(TEXT) | {"description": "the move that followed; null: it is there"},
        **dict.fromkeys(("kind", "by", "reason"), maybe(TEXT)),
    ),
    "Uploaded": record(
        message=TEXT,
        count=WHOLE | {"description": "images that are stored new"},
        batch=maybe(TEXT),
        duplicates=every(TEXT),
        suspects=every(record(file=TEXT, sha256=TEXT, label=TEXT, probability=NUMBER, predicted=TEXT)),
        refused=every(record(file=TEXT, error=TEXT, code=TEXT)),
        passed_over=every(record(file=TEXT, reason=TEXT))
        | {"description": "of a dataset, what is none of its pictures"},
    ),
    "Retrained": record(
        message=TEXT,
        accuracy=maybe(NUMBER),
        epochs=maybe(WHOLE),
        published={"type": "boolean"},
        reason=maybe(TEXT),
        model_version=maybe(TEXT),
        job=TEXT,
    ),
    "InferRequest": {
        "type": "object",
        "properties": {
            "id": maybe(TEXT),
            "parameters": maybe(OBJECT),
            "inputs": every(_TENSOR) | {"minItems": 1, "maxItems": 1},
            "outputs": maybe(every({"type": "object", "properties": {"name": TEXT}, "required": ["name"]})),
        },
        "required": ["inputs"],
    },
    "InferResponse": record(("id",), model_name=TEXT, model_version=TEXT, id=TEXT, outputs=every(_TENSOR)),
    "ModelMetadata": record(
        name=TEXT, versions=every(TEXT), platform=TEXT, inputs=every(_TENSOR), outputs=every(_TENSOR)
    ),
    "ModelStatistics": record(model_stats=every({"type": "object"})),
    "Health": {
        "type": "object",
        "properties": {
            "status": {"enum": ["healthy", "degraded", "unhealthy"]},
            "version": TEXT | {"description": "of the service; `model_version` is the model's"},
            "uptime_seconds": NUMBER,
            "model_loaded": {"type": "boolean"},
            "model_version": maybe(TEXT),
            "labels": every(TEXT),
            "problems": every(TEXT),
            "retraining": maybe(record(job=TEXT, state=TEXT)),
            "drift": record(watching={"type": "boolean"}, reason=maybe(TEXT), alarm=maybe({"type": "object"})),
        },
        "required": ["status", "version", "uptime_seconds", "model_loaded", "model_version", "labels", "problems"],
    },
    "Done": record(message=TEXT),
    "Removed": record(message=TEXT, held_by=ref("Holders")),
    "Holders": record(
        learned=every(TEXT) | {"description": "versions that learned from what was removed or changed, as it was"},
        descended=every(TEXT) | {"description": "versions that went on from the weights of one that did"},
    ),
    "Heirs": record(
        sha256=TEXT,
        learned=every(record(version=TEXT, label=TEXT)),
        judged=every(record(version=TEXT, label=TEXT)),
        descended=every(TEXT),
    ),
}
