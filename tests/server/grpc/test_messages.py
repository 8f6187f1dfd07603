"""The messages are those of the protocol, field by field, as code that others generated from it has them."""

from typing import Any

import pytest
from tritonclient.grpc import service_pb2

from server.grpc.messages import HEALTH, INFERENCE, parsed
from server.web.errors import Malformed

# What kserve/open-inference-protocol has at 1.0 and Triton's form of it has not.
OF_KSERVE = {("properties", 6, "string")}


def fields(message: Any) -> set[tuple[object, ...]]:
    """What a message is on the wire, and in JSON."""
    return {
        (f.name, f.number, f.type, f.is_repeated, f.message_type.full_name if f.message_type else None, _oneof(f))
        for f in message.fields
    }


def _oneof(field: Any) -> str | None:
    return field.containing_oneof.name if field.containing_oneof else None


def check_same(ours: Any, theirs: Any) -> None:
    """Two messages have the same fields, and those within them; ours may have KServe's as well."""
    assert ours.full_name == theirs.full_name
    own = fields(ours) - fields(theirs)
    assert fields(theirs) <= fields(ours)
    assert {(name, number, "string") for name, number, *_ in own} <= OF_KSERVE
    inner = [each for each in ours.nested_types if each.name in theirs.nested_types_by_name]
    assert len(inner) + len(own) == len(ours.nested_types)
    for each in inner:
        assert each.GetOptions().map_entry == theirs.nested_types_by_name[each.name].GetOptions().map_entry
        check_same(each, theirs.nested_types_by_name[each.name])


def test_every_message_of_the_six_calls_is_the_protocol_s() -> None:
    methods = ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer")
    assert set(INFERENCE) == {f"{name}{end}" for name in methods for end in ("Request", "Response")} | {
        "InferParameter",
        "InferTensorContents",
    }
    for name, kind in INFERENCE.items():
        check_same(kind.DESCRIPTOR, service_pb2.DESCRIPTOR.message_types_by_name[name])


def test_a_message_is_the_same_bytes_on_both_sides() -> None:
    request = service_pb2.ModelInferRequest(model_name="digits", id="é", raw_input_contents=[b"\x00\xff"])
    request.parameters["a"].double_param = 0.1
    request.parameters["b"].uint64_param = 2**64 - 1
    request.inputs.add(name="image", shape=[1, -1]).contents.fp32_contents.append(0.5)
    found = parsed(INFERENCE["ModelInferRequest"], request.SerializeToString())
    assert found.SerializeToString(deterministic=True) == request.SerializeToString(deterministic=True)
    assert (found.id, found.parameters["b"].uint64_param, [*found.inputs[0].shape]) == ("é", 2**64 - 1, [1, -1])


def test_the_status_of_health_is_on_the_wire_what_an_enum_is() -> None:
    assert HEALTH["HealthCheckResponse"](status=2).SerializeToString() == b"\x08\x02"
    assert parsed(HEALTH["HealthCheckRequest"], b"\x0a\x01x").service == "x"
    with pytest.raises(Malformed, match="HealthCheckRequest"):
        parsed(HEALTH["HealthCheckRequest"], b"\x0a")
