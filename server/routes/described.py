"""Every call of the service: what it is for, what it takes, what it answers. openapi.py makes the document of it."""

from server.routes.bodies import AGAINST, CHANGE, CONDITIONS, PICTURE, PICTURES, RETRAIN, REVISION, UPLOAD
from server.routes.call import Call
from server.routes.described_canaries import CANARIES
from server.routes.described_drift import DRIFT
from server.routes.described_label_studio import LABEL_STUDIO
from server.routes.described_named import NAMED
from server.routes.described_policy import POLICY, STARTED
from server.routes.described_samples import SAMPLES
from server.routes.kinds import (
    ANYTHING,
    FILE,
    FLAG,
    NUMBER,
    PAGED,
    TEXT,
    TIME,
    WHOLE,
    every,
    form,
    maybe,
    page,
    record,
    ref,
)
from server.store.days import DAYS_LIMIT

GUARDED = (  # by a key
    *("/upload", "/dataset", "/classes", "/samples", "/feedback", "/retrain", "/models", "/m"),
    *("/v2/models/{name}/versions", "/v2/repository", "/label-studio/setup", "/label-studio/predict"),
    "/label-studio/webhook",
)
NOTHING_NEW = record(message=TEXT, published={"const": False}, reason=TEXT, job={"type": "null"})
ANSWERED = {
    "answers": WHOLE,
    "confidence": NUMBER | {"description": "their mean"},
    "judged": WHOLE | {"description": "of these, by a version that tells what is unlike its pictures"},
    "unfamiliar": maybe(NUMBER) | {"description": "share of the judged"},
}

NAME, READY = "/v2/models/{name}", record(("error", "name"), name=TEXT, ready={"type": "boolean"}, error=TEXT)
TENSORS = {"application/json": ref("InferRequest"), "application/octet-stream": FILE}
OF_MODEL = (
    ("GET", "", "What it takes and gives", {200: ref("ModelMetadata")}),
    ("GET", "/ready", "Whether it can be asked", {200: READY, 503: READY}),
    ("GET", "/config", "The same in the form of Triton's ModelConfig", {200: ANYTHING}),
    ("GET", "/stats", "What it answered since the start", {200: ref("ModelStatistics")}),
    (
        "POST",
        "/infer",
        "Tensors in, tensors out; JSON, or JSON with binary data behind it",
        {200: ref("InferResponse")},
    ),
)
INFERENCE = (
    *(Call("GET", path, "The server, by the Open Inference Protocol", {200: ANYTHING}) for path in ("/v2", "/v2/")),
    Call("GET", "/v2/health/live", "Whether the process lives", {200: record(live={"type": "boolean"})}),
    Call("GET", "/v2/health/ready", "Whether it can be asked", {200: READY, 503: READY}),
    Call("GET", "/v2/models/stats", "What every version answered since the start", {200: ref("ModelStatistics")}),
    *(
        Call(method, path + end, f"{text}: {whose}", answers, body=TENSORS if end == "/infer" else {})
        for path, whose in ((NAME, "the version that serves"), (f"{NAME}/versions/{{version}}", "one version"))
        for method, end, text, answers in OF_MODEL
    ),
    Call(
        "POST",
        "/v2/repository/index",
        "Every version and its state",
        {200: every(record(name=TEXT, version=TEXT, state=TEXT, reason=TEXT))},
        body={"application/json": form([], ready=FLAG)},
    ),
    Call(
        "POST",
        "/v2/repository/models/{name}/load",
        "Make the version in its parameters serve, or verify the current one",
        {200: record(name=TEXT, load={"type": "boolean"}, model_version=TEXT)},
        body={"application/json": form([], parameters=record(("version",), version=maybe(TEXT)))},
    ),
    Call("POST", "/v2/repository/models/{name}/unload", "Refused: what serves is never unloaded", {}),
)

CALLS = (
    Call(
        "POST", "/predict", "Classify one picture", {200: ref("Prediction")}, {"include": {"enum": ["input"]}}, PICTURE
    ),
    Call(
        "POST",
        "/predict/batch",
        "Classify many pictures; an answer or an error for each, in order",
        {200: record(model_version=TEXT, predictions=every({"anyOf": [ref("Prediction"), ref("Error")]}))},
        body=PICTURES,
    ),
    Call(
        "POST",
        "/upload",
        "Store labelled pictures, or a zip of them in folders; the source `correction` says that a person looked",
        {201: ref("Uploaded")},
        body=UPLOAD,
        once=True,
    ),
    Call("GET", "/classes", "The classes, and how many pictures each has and lacks", {200: ref("Classes")}),
    Call(
        "POST",
        "/classes",
        "Begin a model from nothing, or add, rename, merge or remove a class, which is undone as a batch",
        {201: record(message=TEXT, classes=every(TEXT), batch=maybe(TEXT))},
        body=CHANGE,
        once=True,
    ),
    Call("GET", "/dataset", "Counts, quota, the newest suspects and batches", {200: ANYTHING}),
    Call("GET", "/dataset/batches", "Uploads, newest first", {200: page("batches", ref("Batch"))}, PAGED),
    Call(
        "POST",
        "/dataset/batches",
        "Relabel, accept, reject or put aside many pictures by one decision, which is undone as a batch",
        {201: record(message=TEXT, count=WHOLE, batch=TEXT, unchanged=WHOLE, held_by=ref("Holders"))},
        body=REVISION,
        once=True,
    ),
    Call("DELETE", "/dataset/batches/{batch}", "Undo an upload, or a decision on many", {200: ref("Removed")}),
    Call(
        "GET",
        "/dataset/export",
        "The labelled uploads as a zip of folders, with what is known of each in metadata.csv",
        {200: None},
        CONDITIONS,
        media_type="application/zip",
    ),
    Call(
        "GET",
        "/dataset/images",
        "Uploaded pictures, newest first; or those that speak against their label",
        {200: page("images", ref("Image"))},
        PAGED | CONDITIONS | AGAINST,
    ),
    Call("GET", "/dataset/images/{sha256}", "One picture", {200: None}, media_type="image/png"),
    Call("DELETE", "/dataset/images/{sha256}", "Remove a picture", {200: ref("Removed")}),
    Call("GET", "/dataset/images/{sha256}/versions", "The versions that have something of it", {200: ref("Heirs")}),
    Call("POST", "/dataset/images/{sha256}/accept", "A suspect's label is right", {200: ref("Done")}),
    Call("POST", "/dataset/images/{sha256}/reject", "A suspect's label is wrong", {200: ref("Done")}),
    *SAMPLES,
    Call(
        "POST",
        "/retrain",
        "Train a new version; with ?wait=true the answer is how that ended",
        {200: {"anyOf": [ref("Retrained"), NOTHING_NEW, ref("Done")]}, 202: STARTED},
        {"wait": FLAG},
        RETRAIN,
        once=True,
    ),
    *POLICY,
    Call(
        "GET",
        "/retrain/jobs",
        "Retrainings, newest first, and what of the policy waits for a word",
        {200: page("jobs", ref("Job"), waiting=maybe({"enum": ["proposal", "stopped"]}))},
        PAGED,
    ),
    Call("GET", "/retrain/jobs/{job}", "One retraining", {200: ref("Job")}),
    Call("DELETE", "/retrain/jobs/{job}", "Cancel it", {202: record(message=TEXT, job=ref("Job"))}),
    Call("GET", "/retrain/jobs/{job}/log", "What its trainer printed", {200: None}, media_type="text/plain"),
    Call("GET", "/retrain/jobs/{job}/events", "Its progress, resumable", {200: None}, media_type="text/event-stream"),
    Call(
        "GET",
        "/models",
        "Versions, newest first, with the newest candidates and moves",
        {
            200: page(
                "models",
                ref("Version"),
                name=TEXT,
                current=maybe(TEXT),
                canary=maybe(ref("Canary")),
                watch=maybe(ref("Watch")),
                shadow=maybe(ref("Shadow")),
                candidates=every({}),
                promotions=every({}),
            )
        },
        PAGED,
    ),
    Call(
        "GET",
        "/models/at",
        "The version that served at a time, and the move that brought it there",
        {200: ref("Served")},
        {"time": TIME | {"description": "as RFC 3339 has it; UTC where it names no zone"}},
        must=("time",),
    ),
    Call("GET", "/models/{version}", "One version: manifest and report", {200: ANYTHING}),
    Call(
        "GET",
        "/models/{version}/images",
        "The uploads that it was given to learn from (train) and to be judged by (test), newest first",
        {200: page("images", record(sha256=TEXT, split=TEXT, label=TEXT, batch=TEXT))},
        PAGED,
    ),
    Call("GET", "/models/{version}/model.onnx", "Its model", {200: None}, media_type="application/octet-stream"),
    Call(
        "GET",
        "/models/{version}/archive",
        "All of its files as a zip, with its card",
        {200: None},
        media_type="application/zip",
    ),
    Call("GET", "/models/{version}/report/{file}", "A file of its report", {200: None}, media_type="*/*"),
    *CANARIES,
    *INFERENCE,
    *LABEL_STUDIO,
    Call("GET", "/health", "How the service is", {200: ref("Health"), 503: ref("Health")}),
    Call("GET", "/livez", "Whether the process lives", {200: record(status=TEXT)}),
    Call("GET", "/readyz", "Whether it can answer predictions", {200: record(status=TEXT)}),
    Call("GET", "/metrics", "Figures for Prometheus", {200: None}, media_type="text/plain"),
    Call("GET", "/stats", "The last minutes, for the page", {200: ANYTHING}),
    Call(
        "GET",
        "/stats/days",
        "What the model answered on each day of UTC, newest first; the last minute may not be in it yet",
        {200: record(days=every(record(day=TEXT, **ANSWERED, labels=every(record(label=maybe(TEXT), **ANSWERED)))))},
        {"limit": WHOLE | {"minimum": 1, "maximum": DAYS_LIMIT}},
    ),
    *DRIFT,
    *NAMED,
    Call("GET", "/openapi.json", "This document", {200: ANYTHING}),
)
