"""ONNX export: states, preprocessing, probabilities, metadata and errors."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx.reference
import pytest
from networks import Unembedding
from onnx_cases import batch_of, network_of, run

from nn_core.errors import ExportError, SettingError, ShapeError
from nn_core.exchange.onnx import (
    ONNX_CONVERTERS,
    FlattenImages,
    Graph,
    Preprocessing,
    Resample,
    Rescale,
    Scale,
    SelectColumns,
    Standardize,
    Value,
    to_onnx,
)
from nn_core.exchange.onnx.check import relative_difference
from nn_core.layers import (
    GRU,
    LSTM,
    BatchNorm,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    LastStep,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Residual,
    SimpleRNN,
)
from nn_core.layers.activation import Activation
from nn_core.layers.base import state_arrays
from nn_core.metrics import probabilities
from nn_core.network import Network
from nn_core.reference import Reference

CELLS: list[Layer] = [SimpleRNN(5), GRU(5), GRU(5, reset_after=False), LSTM(5)]


# Recurrent networks


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_states_continue_a_sequence(cell: Layer) -> None:
    network = network_of([Embedding(7, 4), cell, Residual([LSTM(5)]), Dense(7)], (None,))
    model = to_onnx(network)
    x = batch_of(network, N=2, T=9)
    state = network.initial_state(2)
    ours, left = Reference(network).predict(x, state)
    states = {f"state/{path}": array for path, array in state_arrays(state)}
    assert [each.name for each in model.graph.input] == ["input", *states]
    found = []
    for part in (x[:, :4], x[:, 4:5], x[:, 5:]):
        outputs = run(model, {"input": part, **states})
        found.append(outputs["output"])
        states = {name.removeprefix("next_"): array for name, array in outputs.items() if name != "output"}
    assert relative_difference(np.concatenate(found, axis=1), ours) < 2e-6
    for path, array in state_arrays(left):
        assert relative_difference(states[f"state/{path}"], array) < 2e-6


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_many_to_one_starts_from_zero_state(cell: Layer) -> None:
    network = network_of([cell, LastStep(), Dense(2)], (None, 3))
    model = to_onnx(network)
    assert [each.name for each in model.graph.input] == ["input"]
    x = batch_of(network)
    assert relative_difference(run(model, {"input": x})["output"], network(x)) < 2e-6


# Layout and weights


def test_a_chain_of_convolutions_has_one_transpose_at_its_start_and_one_at_its_end() -> None:
    block = Residual([Conv2D(4, 3, padding="same"), BatchNorm(), ReLU()])
    network = network_of([Conv2D(4, 3), ReLU(), block, MaxPool2D(2), Flatten(), Dense(3)], (8, 8, 2))
    kinds = [node.op_type for node in to_onnx(network).graph.node]
    assert kinds[0] == "Transpose"
    assert kinds[-3:] == ["Transpose", "Flatten", "Gemm"]
    assert kinds.count("Transpose") == 2


def test_tied_weights_are_stored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ONNX_CONVERTERS, "_entries", dict(ONNX_CONVERTERS._entries))

    @ONNX_CONVERTERS.register("Unembedding")
    def unembedding(layer: Unembedding, x: Value, params: Any, graph: Graph) -> Value:
        W = graph.node("Transpose", graph.constant("W", params["W"]), perm=[1, 0])
        name = graph.node("MatMul", graph.canonical(x), W)
        return graph.value(name, (*x.shape[:-1], layer.vocabulary_size))

    layers: list[Layer] = [Embedding(7, 4), GRU(4), Unembedding(7)]
    network = Network(layers, input_shape=(None,), rng=1, tied={"2/W": "0/W"})
    model = to_onnx(network, states=False)
    assert [tensor.name for tensor in model.graph.initializer if tensor.dims == [7, 4]] == ["0/W"]
    x = batch_of(network)
    assert relative_difference(run(model, {"input": x})["output"], network(x)) < 2e-6


def test_float32_file_of_a_float64_network_takes_float32() -> None:
    network = network_of([Conv2D(2, 2), LeakyReLU(0.1), Flatten(), Dense(2)], (4, 3, 2), np.float64)
    x = batch_of(network).astype(np.float32)
    assert relative_difference(run(to_onnx(network, dtype="float32"), {"input": x})["output"], network(x)) < 1e-6


def test_float64_stays_or_becomes_float32() -> None:
    network = network_of([Dense(4), ReLU(), Dense(2)], (3,), np.float64)
    x = batch_of(network)
    assert relative_difference(run(to_onnx(network), {"input": x})["output"], network(x)) < 1e-14
    model = to_onnx(network, dtype="float32", preprocessing=Preprocessing((3,), "float32"))
    assert relative_difference(run(model, {"input": x.astype(np.float32)})["output"], network(x)) < 1e-6


# Preprocessing and outputs


def test_columns_are_standardized_and_selected_in_the_graph() -> None:
    rng = np.random.default_rng(0)
    mean, std = 1e6 * rng.normal(size=5), 1 + rng.random(5)
    preprocessing = Preprocessing((5,), "float64", [Standardize(mean.tolist(), std.tolist()), SelectColumns([0, 3, 1])])
    network = network_of([Dense(4), ReLU(), Dense(1)], (3,))
    raw = mean + std * rng.normal(size=(6, 5))
    model = to_onnx(network, preprocessing=preprocessing, outputs=["logits", "probabilities", "label"], examples=raw)
    found = run(model, {"input": raw})
    logits = network(((raw - mean) / std)[:, [0, 3, 1]].astype(np.float32))
    assert relative_difference(found["logits"], logits) < 2e-6
    assert relative_difference(found["probabilities"], probabilities(logits)) < 2e-6
    np.testing.assert_array_equal(found["label"], (logits[:, 0] > 0).astype(int))


def test_bytes_are_flattened_and_scaled() -> None:
    network = network_of([Dense(3)], (12,))
    model = to_onnx(network, preprocessing=Preprocessing((2, 2, 3), "uint8", [FlattenImages(), Scale(1 / 255)]))
    raw = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3) * 10
    assert relative_difference(run(model, {"input": raw})["output"], network(raw.reshape(2, 12) / 255)) < 2e-6


def test_probabilities_are_averaged_over_the_variants_of_an_image() -> None:
    network = network_of([InstanceNorm(epsilon=1.0), Conv2D(4, 3), ReLU(), GlobalAveragePool2D(), Dense(3)], (4, 5, 3))
    rng = np.random.default_rng(0)
    flip = np.arange(20).reshape(4, 5)[:, ::-1].reshape(20, 1)
    index, weights = rng.integers(20, size=(20, 2)), np.tile([0.25, 0.75], (20, 1))
    preprocessing = Preprocessing((4, 5, 3), "uint8", variants=[(), (Resample(flip),), (Resample(index, weights),)])
    model = to_onnx(network, preprocessing=preprocessing, classes=["a", "b", "c"])
    raw = rng.integers(256, size=(6, 4, 5, 3), dtype=np.uint8)
    pixels = raw.reshape(6, 20, 3)
    blurred = (0.25 * pixels[:, index[:, 0]] + 0.75 * pixels[:, index[:, 1]]).reshape(raw.shape)
    variants = [network(each.astype(np.float32)) for each in (raw, raw[:, :, ::-1], blurred)]
    ours = np.mean([probabilities(logits) for logits in variants], axis=0)
    assert relative_difference(run(model, {"input": raw})["probabilities"], ours) < 2e-6
    with pytest.raises(SettingError, match="there is no single 'logits'"):
        to_onnx(network, preprocessing=preprocessing, outputs=["logits"])


def test_metadata() -> None:
    network = network_of([Dense(3)], (2,))
    model = to_onnx(network, classes=["a", "b", "ö"], metadata={"program": "mine", "numbers": [1, 2]}, name="three")
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(found["classes"]) == ["a", "b", "ö"]
    assert (found["program"], found["numbers"], found["input"]) == ("mine", "[1, 2]", "float32 (N, 2)")
    assert found["nn_core_version"]
    assert model.graph.name == "three"
    assert [each.name for each in model.graph.output] == ["logits", "probabilities"]
    assert model.opset_import[0].version == 20


# What is refused


@dataclass(frozen=True)
class Swish(Activation):
    """y = x sigmoid(x): a layer of somebody's own."""

    def function(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        y: npt.NDArray[Any] = x / (1 + np.exp(-x))
        return y

    def derivative(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        raise NotImplementedError


def test_custom_layer_needs_a_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, path = network_of([Dense(3), Residual([Swish()])], (2,)), tmp_path / "network.onnx"
    with pytest.raises(ExportError, match=r"^layer 1/0, Swish, has no ONNX converter; .*register\('Swish'\)"):
        to_onnx(network, path)
    assert not path.exists()
    monkeypatch.setattr(ONNX_CONVERTERS, "_entries", dict(ONNX_CONVERTERS._entries))

    @ONNX_CONVERTERS.register("Swish")
    def swish(layer: Swish, x: Value, params: Any, graph: Graph) -> Value:
        return graph.elementwise("Mul", x, graph.elementwise("Sigmoid", x))

    to_onnx(network, path)
    x = batch_of(network)
    assert relative_difference(run(onnx.load(path), {"input": x})["output"], network(x)) < 2e-6


def test_mismatching_model_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ONNX_CONVERTERS, "_entries", dict(ONNX_CONVERTERS._entries))
    ONNX_CONVERTERS._entries["Swish"] = lambda layer, x, params, graph: graph.elementwise("Sigmoid", x)
    network, path = network_of([Swish()], (2,)), tmp_path / "network.onnx"
    with pytest.raises(ExportError, match=r"^not written: output 'output' .* differs from the network by \d"):
        to_onnx(network, path)
    ONNX_CONVERTERS._entries["Swish"] = lambda layer, x, params, graph: graph.elementwise("Swish", x)
    with pytest.raises(ExportError, match=r"^not written: the ONNX model is invalid: .*Swish") as caught:
        to_onnx(network, path)
    assert "\n" not in str(caught.value)
    ONNX_CONVERTERS._entries["Swish"] = lambda layer, x, params, graph: None
    with pytest.raises(ExportError, match=r"^the ONNX converter of Swish must return a Value"):
        to_onnx(network, path)
    assert not path.exists()


def test_expected_outputs_are_checked() -> None:
    network = network_of([Dense(3)], (2,))
    x = batch_of(network)
    to_onnx(network, examples=x, expected={"output": network(x)})
    with pytest.raises(ExportError, match="differs from the network"):
        to_onnx(network, examples=x, expected={"output": network(x) + 0.001})


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    network = network_of([Dense(3)], (2,))
    with pytest.raises(SettingError, match="unknown output 'logit'; did you mean 'logits'"):
        to_onnx(network, outputs=["logit"])
    with pytest.raises(ShapeError, match=r"the network takes \(N, 2\), not \(4, 3\)"):
        to_onnx(network, examples=np.zeros((4, 3)))
    with pytest.raises(ExportError, match=r"the preprocessing makes \(3,\); the network takes \(2,\)"):
        to_onnx(network, preprocessing=Preprocessing((3,)))
    with pytest.raises(ExportError, match=r"^cannot write .*: No such file"):
        to_onnx(network, tmp_path / "missing" / "network.onnx")
    network.vector[0] = np.nan
    with pytest.raises(ExportError, match="not written: the weights are not finite"):
        to_onnx(network)


def test_a_target_in_its_units() -> None:
    network = Network([Dense(1)], input_shape=(2,), seed=0)
    model = to_onnx(network, postprocessing=[Rescale(2e5, 1e4)], outputs=["logits", "output"])
    x = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
    raw, found = onnx.reference.ReferenceEvaluator(model).run(["logits", "output"], {"input": x})
    assert (raw.dtype, found.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(found, 2e5 + 1e4 * raw.astype(np.float64))
