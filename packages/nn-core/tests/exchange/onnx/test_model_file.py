"""Damaged and malicious ONNX files: a one-line error, no code executed, no other file opened, little memory."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_cases import network_of

from nn_core.errors import DataError, NNError
from nn_core.exchange.onnx import from_onnx, model_file, to_onnx
from nn_core.layers import Conv2D, Dense, Flatten, ReLU, Residual


def model() -> onnx.ModelProto:
    """A small model without our metadata, as another program would write it."""
    layers = [Conv2D(2, 2), Residual([ReLU()]), Flatten(), Dense(3)]
    made = to_onnx(network_of(layers, (3, 3, 2)))
    del made.metadata_props[:]
    return made


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(NNError) as caught:
        from_onnx(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_is_not_a_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(DataError, match="no such file"):
        from_onnx(path)
    assert "is empty" in refusal(path, b"")
    assert "is not an ONNX model" in refusal(path, b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert "versions 7 to 28 are read" in refusal(path, b"\x08\x09")
    assert "truncated" in refusal(path, model().SerializeToString()[:-40])


def test_external_weights_are_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(1000))
    for location in ("secret", str(secret), "../secret", "/dev/zero"):
        hostile = model()
        tensor = hostile.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)
        message = refusal(tmp_path / "model.onnx", hostile.SerializeToString())
        assert "is stored in another file; export the model with its weights inside" in message


def spoil_dims(each: onnx.ModelProto) -> None:
    each.graph.initializer[0].dims[:] = [2**40, 2**40, 1, 1]


def spoil_sign(each: onnx.ModelProto) -> None:
    each.graph.initializer[0].dims[0] = -2


def spoil_type(each: onnx.ModelProto) -> None:
    each.graph.initializer[0].data_type = TensorProto.STRING


def spoil_image(each: onnx.ModelProto) -> None:
    each.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2**40


def spoil_height(each: onnx.ModelProto) -> None:
    each.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "height"


def spoil_domain(each: onnx.ModelProto) -> None:
    each.graph.node[1].domain = "com.evil"


def spoil_cycle(each: onnx.ModelProto) -> None:
    each.graph.node[1].input[0] = each.graph.node[2].output[0]


def spoil_end(each: onnx.ModelProto) -> None:
    each.graph.output[0].name = "nowhere"


def spoil_weights(each: onnx.ModelProto) -> None:
    tensor = each.graph.initializer[0]
    tensor.raw_data = np.full(tensor.dims, np.nan, np.float32).tobytes()


def spoil_metadata(each: onnx.ModelProto) -> None:
    each.metadata_props.add(
        key="nn_core_network", value='{"input": "input", "output": 5, "input_shape": [1e99], "integers": 0}'
    )


def spoil_json(each: onnx.ModelProto) -> None:
    each.metadata_props.add(key="nn_core_network", value="[" * 100_000)


def use_weights_often(each: onnx.ModelProto) -> None:
    """Weights of 4 MB in 200 layers, which would take 800 MB."""
    del each.graph.node[:], each.graph.initializer[:]
    W = np.zeros((1000, 1000), np.float32)
    each.graph.initializer.add().CopyFrom(onnx.numpy_helper.from_array(W, "W"))
    each.graph.input[0].CopyFrom(helper.make_tensor_value_info("0", TensorProto.FLOAT, ["N", 1000]))
    each.graph.node.extend(helper.make_node("MatMul", [str(i), "W"], [str(i + 1)]) for i in range(200))
    each.graph.output[0].name = "200"


def nest_residuals(each: onnx.ModelProto) -> None:
    """x + (x' + (x'' + ...)), each branch starting inside the one before."""
    del each.graph.node[:]
    depth = 3000
    nodes = [helper.make_node("Relu", ["input" if i == 0 else f"r{i - 1}"], [f"r{i}"]) for i in range(depth)]
    for i in reversed(range(depth - 1)):
        inner = f"r{depth - 1}" if i == depth - 2 else f"s{i + 1}"
        nodes.append(helper.make_node("Add", [inner, f"r{i}"], [f"s{i}"]))
    each.graph.node.extend(nodes)
    each.graph.output[0].name = "s0"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_dims, "has 16 values"),
        (spoil_sign, "has the shape (-2"),
        (spoil_type, "unsupported data type"),
        (spoil_image, "sizes must be fixed"),
        (spoil_height, "sizes must be fixed"),
        (spoil_domain, "com.evil.Conv '0/Conv': it is not a standard operation"),
        (spoil_cycle, "does not lead to the output"),
        (spoil_end, "does not lead to the output"),
        (spoil_weights, "not finite"),
        (spoil_metadata, ""),
        (spoil_json, ""),
        (use_weights_often, "some weights several times, is too large"),
        (nest_residuals, ""),
    ],
)
def test_malicious_models(spoil: Callable[[onnx.ModelProto], None], message: str, tmp_path: Path) -> None:
    hostile = model()
    spoil(hostile)
    assert message in refusal(tmp_path / "model.onnx", hostile.SerializeToString())


def test_fields_are_counted_before_they_are_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bytes for each empty operation, which would take a hundred in memory."""
    monkeypatch.setattr(model_file, "MAX_FIELDS", 1000)
    nodes = b"\x0a\x00" * 2000
    graph = b"\x3a" + bytes([len(nodes) & 127 | 128, len(nodes) >> 7]) + nodes
    assert "more than 1,000 fields" in refusal(tmp_path / "model.onnx", graph)
    monkeypatch.setattr(model_file, "MAX_BYTES", 1000)
    assert "the limit is 1,000" in refusal(tmp_path / "model.onnx", graph)


def test_corrupted_bytes(tmp_path: Path) -> None:
    content, path, draw = model().SerializeToString(), tmp_path / "model.onnx", random.Random(0)
    for _ in range(150):
        changed = bytearray(content)
        for _ in range(draw.randint(1, 3)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        path.write_bytes(bytes(changed))
        try:
            from_onnx(path)
        except NNError as error:
            assert "\n" not in str(error)  # noqa: PT017
