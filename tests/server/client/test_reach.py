"""All that the service answers, a client can ask for: a call is some method's, or stands here with why it is none's."""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import httpx
import pytest

from server.client.calls import Options
from server.client.canaries import Asking, Trial, Watching
from server.client.client import Client
from server.client.errors import RelearnError
from server.client.policy import Parts
from server.command.main import relearn
from server.routes.described import CALLS
from server.store.options import CANARY, OPTIONS, SHADOW, WATCH
from server.store.policy import Policy

# Calls that no method sends, by the reason.
OTHERS = {
    "looked at and decided by hand, where the pictures are seen: on the page": """
        GET /dataset/batches, POST /dataset/batches, DELETE /dataset/batches/{batch}, GET /dataset/images,
        GET /dataset/images/{sha256}, DELETE /dataset/images/{sha256}, POST /dataset/images/{sha256}/accept,
        POST /dataset/images/{sha256}/reject, GET /samples/{sample}/picture, DELETE /samples/{sample}, DELETE /samples,
        GET /samples/accuracy, GET /classes, POST /classes""",
    "lineage and reports, which people read: on the page or in a browser": """
        GET /dataset/images/{sha256}/versions, GET /models/at, GET /models/{version}, GET /models/{version}/images,
        GET /models/{version}/report/{file}""",
    "in the zip that export_model has": "GET /models/{version}/model.onnx",
    "follow tells the same as it comes": """
        GET /retrain/jobs, GET /retrain/jobs/{job}, GET /retrain/jobs/{job}/log""",
    "a model is made once, by hand; a client is one model's, by its URL": """
        GET /m, POST /m, GET /m/{name}, DELETE /m/{name}""",
    "the page's figures, which a program has from Prometheus": "GET /stats, GET /stats/days",
    "of orchestrators, Prometheus and generators of clients": """
        GET /livez, GET /readyz, GET /metrics, GET /openapi.json""",
    "of the clients of KServe and Triton": """
        GET /v2, GET /v2/, GET /v2/health/live, GET /v2/health/ready, GET /v2/models/stats, GET /v2/models/{name},
        GET /v2/models/{name}/config, GET /v2/models/{name}/ready, GET /v2/models/{name}/stats,
        GET /v2/models/{name}/versions/{version}, GET /v2/models/{name}/versions/{version}/config,
        GET /v2/models/{name}/versions/{version}/ready, GET /v2/models/{name}/versions/{version}/stats,
        POST /v2/models/{name}/infer, POST /v2/models/{name}/versions/{version}/infer, POST /v2/repository/index,
        POST /v2/repository/models/{name}/load, POST /v2/repository/models/{name}/unload""",
    "of Label Studio": """
        GET /label-studio, GET /label-studio/, GET /label-studio/health, POST /label-studio/predict,
        POST /label-studio/setup, POST /label-studio/webhook""",
}
POLICY = {"policy": {"mode": "off"}, "stopped": False, "proposal": None}
ARGUMENTS: dict[str, Any] = {
    "picture": b"a picture",
    "pictures": [b"a picture"],
    "labels": ["7"],
    "words": [],
    "version": "{version}",
    "job": "{job}",
    "alarm": "{alarm}",
    "proposal": "{proposal}",
}


def arguments_of(method: Any, folder: Path) -> dict[str, Any]:
    """One for each parameter that has to be given."""
    needed = [
        name
        for name, each in inspect.signature(method).parameters.items()
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD
    ]
    given = ARGUMENTS | {"target": folder / "new.zip", "dataset": folder}
    return {name: given[name] for name in needed}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """The calls that all methods send."""
    folder = tmp_path_factory.mktemp("dataset")
    (folder / "7").mkdir()
    (folder / "7" / "a.png").write_bytes(b"a picture")
    found: set[tuple[str, str]] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        found.add((request.method, unquote(request.url.path)))
        if request.method == "GET" and request.url.path == "/retrain/policy":  # what is set is looked at first
            return httpx.Response(200, json=POLICY, headers={"ETag": '"1"'})
        return httpx.Response(400, json={"error": "no", "code": "malformed"})

    with Client("http://127.0.0.1:1", retries=0, transport=httpx.MockTransport(answer)) as client:
        for name, method in inspect.getmembers(client, inspect.ismethod):
            if not name.startswith("_") and name != "close":
                try:
                    answered = method(**arguments_of(method, folder))
                    if isinstance(answered, Iterator):
                        list(answered)
                except RelearnError:
                    continue
    return found


def test_every_call_is_some_methods_or_has_a_reason(sent: set[tuple[str, str]]) -> None:
    others = [call.strip() for calls in OTHERS.values() for call in calls.split(",")]
    asked = {f"{method} {path}" for method, path in sent}
    assert sorted([*asked, *others]) == sorted(f"{call.method} {call.path}" for call in CALLS)


@pytest.mark.parametrize(
    ("given", "known", "command"),
    [
        (Options, OPTIONS, "retrain"),
        (Asking, SHADOW, "shadow"),
        (Trial, CANARY, "canary"),
        (Watching, WATCH, "promote"),
        (Parts, Policy().as_json(), "policy set"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_whatever_a_call_may_be_told_client_and_command_take(
    given: type, known: Mapping[str, object], command: str
) -> None:
    assert given.__annotations__.keys() == known.keys()
    found: click.Command = relearn
    for word in command.split():
        assert isinstance(found, click.Group)
        found = found.commands[word]
    assert known.keys() <= {parameter.name for parameter in found.params}
