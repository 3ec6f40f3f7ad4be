"""Readers that convert ONNX RNN, GRU and LSTM to layers; the inverse of `recurrent`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nn_core.exchange.onnx.graph import TIME_FIRST
from nn_core.exchange.onnx.model_file import attributes
from nn_core.exchange.onnx.readers import READERS, Part, Reading, real
from nn_core.exchange.onnx.recurrent import GATES, permuted
from nn_core.exchange.onnx.source import Position, Source, expect, require_settings
from nn_core.layers.gru import GRU
from nn_core.layers.last_step import LastStep
from nn_core.layers.lstm import LSTM
from nn_core.layers.recurrent import Recurrent
from nn_core.layers.simple_rnn import SimpleRNN

if TYPE_CHECKING:
    import onnx

CELLS = {"RNN": "SimpleRNN", "GRU": "GRU", "LSTM": "LSTM"}
ACTIVATIONS = {"RNN": ("Tanh",), "GRU": ("Sigmoid", "Tanh"), "LSTM": ("Sigmoid", "Tanh", "Tanh")}


def scan(node: onnx.NodeProto, x: Position, source: Source) -> Reading:
    """A recurrent layer, followed by LastStep if only the last state is used."""
    kind, settings = node.op_type, attributes(node)
    _require_standard(node, settings, source)
    expect(node, len(x.shape) == 2 and x.order == TIME_FIRST, "it takes sequences (T, N, features)")
    gates = np.argsort(GATES[CELLS[kind]])
    W, R = real(node, source.required(node, 1)), real(node, source.required(node, 2))
    units, blocks = R.shape[-1], len(gates)
    features = W.shape[-1]
    fits = W.shape == (1, blocks * units, features) and R.shape == (1, blocks * units, units) and units > 0
    expect(node, fits and x.shape[-1] == features, f"weights {W.shape} and {R.shape} do not fit inputs {x.shape}")
    require_settings(node, settings, {"hidden_size": (units,)})
    B = source.argument(node, 3)
    B = np.zeros((1, 2 * blocks * units), W.dtype) if B is None else real(node, B)
    expect(node, B.shape == (1, 2 * blocks * units), f"its biases have the shape {B.shape}")
    b, recurrent_bias = (permuted(half, gates.tolist()) for half in np.split(B[0], 2))
    weights = {"W_x": permuted(W[0].T, gates.tolist()), "W_h": permuted(R[0].T, gates.tolist())}
    layer: Recurrent
    if kind == "GRU" and settings.get("linear_before_reset", 0):
        layer = GRU(units)
        weights["b_h"] = recurrent_bias[2 * units :]
        recurrent_bias = np.concatenate([recurrent_bias[: 2 * units], np.zeros(units, B.dtype)])
    elif kind == "GRU":
        layer = GRU(units, reset_after=False)
    else:
        layer = LSTM(units) if kind == "LSTM" else SimpleRNN(units)
    weights["b"] = b + recurrent_bias
    return _outputs(node, Part(layer, weights), x, source)


def _outputs(node: onnx.NodeProto, part: Part, x: Position, source: Source) -> Reading:
    """Every step (T, 1, N, units), or the last (1, N, units): there is one direction."""
    units = part.weights["W_h"].shape[0]
    used = [index for index, name in enumerate(node.output) if source.uses.get(name) or name == source.end]
    expect(node, used in ([0], [1]), "only its steps or its last state can be read, not both, nor its cell state")
    name = node.output[used[0]]
    if used == [0]:
        return [part], Position(name, (x.shape[0], units), (1, -1, 0, 2))
    return [part, Part(LastStep(), {})], Position(name, (units,), (-1, 0, 1))


def _require_standard(node: onnx.NodeProto, settings: dict[str, Any], source: Source) -> None:
    """Raise DataError for unsupported features of the cells."""
    require_settings(
        node,
        settings,
        {"direction": ("forward",), "layout": (0,), "input_forget": (0,), "activations": (ACTIVATIONS[node.op_type],)},
    )
    for name in ("clip", "activation_alpha", "activation_beta"):
        expect(node, name not in settings, f"{name} is not supported")
    given = [*node.input, *[""] * 8]
    expect(node, not given[4], "lengths of sequences are not read")
    expect(node, not given[7] or not np.any(source.required(node, 7)), "peepholes are not supported")
    for name in filter(None, given[5:7]):
        expect(node, source.is_zero(name), "its initial state is not zero")


READERS.update(dict.fromkeys(CELLS, scan))
