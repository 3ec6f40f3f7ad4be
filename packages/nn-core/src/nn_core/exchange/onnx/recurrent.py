"""ONNX converters for recurrent layers.

ONNX scans (T, N, D), and stores a weight per direction, transposed: W (1, gates * units, D), R
(1, gates * units, units), and the biases of both products in B (1, 2 * gates * units). Its gates
come in another order: update, reset, candidate for GRU; i, o, f, g for LSTM.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.exchange.onnx.converters import ONNX_CONVERTERS
from nn_core.exchange.onnx.graph import TIME_FIRST, Graph, Value
from nn_core.layers.gru import GRU
from nn_core.layers.lstm import LSTM
from nn_core.layers.recurrent import Recurrent
from nn_core.layers.simple_rnn import SimpleRNN

GATES: dict[str, tuple[int, ...]] = {"SimpleRNN": (0,), "GRU": (1, 0, 2), "LSTM": (1, 0, 2, 3)}
"""Gates in ONNX's order, as indices into the order here."""


@ONNX_CONVERTERS.register("SimpleRNN")
def simple_rnn(layer: SimpleRNN, x: Value, params: Arrays, graph: Graph) -> Value:
    return _scan("RNN", layer, x, params, np.zeros_like(params["b"]), graph)


@ONNX_CONVERTERS.register("GRU")
def gru(layer: GRU, x: Value, params: Arrays, graph: Graph) -> Value:
    """The bias b_h belongs to the product with the state, of the candidate only."""
    recurrent_bias = np.zeros_like(params["b"])
    if layer.reset_after:
        recurrent_bias[2 * layer.units :] = params["b_h"]
    return _scan("GRU", layer, x, params, recurrent_bias, graph, linear_before_reset=int(layer.reset_after))


@ONNX_CONVERTERS.register("LSTM")
def lstm(layer: LSTM, x: Value, params: Arrays, graph: Graph) -> Value:
    return _scan("LSTM", layer, x, params, np.zeros_like(params["b"]), graph)


def _scan(
    kind: str, layer: Recurrent, x: Value, params: Arrays, recurrent_bias: Array, graph: Graph, **attributes: Any
) -> Value:
    """The operation of a cell, with states as inputs and outputs if the graph has them."""
    gates = GATES[type(layer).__name__]
    W = graph.constant("W_x", permuted(params["W_x"], gates).T[None])
    R = graph.constant("W_h", permuted(params["W_h"], gates).T[None])
    biases = [permuted(params["b"], gates), permuted(recurrent_bias, gates)]
    B = graph.constant("b", np.concatenate(biases)[None])
    inputs = [graph.arranged(x, TIME_FIRST), W, R, B]
    states = [f"{graph.path}/{index}" for index in range(len(layer.state_names))]
    if graph.states:
        first = graph.integers("first_axis", [0])
        given = [graph.input(f"state/{state}", (layer.units,)) for state in states]
        inputs += ["", *(graph.node("Unsqueeze", value.name, first) for value in given)]
    outputs = 1 + len(states) if graph.states else 1
    y, *left = graph.nodes_outputs(kind, inputs, outputs, hidden_size=layer.units, **attributes)
    for state, name in zip(states, left, strict=False):
        graph.final_states[f"next_state/{state}"] = graph.value(graph.node("Squeeze", name, first), (layer.units,))
    squeezed = graph.node("Squeeze", y, graph.integers("second_axis", [1]))
    return graph.value(squeezed, (x.shape[0], layer.units), order=TIME_FIRST)


def permuted(weights: Array, gates: Sequence[int]) -> Array:
    """The blocks of the last axis, permuted."""
    blocks = np.split(weights, len(gates), axis=-1)
    return np.concatenate([blocks[gate] for gate in gates], axis=-1)
