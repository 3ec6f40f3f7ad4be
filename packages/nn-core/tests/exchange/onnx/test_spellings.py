"""The same layers, in the different ways in which PyTorch, scikit-learn and TensorFlow write them."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_graphs import Nodes, built, cell, compare, images, rng

from nn_core.errors import DataError
from nn_core.exchange.onnx import from_onnx
from nn_core.layers import (
    GELU,
    GRU,
    LSTM,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    LastStep,
    Layer,
    MeanOverTime,
    Parallel,
    ReLU,
    Reshape,
    Select,
    Tanh,
)

GELU_NUMBERS = {
    "root": math.sqrt(2), "half": 0.5, "one": 1.0, "three": 3.0, "cubic": 0.044715, "scale": math.sqrt(2 / math.pi),
}  # fmt: skip
ERF: Nodes = [
    ("Div", "x root", "1"),
    ("Erf", "1", "2"),
    ("Add", "2 one", "3"),
    ("Mul", "x 3", "4"),
    ("Mul", "4 half", "a"),
    ("Tanh", "a", "y"),
]
POWER: Nodes = [
    ("Pow", "x three", "1"),
    ("Mul", "cubic 1", "2"),
    ("Add", "x 2", "3"),
    ("Mul", "scale 3", "4"),
    ("Tanh", "4", "5"),
    ("Add", "5 one", "6"),
    ("Mul", "half 6", "7"),
    ("Mul", "x 7", "y"),
]
PRODUCTS: Nodes = [("Mul", "x x", "0"), ("Mul", "x 0", "1"), *POWER[1:]]


@pytest.mark.parametrize(("nodes", "approximate"), [(ERF, False), (POWER, True), (PRODUCTS, True)])
def test_gelu_as_elementary_operations(nodes: Nodes, approximate: bool, tmp_path: Path) -> None:
    after = nodes[5:] if nodes is ERF else []
    path = tmp_path / "model.onnx"
    model = built(nodes, {name: np.float32(value) for name, value in GELU_NUMBERS.items()})
    path.write_bytes(model.SerializeToString())
    layers = from_onnx(path).layers
    assert layers[0] == GELU(approximate=approximate)
    assert len(layers) == 1 + len(after)
    compare(tmp_path, model, images(5, 4), (0, 1), list(layers))


def test_another_function_of_one_array_is_not_taken_for_gelu(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    model = built([("Sigmoid", "x", "1"), ("Mul", "x 1", "y")], {})
    path.write_bytes(model.SerializeToString())
    with pytest.raises(DataError, match="no layer corresponds to the operation Mul 'y'"):
        from_onnx(path)


# Axes of size 1, and shapes that the graph computes


@pytest.mark.parametrize(
    "end",
    [
        [("Reshape", "g rows", "f")],
        [("Squeeze", "g three", "s"), ("Squeeze", "s two", "f")],
        [("Flatten", "g", "f", {"axis": 1})],
        [("Shape", "x", "s"), ("Gather", "s zero", "n"), ("Unsqueeze", "n first", "m"),
         ("Concat", "m rest", "t", {"axis": 0}), ("Reshape", "g t", "f")],
    ],
)  # fmt: skip
@pytest.mark.parametrize("mean", [("GlobalAveragePool", "c", "g"), ("ReduceMean", "c", "g", {"axes": [-1, -2]})])
def test_global_average_that_keeps_its_axes(mean: tuple[Any, ...], end: Nodes, tmp_path: Path) -> None:
    weights = {
        "A": images(4, 2, 3, 3), "W": images(4, 2), "rows": np.array([-1, 4]), "three": np.array([3]),
        "two": np.array([2]), "zero": np.array(0), "first": np.array([0]), "rest": np.array([-1]),
    }  # fmt: skip
    nodes = [("Conv", "x A", "c"), mean, *end, ("Gemm", "f W", "y")]
    expected: list[Layer] = [Conv2D(4, 3), GlobalAveragePool2D(), Dense(2)]
    compare(tmp_path, built(nodes, weights, shape=("N", 2, 5, 4)), images(3, 2, 5, 4), (0, 2, 3, 1), expected)


def test_convolution_after_the_global_average(tmp_path: Path) -> None:
    nodes = [("GlobalAveragePool", "x", "g"), ("Relu", "g", "r"), ("Conv", "r A", "c"), ("Flatten", "c", "y")]
    expected: list[Layer] = [GlobalAveragePool2D(), ReLU(), Reshape((1, 1, 2)), Conv2D(3, 1), Flatten()]
    model = built(nodes, {"A": images(3, 2, 1, 1)}, shape=("N", 2, 5, 4))
    compare(tmp_path, model, images(3, 2, 5, 4), (0, 2, 3, 1), expected)


def test_channel_axis_added_before_a_convolution(tmp_path: Path) -> None:
    nodes = [("Unsqueeze", "x one", "1"), ("Conv", "1 A", "2"), ("Flatten", "2", "3"), ("Gemm", "3 W", "y")]
    weights = {"A": images(3, 1, 2, 2), "W": images(36, 2), "one": np.array([1])}
    expected: list[Layer] = [Reshape((5, 4, 1)), Conv2D(3, 2), Flatten(), Dense(2)]
    compare(tmp_path, built(nodes, weights, shape=("N", 5, 4)), images(3, 5, 4), (0, 1, 2), expected)


def test_rows_that_become_channels_first_images_and_rows_again(tmp_path: Path) -> None:
    """Both are rows of channels in the graph, and rows of pixels here."""
    nodes = [("Reshape", "x shape", "1"), ("Conv", "1 A", "2"), ("Flatten", "2", "y")]
    weights = {"A": images(2, 3, 1, 1), "shape": np.array([0, 3, 2, 2])}
    to_image = np.arange(12).reshape(3, 2, 2).transpose(1, 2, 0).ravel().tolist()
    to_rows = np.arange(8).reshape(2, 2, 2).transpose(2, 0, 1).ravel().tolist()
    expected: list[Layer] = [Select(to_image), Reshape((2, 2, 3)), Conv2D(2, 1), Flatten(), Select(to_rows)]
    compare(tmp_path, built(nodes, weights, shape=("N", 12)), images(3, 12), (0, 1), expected)


def test_feature_maps_as_a_sequence(tmp_path: Path) -> None:
    """(N, C, H, W) to (N, H * W, C), as in convolutions before a recurrent layer."""
    nodes = [
        ("Conv", "x A", "1"),
        ("Reshape", "1 shape", "2"),
        ("Transpose", "2", "3", {"perm": [2, 0, 1]}),
        ("GRU", "3 W R B", "all last", {"hidden_size": 5, "linear_before_reset": 1}),
        ("Squeeze", "last axis", "y"),
    ]
    weights = {**cell("GRU", 5, 3), "A": images(3, 2, 2, 2), "axis": np.array([0]), "shape": np.array([0, 3, -1])}
    expected: list[Layer] = [Conv2D(3, 2), Reshape((12, 3)), GRU(5), LastStep()]
    compare(tmp_path, built(nodes, weights, shape=("N", 2, 5, 4)), images(3, 2, 5, 4), (0, 2, 3, 1), expected)


def test_one_output_without_its_axis(tmp_path: Path) -> None:
    nodes = [("Gemm", "x W", "1"), ("Squeeze", "1 axis", "y")]
    path = tmp_path / "model.onnx"
    path.write_bytes(built(nodes, {"W": images(4, 1), "axis": np.array([-1])}).SerializeToString())
    assert from_onnx(path).output_shape == (1,)


def test_features_are_chosen_by_slices(tmp_path: Path) -> None:
    nodes = [
        ("Slice", "x zero two one", "a"),
        ("Slice", "x two end one", "b"),
        ("Gemm", "a W", "c"),
        ("Concat", "c b", "y", {"axis": 1}),
    ]
    weights = {
        "W": images(2, 3), "zero": np.array([0]), "one": np.array([1]), "two": np.array([2]),
        "end": np.array([2**63 - 1]),
    }  # fmt: skip
    expected: list[Layer] = [Parallel([[Select("0:2"), Dense(3)], Select("2:4")])]
    compare(tmp_path, built(nodes, weights), images(5, 4), (0, 1), expected)


def test_images_are_flattened_before_they_are_joined(tmp_path: Path) -> None:
    nodes = [
        ("Conv", "x A", "a"), ("Flatten", "a", "fa"), ("Conv", "x B", "b"), ("Flatten", "b", "fb"),
        ("Concat", "fa fb", "f", {"axis": 1}), ("Gemm", "f W", "y"),
    ]  # fmt: skip
    weights = {"A": images(2, 3, 2, 2), "B": images(3, 3, 4, 1), "W": images(24 + 24, 2)}
    expected: list[Layer] = [Parallel([[Conv2D(2, 2), Flatten()], [Conv2D(3, (4, 1)), Flatten()]]), Dense(2)]
    compare(tmp_path, built(nodes, weights, shape=("N", 3, 5, 4)), images(3, 3, 5, 4), (0, 2, 3, 1), expected)


def test_zeros_around_an_image_and_a_separate_bias(tmp_path: Path) -> None:
    nodes = [("Pad", "x pads", "1"), ("Conv", "1 A", "2", {"strides": [2, 2]}), ("Add", "2 b", "y")]
    weights = {"A": images(2, 3, 3, 3), "pads": np.array([0, 0, 1, 2, 0, 0, 1, 2]), "b": images(1, 2, 1, 1)}
    model = built(nodes, weights, shape=("N", 3, 5, 6))
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    assert list(from_onnx(path).layers) == [Conv2D(2, 3, strides=2, padding=(1, 2))]
    nodes[2:] = [("Add", "2 b", "3"), ("Flatten", "3", "4"), ("Gemm", "4 W", "y")]
    expected: list[Layer] = [Conv2D(2, 3, strides=2, padding=(1, 2)), Flatten(), Dense(2)]
    model = built(nodes, {**weights, "W": images(24, 2)}, shape=("N", 3, 5, 6))
    compare(tmp_path, model, images(4, 3, 5, 6), (0, 2, 3, 1), expected)


def test_branches_that_join_one_after_another(tmp_path: Path) -> None:
    """(relu(x) + tanh(x)) is joined with x again."""
    nodes = [
        ("Relu", "x", "a"), ("Tanh", "x", "b"), ("Add", "a b", "c"), ("Gemm", "c W", "d"),
        ("Concat", "x d", "y", {"axis": -1}),
    ]  # fmt: skip
    expected: list[Layer] = [Parallel([[], [Parallel([ReLU(), Tanh()], merge="add"), Dense(3)]])]
    compare(tmp_path, built(nodes, {"W": images(4, 3)}), images(5, 4), (0, 1), expected)


# Recurrent layers


def test_steps_of_stacked_cells_in_a_computed_shape(tmp_path: Path) -> None:
    """Y (T, 1, N, H) by Transpose to (T, N, 1, H), then by Reshape to (T, N, 1 * H)."""
    shape = [
        ("Shape", "t", "s"),
        ("Slice", "s i0 i2", "TN"),
        ("Slice", "s i2 i3", "D"),
        ("Slice", "s i3 i4", "H"),
        ("Mul", "D H", "DH"),
        ("Concat", "TN DH", "target", {"axis": 0}),
    ]
    nodes = [
        ("Gather", "table x", "e"),
        ("Transpose", "e", "steps", {"perm": [1, 0, 2]}),
        ("LSTM", "steps W R B", "Y", {"hidden_size": 5}),
        ("Transpose", "Y", "t", {"perm": [0, 2, 1, 3]}),
        *shape,
        ("Reshape", "t target", "next"),
        ("Transpose", "next", "back", {"perm": [1, 0, 2]}),
        ("ReduceMean", "back", "y", {"axes": [1], "keepdims": 0}),
    ]
    weights: dict[str, Any] = {f"i{index}": np.array([index]) for index in (0, 2, 3, 4)}
    weights |= {**cell("LSTM", 5, 3), "table": images(9, 3)}
    model = built(nodes, weights, shape=("N", "T"), kind=TensorProto.INT64)
    compare(tmp_path, model, rng.integers(9, size=(4, 6)), (0, 1), [Embedding(9, 3), LSTM(5), MeanOverTime()])


def test_last_state_of_stacked_cells(tmp_path: Path) -> None:
    """h[-1] of all last states, (layers, N, H), takes that of the last layer alone."""
    nodes = [
        ("GRU", "x W R B", "Y h1", {"hidden_size": 5, "linear_before_reset": 1}),
        ("Squeeze", "Y one", "steps"),
        ("GRU", "steps W2 R B", "Y2 h2", {"hidden_size": 5, "linear_before_reset": 1}),
        ("Concat", "h1 h2", "h", {"axis": 0}),
        ("Gather", "h last", "y", {"axis": 0}),
    ]
    weights = {**cell("GRU", 5, 3), "one": np.array([1]), "last": np.array(-1), "W2": cell("GRU", 5, 5)["W"]}
    model = built(nodes, weights, shape=("T", "N", 3))
    compare(tmp_path, model, images(6, 4, 3), (1, 0, 2), [GRU(5), GRU(5), LastStep()])


# Outputs of classifiers, data types, refusals


def test_outputs_of_a_scikit_learn_classifier(tmp_path: Path) -> None:
    """Labels come first, then p and 1 - p, with an operation of another domain."""
    nodes = [
        ("MatMul", "x W", "1"), ("Add", "1 b", "2"), ("Relu", "2", "3"), ("MatMul", "3 V", "4"), ("Sigmoid", "4", "p"),
        ("Sub", "unity p", "q"), ("Concat", "q p", "y", {"axis": 1}), ("ArgMax", "y", "label", {"axis": 1}),
    ]  # fmt: skip
    model = built(nodes, {"W": images(4, 3), "b": images(1, 3), "V": images(3, 1), "unity": images()})
    model.graph.output.insert(0, helper.make_tensor_value_info("label", TensorProto.INT64, None))
    foreign = model.graph.node.add(op_type="ArrayFeatureExtractor", domain="ai.onnx.ml")
    foreign.output[:], foreign.input[:] = ["chosen"], ["unity", "label"]
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    assert list(from_onnx(tmp_path / "model.onnx").layers) == [Dense(3), ReLU(), Dense(1)]


def test_half_precision_becomes_float32(tmp_path: Path) -> None:
    model = built([("Gemm", "x W", "y")], {"W": images(4, 3)}, kind=TensorProto.FLOAT16)
    model.graph.initializer[0].data_type = TensorProto.FLOAT16
    model.graph.initializer[0].raw_data = np.ones((4, 3), np.float16).tobytes()
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    assert from_onnx(tmp_path / "model.onnx").params["0/W"].dtype == np.float32


def test_settings_that_a_layer_refuses_name_the_operation(tmp_path: Path) -> None:
    model = built([("Conv", "x A", "y", {"pads": [4, 4, 4, 4]})], {"A": images(2, 3, 3, 3)}, shape=("N", 3, 5, 5))
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(DataError, match=r"Conv 'y': padding \(4, 4\) must be smaller than the window"):
        from_onnx(tmp_path / "model.onnx")


def test_subgraphs_are_refused_by_name(tmp_path: Path) -> None:
    body = helper.make_graph([], "body", [], [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)])
    model = built([("If", "flag", "y", {"then_branch": body, "else_branch": body})], {"flag": np.array(1)})
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(DataError, match="no layer corresponds to the operation If 'y'"):
        from_onnx(tmp_path / "model.onnx")
