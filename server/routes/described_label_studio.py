"""The calls that Label Studio makes; described.py has the others."""

from server.routes.call import Call
from server.routes.kinds import ANYTHING, NUMBER, OBJECT, TEXT, WHOLE, every, form, maybe, record

UP = record(status=TEXT, model_class=TEXT, model_version=maybe(TEXT))
REGION = record(from_name=TEXT, to_name=TEXT, type=TEXT, value=OBJECT, score=NUMBER)
SAID = record(model_version=TEXT, score=NUMBER, result=every(REGION))
FAULT = record(task=ANYTHING, position=WHOLE, error=TEXT, code=TEXT)
STORED = record(
    ("reason",), status=TEXT, reason=TEXT, result=maybe(record(status=TEXT, batch=maybe(TEXT), count=WHOLE))
)
LABEL_STUDIO = (
    *(
        Call("GET", path, "Whether the backend lives, for Label Studio", {200: UP})
        for path in ("/label-studio", "/label-studio/", "/label-studio/health")
    ),
    Call(
        "POST",
        "/label-studio/setup",
        "Whether a project is a classification of pictures",
        {200: record(model_version=maybe(TEXT))},
        body={"application/json": form([], project=ANYTHING, schema=maybe(TEXT))},
    ),
    Call(
        "POST",
        "/label-studio/predict",
        "A prediction for each task, or none and the reason among the errors",
        {200: record(model_version=TEXT, results=every({"anyOf": [SAID, every(OBJECT)]}), errors=every(FAULT))},
        body={"application/json": form(["tasks", "label_config"], tasks=every(OBJECT), label_config=TEXT)},
    ),
    Call(
        "POST",
        "/label-studio/webhook",
        "An annotation becomes an upload; other events are told why they are ignored",
        dict.fromkeys((200, 201), STORED),
        body={"application/json": form([], action=ANYTHING, annotation=ANYTHING, task=ANYTHING, project=ANYTHING)},
    ),
)
