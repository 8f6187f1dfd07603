"""The OpenAPI document names every call that there is, and what the service answers is what it says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from server.routes.examples import ANSWERS, EXAMPLES
from server.routes.jobs import NOTHING_NEW
from tests.calls import calls
from tests.digits import Digits
from tests.live import LiveServer


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Iterator[LiveServer]:
    """A server that knows some uploads, and a job that no trainer takes up."""
    with LiveServer(tmp_path_factory.mktemp("live"), "--trainer", "none") as server:
        files = [(f"{position}.png", digits.png(position)) for position in range(8)]
        labels = [str(digits.classes[position]) for position in range(8)]
        labels[0] = str((digits.classes[0] + 1) % 10)  # a suspect
        assert server.upload(files, labels).status_code == 201
        assert server.post("/retrain").status_code == 202
        yield server


@pytest.fixture(scope="module")
def document(live: LiveServer) -> dict[str, Any]:
    found: dict[str, Any] = live.get("/openapi.json").json()
    return found


def test_it_names_every_call_and_no_other(document: dict[str, Any]) -> None:
    assert {(method.upper(), path) for path, methods in document["paths"].items() for method in methods} == calls()


def test_references_lead_somewhere_and_are_valid_schemas(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert {name.rpartition("/")[2] for name in references(document)} <= set(schemas)


def test_every_body_of_json_has_an_example_that_may_be_sent(document: dict[str, Any]) -> None:
    shown = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None:
                schema = {"allOf": [body["schema"]], "components": document["components"]}
                jsonschema.validate(body["example"], schema, jsonschema.Draft202012Validator)
                shown += 1
                assert method in ("post", "put"), path
    assert shown == len(EXAMPLES)


def test_every_answer_of_json_has_an_example_that_may_come(document: dict[str, Any]) -> None:
    """But for this document's own."""
    shown, errors = set(), 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                told = answer["content"].get("application/json")
                if told is None or (path == "/openapi.json" and status != "default"):
                    continue
                schema = {"allOf": [told["schema"]], "components": document["components"]}
                jsonschema.validate(told["example"], schema, jsonschema.Draft202012Validator)
                if status == "default":
                    errors += 1
                else:
                    shown.add((method.upper(), path, int(status)))
    assert shown == set(ANSWERS)
    assert errors == len(calls())


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def check(document: dict[str, Any], method: str, path: str, status: int, content: object) -> None:
    answers = document["paths"][path][method]["responses"]
    answer = answers[str(status)] if str(status) in answers else answers["default"]
    schema = {"allOf": [answer["content"]["application/json"]["schema"]], "components": document["components"]}
    jsonschema.validate(content, schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "url",
    [
        *("/dataset", "/dataset/batches", "/dataset/images", "/dataset/images?split=suspect", "/retrain/jobs"),
        *("/retrain/jobs/1", "/models", "/models/0", "/health", "/livez", "/readyz", "/stats", "/openapi.json"),
        *("/v2", "/v2/", "/v2/health/live", "/v2/health/ready", "/v2/models/stats", "/v2/models/digits"),
        *("/v2/models/digits/ready", "/v2/models/digits/stats", "/v2/models/none/config"),
        *("/retrain/jobs/7", "/models?limit=0", "/dataset/images?split=none"),
        *("/samples", "/samples?why=none", "/samples?state=any&offset=1&limit=2", "/samples?offset=x"),
        *("/retrain/policy", "/retrain/policy/decisions", "/retrain/policy/decisions?limit=0"),
        *("/samples/accuracy", "/stats/days", "/stats/days?limit=401"),
        *("/models/at?time=2026-01-01", "/models/at?time=noon", "/m", "/m/digits", "/m/none"),
        *("/dataset/images?state=any&since=2026-01-01", "/dataset/images?state=none", "/dataset/images?until=noon"),
    ],
)
def test_answers_are_what_it_says(live: LiveServer, document: dict[str, Any], url: str) -> None:
    answer = live.get(url)
    path = url.partition("?")[0].replace("/v2/models/digits", "/v2/models/{name}").replace("/none/", "/{name}/")
    for known in document["paths"]:
        if path in document["paths"]:
            break
        head, _, parameter = known.rpartition("/")
        if (
            path not in document["paths"]
            and parameter.startswith("{")
            and path.startswith(head + "/")
            and path.count("/") == known.count("/")
        ):
            path = known
    check(document, "get", path, answer.status_code, answer.json())


def test_that_there_is_nothing_new_is_what_it_says(document: dict[str, Any]) -> None:
    check(document, "post", "/retrain", 200, NOTHING_NEW)


def test_what_serves_and_what_it_learned_from_is_what_it_says(live: LiveServer, document: dict[str, Any]) -> None:
    answer = live.get("/models/0/images")
    check(document, "get", "/models/{version}/images", answer.status_code, answer.json())
    answer = live.get("/models/at", params={"time": datetime.now(UTC).isoformat()})
    check(document, "get", "/models/at", answer.status_code, answer.json())
    assert answer.json()["model_version"] == "0"


def test_predictions_and_changes_are_what_it_says(live: LiveServer, document: dict[str, Any], digits: Digits) -> None:
    image = {"file": ("a.png", digits.png(20))}
    for answer in (
        live.post("/predict?include=input", files=image),
        live.post("/predict", content=digits.png(20)),
        live.post("/predict", content=b"no picture"),
    ):
        check(document, "post", "/predict", answer.status_code, answer.json())
    many = [("files", ("a.png", digits.png(21))), ("files", ("b.png", b"no picture"))]
    answer = live.post("/predict/batch", files=many)
    check(document, "post", "/predict/batch", answer.status_code, answer.json())
    answer = live.upload([("a.png", digits.png(22)), ("b.png", b"no picture")], [str(digits.classes[22]), "3"])
    check(document, "post", "/upload", answer.status_code, answer.json())
    for where in ({"batch": "2"}, {"batch": "999"}, {}):
        answer = live.post("/dataset/batches", json={"action": "remove", "where": where})
        check(document, "post", "/dataset/batches", answer.status_code, answer.json())
    picture = live.get("/dataset/images").json()["images"][0]["sha256"]
    answer = live.get(f"/dataset/images/{picture}/versions")
    check(document, "get", "/dataset/images/{sha256}/versions", answer.status_code, answer.json())
    answer = live.client.delete(f"{live.url}/dataset/images/{picture}")
    check(document, "delete", "/dataset/images/{sha256}", answer.status_code, answer.json())
    answer = live.client.delete(f"{live.url}/dataset/batches/1")
    check(document, "delete", "/dataset/batches/{batch}", answer.status_code, answer.json())
    answer = live.get("/dataset/images?state=removed")
    check(document, "get", "/dataset/images", answer.status_code, answer.json())
    answer = live.post("/retrain")
    check(document, "post", "/retrain", answer.status_code, answer.json())
    tensor = {
        "name": "image",
        "shape": [1, 28, 28, 1],
        "datatype": "UINT8",
        "data": digits.images[0].reshape(-1).tolist(),
    }
    for asked in ({"id": "7", "inputs": [tensor]}, {"id": "7", "inputs": []}):
        answer = live.post("/v2/models/digits/infer", json=asked)
        check(document, "post", "/v2/models/{name}/infer", answer.status_code, answer.json())
    for path, known in (("index", "index"), ("models/digits/load", "models/{name}/load")):
        answer = live.post(f"/v2/repository/{path}", json={})
        check(document, "post", f"/v2/repository/{known}", answer.status_code, answer.json())
    answer = live.post("/v2/repository/models/digits/unload")
    check(document, "post", "/v2/repository/models/{name}/unload", answer.status_code, answer.json())
    answer = live.post("/models/0/promote", json={"reason": "a test"})
    check(document, "post", "/models/{version}/promote", answer.status_code, answer.json())
