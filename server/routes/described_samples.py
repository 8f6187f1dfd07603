"""The calls about kept predictions, and what they showed; described.py has the others."""

from server.routes.bodies import WORDS
from server.routes.call import Call
from server.routes.kinds import NUMBER, PAGED, PLACE, TEXT, TIME, WHOLE, every, maybe, page, record, ref
from server.store.sample import Why

ACCURACY = {
    "answers": WHOLE | {"description": "random samples that there are"},
    "reviewed": WHOLE | {"description": "of these, that count: looked at in their turn"},
    "right": WHOLE | {"description": "of these"},
    "skipped": WHOLE | {"description": "looked at in their turn, and none of the labels"},
    "held_out": WHOLE | {"description": "of the reviewed, those whose uploads are held out when they come"},
    "accuracy": maybe(NUMBER) | {"description": "weighted by how many answers each stands for"},
    "low": maybe(NUMBER) | {"description": "Wilson's interval for 95 %"},
    "high": maybe(NUMBER),
    "estimated_accuracy": maybe(NUMBER) | {"description": "mean calibrated confidence of all random samples"},
    "unfamiliar_share": maybe(NUMBER) | {"description": "of them, with a score under its threshold"},
    "estimate_is_valid": maybe({"type": "boolean"}) | {"description": "false while many scores are low"},
}
SAMPLES = (
    Call(
        "GET",
        "/samples",
        "Predictions that were kept (--collect), those first whose label teaches most; of any state: newest first",
        {200: page("samples", ref("Sample"), count=WHOLE, kept=WHOLE, collecting={"type": "boolean"})},
        {
            "limit": PAGED["limit"],
            "offset": PLACE | {"description": "`next` of the page before"},
            "why": {"enum": list(Why)},
            "state": {"enum": ["waiting", "any"], "default": "waiting"},
        },
    ),
    Call(
        "DELETE",
        "/samples",
        "Remove all samples, or those of before a time",
        {200: record(message=TEXT, count=WHOLE)},
        {"until": TIME},
    ),
    Call(
        "GET",
        "/samples/accuracy",
        "How often the service was right, by the random samples that were reviewed in turn",
        {
            200: record(
                **ACCURACY,
                versions=every(record(model_version=TEXT, **ACCURACY)),
                days=every(record(day=TEXT, **ACCURACY)),
            )
        },
    ),
    Call("GET", "/samples/{sample}/picture", "What the model saw", {200: None}, media_type="image/png"),
    Call("DELETE", "/samples/{sample}", "Remove one", {200: ref("Done")}),
    Call(
        "POST",
        "/feedback",
        "What kept predictions showed: an upload each. One object, or an array with a result or an error for each",
        {200: record(message=TEXT, batches=every(TEXT), results=every({"anyOf": [ref("Word"), ref("Error")]}))},
        body=WORDS,
        once=True,
    ),
)
