"""A model that breaks its contract, or could do harm, never serves."""

import io
import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from export.publish import publish
from server.models import graph
from server.models.model import Model, Outputs, load, score_threshold
from server.store.errors import BrokenArtifact
from tests.tiny import memory_in, publish_tiny, tiny_candidate, tiny_onnx

GOOD = tiny_onnx()


def edited(edit: "object") -> bytes:
    model = onnx.load_from_string(GOOD)
    assert callable(edit)
    edit(model)
    return bytes(model.SerializeToString())


def model_of(data: bytes) -> Model:
    model = Model(tiny_candidate().manifest("digits", "1"), data)
    model.warm_up(4)
    return model


def test_a_good_model_answers_with_probabilities() -> None:
    model = model_of(GOOD)
    outputs = model.predict(np.zeros((3, 28, 28, 1), np.uint8))
    assert outputs.probabilities.shape == (3, 10)
    assert outputs.scores is None
    assert model.batch_seconds > 0


@pytest.mark.parametrize(("seconds", "images"), [(1e-5, 16), (0.0006, 12), (0.0012, 4), (0.5, 4)])
def test_a_turn_has_as_many_images_as_its_time_allows(
    seconds: float, images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Model, "timed", lambda *_: seconds)
    assert model_of(GOOD).turn_images == images


def keep_data_elsewhere(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")


def make_sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


def nest_an_if(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([helper.make_node("Identity", ["float"], ["x"])], "inner", [], [])
    model.graph.node.append(helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner))


def use_a_foreign_domain(model: onnx.ModelProto) -> None:
    model.graph.node[2].domain = "com.microsoft"


def import_a_foreign_domain(model: onnx.ModelProto) -> None:
    model.opset_import.add(domain="com.example", version=1)


def define_a_function(model: onnx.ModelProto) -> None:
    model.functions.add(name="f", domain="x")


def make_much_of_a_number(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["y"]))


def draw_at_random(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("RandomUniform", [], ["y"], shape=[1]))


def have_no_node(model: onnx.ModelProto) -> None:
    del model.graph.node[:]


@pytest.mark.parametrize(
    "edit",
    [
        keep_data_elsewhere,
        make_sparse,
        nest_an_if,
        use_a_foreign_domain,
        import_a_foreign_domain,
        define_a_function,
        make_much_of_a_number,
        draw_at_random,
        have_no_node,
    ],
)
def test_what_could_do_harm_is_refused_before_a_session_is_made(edit: "object") -> None:
    with pytest.raises(BrokenArtifact):
        graph.check(edited(edit))


def test_a_harmless_graph_passes() -> None:
    graph.check(GOOD)


@pytest.mark.parametrize("length", [0, 1, 10, 100, len(GOOD) // 2, len(GOOD) - 1])
def test_a_cut_file_is_refused(length: int) -> None:
    with pytest.raises(BrokenArtifact):
        model_of(GOOD[:length])


def test_random_bytes_are_refused() -> None:
    for _ in range(50):
        with pytest.raises(BrokenArtifact):
            model_of(os.urandom(2000))


def not_a_number(model: onnx.ModelProto) -> None:
    weights = np.full((784, 10), np.nan, np.float32)
    model.graph.initializer[0].raw_data = weights.tobytes()


def no_softmax(model: onnx.ModelProto) -> None:
    del model.graph.node[3]
    model.graph.node[2].output[0] = "probabilities"


def fixed_batch(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def whole_numbers(model: onnx.ModelProto) -> None:
    model.graph.node[3].output[0] = "soft"
    model.graph.node.append(helper.make_node("Cast", ["soft"], ["probabilities"], to=TensorProto.INT32))
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT32


@pytest.mark.parametrize("edit", [not_a_number, no_softmax, fixed_batch, whole_numbers])
def test_outputs_that_are_no_probabilities_are_refused(edit: "object") -> None:
    with pytest.raises(BrokenArtifact):
        model_of(edited(edit))


@pytest.mark.parametrize("shape", [{"channels": 3}, {"labels": 11}, {"side": 32}])
def test_another_shape_than_the_manifests_is_refused(shape: dict[str, int]) -> None:
    with pytest.raises(BrokenArtifact):
        model_of(tiny_onnx(**shape))


@pytest.mark.parametrize(
    "report", [b"{}", b"", b"[" * 100_000, b'{"calibration": {"score_threshold": NaN}}', b'{"calibration": []}']
)
def test_a_report_without_a_threshold_is_refused(report: bytes) -> None:
    with pytest.raises(BrokenArtifact, match="names no threshold"):
        score_threshold(report)


def test_other_answers_than_at_training_are_refused(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    version = publish_tiny(memory)
    load(memory.versions.folder(version), memory.versions.manifest(version), 4)
    impostor = tiny_candidate(model=tiny_onnx(99))
    model = Model(impostor.manifest("digits", "1"), impostor.contents["model.onnx"])
    with np.load(io.BytesIO(impostor.contents["golden.npz"])) as arrays:
        images, probabilities = arrays["images"], arrays["probabilities"]
    with pytest.raises(BrokenArtifact, match="golden"):
        model.replay(images, probabilities)


def keep_data_elsewhere_in_words(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.external_data.add(key="location", value="../../../etc/passwd")


def only_say_that_data_is_elsewhere(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL


def keep_an_attributes_data_elsewhere(model: onnx.ModelProto) -> None:
    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.0])
    value.ClearField("float_data")
    value.external_data.add(key="location", value="../../../etc/passwd")
    model.graph.node.append(helper.make_node("Constant", [], ["y"], value=value))


def have_a_sparse_attribute(model: onnx.ModelProto) -> None:
    node = helper.make_node("Constant", [], ["y"])
    node.attribute.add(name="sparse_value", type=onnx.AttributeProto.SPARSE_TENSOR).sparse_tensor.dims.append(1)
    model.graph.node.append(node)


def nest_a_graph_in_what_is_allowed(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([helper.make_node("Identity", ["float"], ["x"])], "inner", [], [])
    model.graph.node.append(helper.make_node("Identity", ["float"], ["y"], body=inner))


def have_too_many_nodes(model: onnx.ModelProto) -> None:
    model.graph.node.extend([helper.make_node("Identity", ["float"], ["y"])] * 10_001)


@pytest.mark.parametrize(
    "edit",
    [
        keep_data_elsewhere_in_words,
        only_say_that_data_is_elsewhere,
        keep_an_attributes_data_elsewhere,
        have_a_sparse_attribute,
        nest_a_graph_in_what_is_allowed,
        have_too_many_nodes,
    ],
)
def test_each_harm_is_refused_by_itself(edit: "object") -> None:
    with pytest.raises(BrokenArtifact):
        graph.check(edited(edit))


def test_a_graph_is_looked_at_first() -> None:
    with pytest.raises(BrokenArtifact, match="an operator that none of ours needs"):
        model_of(edited(draw_at_random))


def test_a_field_that_reaches_beyond_its_message_is_refused() -> None:
    with pytest.raises(BrokenArtifact, match="is cut"):
        graph.check(GOOD + b"\x0a\x7fshort")


def test_a_number_without_an_end_is_refused() -> None:
    with pytest.raises(BrokenArtifact, match="is cut"):
        graph.check(GOOD + b"\x08" + b"\xff" * 20 + b"\x01")


def test_an_impostor_is_not_loaded(tmp_path: Path) -> None:
    memory = memory_in(tmp_path)
    version = publish(memory, tiny_candidate(model=tiny_onnx(99)), None, "a test")
    with pytest.raises(BrokenArtifact, match="golden images get other answers"):
        load(memory.versions.folder(version), memory.versions.manifest(version), 4)


def test_golden_answers_that_are_no_numbers_are_refused() -> None:
    images = np.zeros((2, 28, 28, 1), np.uint8)
    with pytest.raises(BrokenArtifact, match="golden"):
        model_of(GOOD).replay(images, np.full((2, 10), np.nan, np.float32))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (tiny_onnx(channels=3), "the model's input is"),
        (tiny_onnx(labels=11), "the model's outputs are"),
        (edited(fixed_batch), "batches of one fixed size"),
    ],
)
def test_inputs_and_outputs_are_those_of_the_manifest(data: bytes, says: str) -> None:
    with pytest.raises(BrokenArtifact, match=says):
        Model(tiny_candidate().manifest("digits", "1"), data)


def test_scores_that_are_no_numbers_are_refused() -> None:
    probabilities = model_of(GOOD).predict(np.zeros((1, 28, 28, 1), np.uint8)).probabilities
    for score in (np.nan, np.inf):
        with pytest.raises(BrokenArtifact, match="scores"):
            model_of(GOOD)._check_outputs(Outputs(probabilities, np.array([score], np.float32)), 1)
