"""The messages, as open_inference_grpc.proto of kserve/open-inference-protocol and grpc.health.v1 have them.

There is no generated code: what a line says is what a .proto would say, and the classes are made of it at import.
"""

import re
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from server.web.errors import Malformed

_TENSOR = "string name = 1, string datatype = 2, repeated int64 shape = 3"
_FILLED = f"{_TENSOR}, map<string, InferParameter> parameters = 4, InferTensorContents contents = 5"
_ASKED = "string name = 1, string version = 2"

# Message: its fields; or Message / oneof: all of its fields.
_INFERENCE = f"""
ServerLiveRequest:
ServerLiveResponse: bool live = 1
ServerReadyRequest:
ServerReadyResponse: bool ready = 1
ModelReadyRequest: {_ASKED}
ModelReadyResponse: bool ready = 1
ServerMetadataRequest:
ServerMetadataResponse: string name = 1, string version = 2, repeated string extensions = 3
ModelMetadataRequest: {_ASKED}
ModelMetadataResponse: string name = 1, repeated string versions = 2, string platform = 3, \
repeated ModelMetadataResponse.TensorMetadata inputs = 4, repeated ModelMetadataResponse.TensorMetadata outputs = 5, \
map<string, string> properties = 6
ModelMetadataResponse.TensorMetadata: {_TENSOR}
ModelInferRequest: string model_name = 1, string model_version = 2, string id = 3, \
map<string, InferParameter> parameters = 4, repeated ModelInferRequest.InferInputTensor inputs = 5, \
repeated ModelInferRequest.InferRequestedOutputTensor outputs = 6, repeated bytes raw_input_contents = 7
ModelInferRequest.InferInputTensor: {_FILLED}
ModelInferRequest.InferRequestedOutputTensor: string name = 1, map<string, InferParameter> parameters = 2
ModelInferResponse: string model_name = 1, string model_version = 2, string id = 3, \
map<string, InferParameter> parameters = 4, repeated ModelInferResponse.InferOutputTensor outputs = 5, \
repeated bytes raw_output_contents = 6
ModelInferResponse.InferOutputTensor: {_FILLED}
InferParameter / parameter_choice: bool bool_param = 1, int64 int64_param = 2, string string_param = 3, \
double double_param = 4, uint64 uint64_param = 5
InferTensorContents: repeated bool bool_contents = 1, repeated int32 int_contents = 2, \
repeated int64 int64_contents = 3, repeated uint32 uint_contents = 4, repeated uint64 uint64_contents = 5, \
repeated float fp32_contents = 6, repeated double fp64_contents = 7, repeated bytes bytes_contents = 8
"""
_HEALTH = """
HealthCheckRequest: string service = 1
HealthCheckResponse: int32 status = 1
"""  # the status is an enum, which is the same on the wire

_FIELD = re.compile(r"(repeated )?(?:map<string, ([\w.]+)>|([\w.]+)) (\w+) = (\d+)")


def parsed(kind: type[Message], data: bytes) -> Message:
    """A message out of its bytes; raises Malformed."""
    try:
        return kind.FromString(data)
    except DecodeError:
        raise Malformed(f"the message is no {kind.DESCRIPTOR.name}") from None


def _classes(package: str, lines: str) -> dict[str, Any]:
    """The class of each message, by its name."""
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for line in lines.strip().split("\n"):
        head, _, fields = line.partition(":")
        path, _, oneof = head.partition(" / ")
        outer, _, name = path.rpartition(".")
        owner = next(each.nested_type for each in file.message_type if each.name == outer) if outer else None
        message = (file.message_type if owner is None else owner).add(name=name)
        if oneof:
            message.oneof_decl.add(name=oneof)
        for is_repeated, in_map, kind, field, number in _FIELD.findall(fields):
            added = message.field.add(name=field, number=int(number), label=3 if is_repeated or in_map else 1)
            _set_type(added, package, f"{path}.{_entry(message, package, field, in_map)}" if in_map else kind)
            if oneof:
                added.oneof_index = 0
    pool = DescriptorPool()  # of its own: a client's, in the same process, may have the same names
    pool.Add(file)
    names = [each.name for each in file.message_type]
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in names}


def _entry(message: DescriptorProto, package: str, field: str, kind: str) -> str:
    """The name of the message that a map is a list of, as protobuf has maps."""
    entry = message.nested_type.add(name=f"{field.title()}Entry")
    entry.options.map_entry = True
    _set_type(entry.field.add(name="key", number=1, label=1), package, "string")
    _set_type(entry.field.add(name="value", number=2, label=1), package, kind)
    return str(entry.name)


def _set_type(field: FieldDescriptorProto, package: str, kind: str) -> None:
    scalar = f"TYPE_{kind.upper()}"
    if hasattr(FieldDescriptorProto, scalar):
        field.type = getattr(FieldDescriptorProto, scalar)
    else:
        field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{package}.{kind}"


INFERENCE = _classes("inference", _INFERENCE)
HEALTH = _classes("grpc.health.v1", _HEALTH)
