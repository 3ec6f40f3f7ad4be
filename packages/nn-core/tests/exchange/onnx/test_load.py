"""Reading ONNX files of other programs, built by hand as PyTorch exports them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from onnx_cases import batch_of, network_of, run
from onnx_graphs import Nodes, built, cell, compare, images, rng

from nn_core.errors import DataError
from nn_core.exchange.onnx import Preprocessing, Scale, from_onnx, to_onnx
from nn_core.exchange.onnx.check import relative_difference
from nn_core.layers import (
    GELU,
    GRU,
    LSTM,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    LastStep,
    Layer,
    LeakyReLU,
    MaxPool2D,
    MeanOverTime,
    Parallel,
    ReLU,
    Residual,
    SimpleRNN,
    Tanh,
)
from nn_core.network import Network


def test_channels_first_images(tmp_path: Path) -> None:
    weights = {
        "c1.W": images(8, 3, 3, 3), "c1.b": images(8), "g": images(8), "b": images(8), "m": images(8),
        "v": np.abs(images(8)), "c2.W": images(6, 4, 3, 3),
        "f1.W": images(5, 6 * 4 * 3), "f1.b": images(5), "f2.W": images(2, 5), "f2.b": images(2),
    }  # fmt: skip
    nodes = [
        ("Conv", "x c1.W c1.b", "1", {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}),
        ("BatchNormalization", "1 g b m v", "2", {"epsilon": 1e-5, "momentum": 0.9}),
        ("Relu", "2", "3"),
        ("MaxPool", "3", "4", {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 0, 0], "ceil_mode": 0}),
        ("Conv", "4 c2.W", "5", {"pads": [1, 1, 1, 1], "group": 2, "dilations": [1, 1]}),
        ("LeakyRelu", "5", "6", {"alpha": 0.2}),
        ("Flatten", "6", "7", {"axis": 1}),
        ("Tanh", "7", "8"),
        ("Gemm", "8 f1.W f1.b", "9", {"alpha": 1.0, "beta": 1.0, "transB": 1}),
        ("Dropout", "9", "10"),
        ("Gemm", "10 f2.W f2.b", "11", {"transB": 1}),
        ("Softmax", "11", "y", {"axis": 1}),
    ]
    model = built(nodes, weights, shape=("batch", 3, 8, 6))
    expected: list[Layer] = [
        Conv2D(8, 3, padding="same"), BatchNorm(), ReLU(), MaxPool2D(2), Conv2D(6, 3, padding="same", groups=2),
        LeakyReLU(slope=0.2), Flatten(), Tanh(), Dense(5), Dropout(0.5), Dense(2),
    ]  # fmt: skip
    model.graph.output[0].name = "11"
    compare(tmp_path, model, images(4, 3, 8, 6), (0, 2, 3, 1), expected)
    model.graph.output[0].name = "y"
    (tmp_path / "softmax.onnx").write_bytes(model.SerializeToString())
    assert list(from_onnx(tmp_path / "softmax.onnx").layers) == expected


def test_residual_blocks_and_global_average(tmp_path: Path) -> None:
    weights = {"W1": images(4, 3, 3, 3), "W2": images(4, 4, 3, 3), "W": images(4, 2), "b": images(2)}
    pads = {"pads": [1, 1, 1, 1]}
    nodes: Nodes = [
        ("Conv", "x W1", "1", {"strides": [2, 2], **pads}),
        ("Conv", "1 W2", "2", pads),
        ("Relu", "2", "3"),
        ("Add", "3 1", "4"),
        ("Relu", "4", "5"),
        ("AveragePool", "5", "6", {"kernel_shape": [3, 3], "strides": [2, 2], "count_include_pad": 1, **pads}),
        ("ReduceMean", "6", "7", {"axes": [2, 3], "keepdims": 0}),
        ("MatMul", "7 W", "8"),
        ("Add", "b 8", "y"),
    ]
    expected: list[Layer] = [
        Conv2D(4, 3, strides=2, padding=(1, 1)),
        Residual([Conv2D(4, 3, padding="same"), ReLU()]),
        ReLU(),
        AveragePool2D(3, strides=2, padding=(1, 1), count_zeros=True),
        GlobalAveragePool2D(),
        Dense(2),
    ]
    compare(tmp_path, built(nodes, weights, shape=(1, 3, 8, 8)), images(1, 3, 8, 8), (0, 2, 3, 1), expected)


def test_batch_first_lstm_with_zero_state_from_the_graph(tmp_path: Path) -> None:
    weights = {
        **cell("LSTM", 5, 3), "table": images(9, 3), "zero": np.array(0), "one": np.array([1]), "units": np.array([5]),
        "last": np.array(-1), "W": images(2, 5), "b": images(2),
    }  # fmt: skip
    nodes = [
        ("Gather", "table x", "e"),
        ("Transpose", "e", "t", {"perm": [1, 0, 2]}),
        ("Shape", "e", "s"),
        ("Gather", "s zero", "n", {"axis": 0}),
        ("Unsqueeze", "n axis", "ns"),
        ("Concat", "one ns units", "size", {"axis": 0}),
        ("ConstantOfShape", "size", "h"),
        ("LSTM", "t W R B  h h".replace("  ", " lengths "), "all hn cn", {"hidden_size": 5}),
        ("Squeeze", "all one", "steps"),
        ("Transpose", "steps", "back", {"perm": [1, 0, 2]}),
        ("Gather", "back last", "h5", {"axis": 1}),
        ("Gemm", "h5 W2 b", "y", {"transB": 1}),
    ]
    weights["W2"], weights["axis"] = weights["W"], np.array([0])
    weights["W"] = cell("LSTM", 5, 3)["W"]
    model = built(nodes, weights, shape=("N", "T"), kind=TensorProto.INT64)
    model.graph.node[7].input[4] = ""
    expected: list[Layer] = [Embedding(9, 3), LSTM(5), LastStep(), Dense(2)]
    compare(tmp_path, model, rng.integers(9, size=(4, 6)), (0, 1), expected)


@pytest.mark.parametrize(
    ("kind", "settings", "layer"),
    [
        ("RNN", {}, SimpleRNN(5)),
        ("GRU", {"linear_before_reset": 1}, GRU(5)),
        ("GRU", {}, GRU(5, reset_after=False)),
        ("LSTM", {"direction": "forward"}, LSTM(5)),
    ],
)
def test_time_first_cell_with_its_last_state(kind: str, settings: dict[str, Any], layer: Layer, tmp_path: Path) -> None:
    nodes = [(kind, "x W R B", "all last", {"hidden_size": 5, **settings}), ("Squeeze", "last axis", "y")]
    model = built(nodes, {**cell(kind, 5, 3), "axis": np.array([0])}, shape=("T", "N", 3))
    compare(tmp_path, model, images(6, 4, 3), (1, 0, 2), [layer, LastStep()])


def test_joined_branches(tmp_path: Path) -> None:
    weights = {"A": images(3, 2, 1, 1), "B": images(2, 2, 3, 3)}
    nodes = [
        ("Conv", "x A", "a"),
        ("Conv", "x B", "b", {"pads": [1, 1, 1, 1]}),
        ("Relu", "b", "c"),
        ("Concat", "c a", "d", {"axis": 1}),
        ("GlobalAveragePool", "d", "e"),
        ("Flatten", "e", "y"),
    ]
    branches = [[Conv2D(2, 3, padding="same"), ReLU()], Conv2D(3, 1)]
    expected: list[Layer] = [Parallel(branches), GlobalAveragePool2D()]
    compare(tmp_path, built(nodes, weights, shape=("N", 2, 5, 4)), images(3, 2, 5, 4), (0, 2, 3, 1), expected)


@pytest.mark.parametrize("end", [LastStep(), MeanOverTime()])
@pytest.mark.parametrize("features", [False, True])
def test_padded_sequences(end: Layer, features: bool, tmp_path: Path) -> None:
    layers = [Dense(4), GRU(4), end] if features else [Embedding(7, 4), Parallel([[LSTM(3), end], end]), Dense(2)]
    network = Network(layers, input_shape=(None, 2) if features else (None,), padding=0, rng=1)
    model = to_onnx(network, tmp_path / "network.onnx")
    x = rng.integers(1, 7, size=(5, 6, 2) if features else (5, 6))
    x[np.arange(6) >= np.array([[6], [1], [3], [0], [2]])] = 0
    given = x.astype(np.float32) if features else x
    ours = network(x)
    assert relative_difference(ours[1:2], network(x[1:2, :1])) < 1e-6
    assert relative_difference(run(model, {"input": given})["output"], ours) < 2e-6
    again = from_onnx(tmp_path / "network.onnx")
    assert (again.layers, again.padding) == (network.layers, 0)
    assert relative_difference(again(x), ours) < 1e-6


def test_flatten_variants(tmp_path: Path) -> None:
    weights = {"W": images(12, 4), "b": images(1, 4), "shape": np.array([-1, 12]), "V": images(3, 4)}
    nodes = [
        ("Reshape", "x shape", "1"),
        ("MatMul", "1 W", "2"),
        ("Add", "2 b", "3"),
        ("Gelu", "3", "4", {"approximate": "tanh"}),
        ("Identity", "4", "5"),
        ("Transpose", "V", "Vt"),
        ("MatMul", "5 Vt", "y"),
    ]
    model = built(nodes, weights, shape=(None, 2, 6), opset=20)
    compare(tmp_path, model, images(5, 2, 6), (0, 1, 2), [Flatten(), Dense(4), GELU(), Dense(3)])


def test_exported_file_is_read_without_preprocessing(tmp_path: Path) -> None:
    network = network_of([InstanceNorm(), Conv2D(4, 3), GlobalAveragePool2D(), Dense(3)], (5, 4, 3), np.float64)
    preprocessing = Preprocessing((5, 4, 3), "uint8", [Scale(1 / 255)], variants=[(), (Scale(0.5),)])
    to_onnx(network, tmp_path / "network.onnx", preprocessing=preprocessing, outputs=["label", "probabilities"])
    again = from_onnx(tmp_path / "network.onnx")
    assert (again.layers, again.input_shape, again.dtype) == (network.layers, network.input_shape, np.float64)
    for name, values in network.params.items():
        np.testing.assert_array_equal(again.params[name], values)
    assert again.params["1/W"].base is not None


@pytest.mark.parametrize("seed", range(10))
def test_network_round_trip(seed: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(seed)
    if seed % 2:
        cells: list[Layer] = [SimpleRNN(4), GRU(4), GRU(4, reset_after=False), LSTM(4), Residual([GRU(4), Dense(4)])]
        network = network_of([Embedding(7, 4), *draw.permutation(np.array(cells, object))[:3], Dense(7)], (None,))
    else:
        blocks: list[Layer] = [
            Conv2D(4, 3, padding="same"), BatchNorm(), Residual([Conv2D(4, 2, padding="same"), BatchNorm(), ReLU()]),
            AveragePool2D(2, strides=1, padding="same"), MaxPool2D(2, strides=2, padding="same"), GELU(), Dense(4),
        ]  # fmt: skip
        network = network_of([*draw.permutation(np.array(blocks, object))[:5], Flatten(), Dense(3)], (6, 5, 4))
    to_onnx(network, tmp_path / "network.onnx")
    again, x = from_onnx(tmp_path / "network.onnx"), batch_of(network)
    assert again.layers == network.layers
    np.testing.assert_allclose(again(x), network(x), rtol=1e-6, atol=1e-6)


# What has no layer


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([("LayerNormalization", "x g", "y")], "no layer corresponds to the operation LayerNormalization 'y'"),
        ([("Add", "x g", "y")], "no layer corresponds to the operation Add 'y'"),
        ([("Clip", "x", "y")], "no layer corresponds to the operation Clip 'y'"),
        ([("Relu", "x", "a"), ("Mul", "a x", "y")], "no layer corresponds to the operation Mul 'y'"),
        ([("Relu", "x", "a"), ("Concat", "a x", "y", {"axis": 0})], "Concat 'y': it does not join features"),
        (
            [("Relu", "x", "a"), ("Tanh", "x", "b"), ("Relu", "a", "c"), ("Add", "c b", "d"), ("Add", "d a", "y")],
            "the branches from 'a' do not join in one operation",
        ),
        ([("MatMul", "W x", "y")], "MatMul 'y': it does not multiply its input from the right"),
        ([("MatMul", "x x", "y")], "MatMul 'y': its input 1 is computed"),
        ([("MatMul", "x V", "y")], "its matrix has 5 rows for inputs of shape (4,)"),
        ([("Gemm", "x W g", "y", {"alpha": 0.5})], "Gemm 'y': alpha=0.5 is not supported"),
        ([("Gemm", "x W V", "y")], "its bias has the shape (5, 2) for 3 outputs"),
        ([("Reshape", "x two", "y")], "it makes the shape (2, N, 2)"),
        ([("Conv", "x W", "y")], "its kernel has the shape (4, 3); only 2D is read"),
        ([("Identity", "x", "y")], "the model has no layers"),
    ],
)
def test_unsupported_operation_is_named(nodes: Nodes, message: str, tmp_path: Path) -> None:
    weights = {"W": images(4, 3), "V": images(5, 2), "g": images(4), "two": np.array([2, -1, 2])}
    path = tmp_path / "model.onnx"
    path.write_bytes(built(nodes, weights).SerializeToString())
    with pytest.raises(DataError) as caught:
        from_onnx(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("LSTM", {"direction": "bidirectional"}, "direction=bidirectional is not supported"),
        ("GRU", {"layout": 1}, "layout=1 is not supported"),
        ("RNN", {"activations": ["Relu"]}, "activations=('Relu',) is not supported"),
        ("RNN", {"clip": 1.0}, "clip is not supported"),
    ],
)
def test_unsupported_cells(kind: str, settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    nodes = [(kind, "x W R B", "all last", {"hidden_size": 5, **settings}), ("Squeeze", "last axis", "y")]
    path = tmp_path / "model.onnx"
    weights = {**cell(kind, 5, 3), "axis": np.array([0])}
    path.write_bytes(built(nodes, weights, shape=("T", "N", 3)).SerializeToString())
    with pytest.raises(DataError) as caught:
        from_onnx(path)
    assert message in str(caught.value)
