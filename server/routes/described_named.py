"""The calls about the models of the service; described.py has the others, which are also those of /m/{name}/…"""

from server.routes.bodies import NEW_MODEL
from server.routes.call import Call
from server.routes.kinds import TEXT, WHOLE, every, maybe, record, ref

ONE = record(
    name=TEXT,
    default={"type": "boolean", "description": "the paths without /m/{name} mean this one"},
    created_at=TEXT,
    model_version=maybe(TEXT),
    versions=WHOLE | {"description": "that are kept, the one that ships not among them"},
    images=WHOLE,
    job=maybe(TEXT) | {"description": "that is open"},
)
NAMED = (
    Call(
        "GET", "/m", "The models; each has all calls of this document under /m/{name}", {200: record(models=every(ONE))}
    ),
    Call(
        "POST",
        "/m",
        "Make a model that begins from nothing: a name, and two classes or more",
        {201: record(message=TEXT, name=TEXT, classes=every(TEXT))},
        body=NEW_MODEL,
        once=True,
    ),
    Call("GET", "/m/{name}", "One model", {200: ONE}),
    Call("DELETE", "/m/{name}", "Delete a model with its versions, uploads and jobs, for ever", {200: ref("Done")}),
)
