"""Every call of the protocol and of the extensions that are spoken here, with what an answer has to be.

From kserve/open-inference-protocol (specification/protocol/inference_rest.md) and triton-inference-server/server
(docs/protocol/extension_*.md).
"""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import NamedTuple

from tests.conformance.server import Answer, Server

Ask = Callable[[Server], Answer]
IsRight = Callable[[Answer, Server], bool]


class Call(NamedTuple):
    """One question, what the specification says of it, and whether an answer is that."""

    name: str
    says: str
    ask: Ask
    is_right: IsRight


def get(path: str) -> Ask:
    return lambda server: server.ask("GET", path.format(model=server.model))


def has(*names: str, status: int = 200) -> IsRight:
    """Of that status, an object with these fields."""
    return lambda answer, _: (
        answer.status == status and isinstance(answer.json, dict) and set(names) <= set(answer.json)
    )


def is_error(answer: Answer, _: Server) -> bool:
    return 400 <= answer.status < 500 and isinstance(answer.json, dict) and isinstance(answer.json.get("error"), str)


def is_answer(answer: Answer, server: Server) -> bool:
    """All outputs of the model, with their values in the JSON."""
    if not has("model_name", "outputs")(answer, server):
        return False
    told = {each["name"]: each for each in answer.json["outputs"]}
    return set(told) == set(server.outputs) and all("data" in each for each in told.values())


def is_binary(answer: Answer, server: Server) -> bool:
    """All outputs of the model, with their values behind the JSON."""
    if not has("outputs")(answer, server):
        return False
    sizes = [each["parameters"]["binary_data_size"] for each in answer.json["outputs"]]
    return len(sizes) == len(server.outputs) and sum(sizes) == len(answer.binary)


def _binary_input(server: Server) -> dict[str, object]:
    return {"inputs": [{**server.input, "parameters": {"binary_data_size": server.values.nbytes}}]}


def _classified(server: Server) -> Answer:
    wanted = [{"name": server.outputs[0], "parameters": {"classification": 2}}]
    return server.infer(server.request(outputs=wanted))


def _are_classes(answer: Answer, server: Server) -> bool:
    if not has("outputs")(answer, server):
        return False
    output = answer.json["outputs"][0]
    return output["datatype"] == "BYTES" and all(text.count(":") >= 1 for text in output["data"])


def _packed(server: Server, coding: str) -> Answer:
    body = json.dumps(server.request()).encode()
    content = gzip.compress(body) if coding == "gzip" else zlib.compress(body)
    return server.infer(content, b"", **{"Content-Encoding": coding})


def _of_version(server: Server) -> Answer:
    return server.ask("POST", f"{server.model}/versions/{(server.versions or ['1'])[-1]}/infer", server.request())


METADATA = ("name", "platform", "inputs", "outputs")
CALLS = (
    Call("GET /v2", "200 {name, version, extensions}", get("/v2"), has("name", "version", "extensions")),
    Call("GET /v2/health/live", "200 {live}", get("/v2/health/live"), has("live")),
    Call("GET /v2/health/ready", "200 {ready}, or {live} by the text", get("/v2/health/ready"), has("ready")),
    Call("GET /v2/models/{m}", "200 {name, versions?, platform, inputs, outputs}", get("{model}"), has(*METADATA)),
    Call("GET /v2/models/{m}/ready", "200 {name, ready}", get("{model}/ready"), has("name", "ready")),
    Call("GET /v2/models/none", "4xx {error}", get("/v2/models/none"), is_error),
    Call("GET /v2/models/{m}/versions/none", "4xx {error}", get("{model}/versions/none"), is_error),
    Call("POST …/infer, data flat", "200, all outputs", lambda server: server.infer(server.request()), is_answer),
    Call(
        "POST …/infer, data nested",
        "200, all outputs",
        lambda server: server.infer(server.request(server.values.tolist())),
        is_answer,
    ),
    Call("POST …/versions/{v}/infer", "200, of that version", _of_version, is_answer),
    Call(
        "POST …/infer with an id",
        "200 {id}, the same",
        lambda server: server.infer(server.request(id="42")),
        lambda answer, server: is_answer(answer, server) and answer.json["id"] == "42",
    ),
    Call(
        "POST …/infer, parameters nobody knows",
        "200: a server may have its own",
        lambda server: server.infer(server.request(parameters={"mine": 1.5})),
        is_answer,
    ),
    Call(
        "POST …/infer, one output wanted",
        "200, that output",
        lambda server: server.infer(server.request(outputs=[{"name": server.outputs[0]}])),
        lambda answer, server: (
            has("outputs")(answer, server) and [each["name"] for each in answer.json["outputs"]] == server.outputs[:1]
        ),
    ),
    Call(
        "POST …/infer, an output that is not there",
        "4xx {error}",
        lambda server: server.infer(server.request(outputs=[{"name": "none"}])),
        is_error,
    ),
    Call("POST …/infer, too few data", "4xx {error}", lambda server: server.infer(server.request([0])), is_error),
    Call("POST …/infer, no inputs", "4xx {error}", lambda server: server.infer({"inputs": []}), is_error),
    Call("POST …/infer, no JSON", "4xx {error}", lambda server: server.infer(b"no JSON"), is_error),
    Call(
        "POST …/infer, binary data in",
        "200, all outputs as JSON",
        lambda server: server.infer(_binary_input(server), server.values.tobytes()),
        is_answer,
    ),
    Call(
        "POST …/infer, binary_data_output",
        "200, all outputs behind the JSON",
        lambda server: server.infer(server.request(parameters={"binary_data_output": True})),
        is_binary,
    ),
    Call(
        "POST …/infer, binary data too short",
        "4xx {error}",
        lambda server: server.infer(_binary_input(server), server.values.tobytes()[:-1]),
        is_error,
    ),
    Call(
        "POST …/infer, raw body (header length 0)",
        "200, all outputs behind the JSON",
        lambda server: server.infer(server.values.tobytes(), b"", **{"Inference-Header-Content-Length": "0"}),
        is_binary,
    ),
    Call("POST …/infer, gzip", "200, all outputs", lambda server: _packed(server, "gzip"), is_answer),
    Call("POST …/infer, deflate", "200, all outputs", lambda server: _packed(server, "deflate"), is_answer),
    Call("POST …/infer, classification", "200, BYTES value:index:label", _classified, _are_classes),
    Call("GET /v2/models/{m}/config", "200, a ModelConfig", get("{model}/config"), has("name", "input", "output")),
    Call("GET /v2/models/stats", "200 {model_stats}", get("/v2/models/stats"), has("model_stats")),
    Call("GET /v2/models/{m}/stats", "200 {model_stats}", get("{model}/stats"), has("model_stats")),
    Call(
        "POST /v2/repository/index",
        "200, a list of {name, version, state, reason}",
        lambda server: server.ask("POST", "/v2/repository/index", {}),
        lambda answer, _: answer.status == 200 and {"name", "version", "state", "reason"} <= set(answer.json[0]),
    ),
    Call(
        "POST /v2/repository/models/{m}/load",
        "200, or an error",
        lambda server: server.ask("POST", f"/v2/repository/models/{server.name}/load", {}),
        lambda answer, _: answer.status == 200,
    ),
    Call(
        "POST /v2/repository/models/{m}/unload",
        "200, or 4xx {error}",
        lambda server: server.ask("POST", f"/v2/repository/models/{server.name}/unload", {}),
        lambda answer, server: answer.status == 200 or is_error(answer, server),
    ),
)
