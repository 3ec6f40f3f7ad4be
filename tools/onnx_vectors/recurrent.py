"""ONNX's recurrent operators as calls of layers; see `operators`."""

from __future__ import annotations

import numpy as np

from nn_core.exchange.onnx.recurrent import GATES, permuted
from nn_core.layers import GRU, LSTM, SimpleRNN
from nn_core.layers.context import Context
from nn_core.layers.recurrent import Recurrent
from onnx_vectors.calls import Operator, Outputs, Settings, expect
from onnx_vectors.vectors import Values


def recurrent(kind: str) -> Operator:
    """A scan in either direction, from zero or another initial state."""

    def operator(
        given: Settings,
        x: Values,
        W: Values,
        R: Values,
        B: Values | None = None,
        lengths: Values | None = None,
        *states: Values | None,
    ) -> Outputs:
        expect(len(states) < 3 and "clip" not in given, "peepholes, or clipped states")
        expect(not given.get("activations") or kind == "SimpleRNN", "other activations")
        batch_first = bool(given.get("layout"))
        x = x if batch_first else x.swapaxes(0, 1)
        expect(lengths is None or (lengths == x.shape[1]).all(), "lengths")
        first = [s if batch_first or s is None else s.swapaxes(0, 1) for s in states]
        outputs, finals = [], []
        for number in range(len(W)):
            turn = slice(None, None, -1 if given.get("direction") == "reverse" or number == 1 else None)
            layer, params = _cell(kind, given, W[number], R[number], None if B is None else B[number])
            zeros = layer.initial_state(len(x), x.shape[1:], x.dtype)
            begin = tuple(
                zeros[i] if s is None else s[:, number] for i, s in enumerate([*first, None, None][: len(zeros)])
            )
            y, left, _ = layer.forward_with_state(x[:, turn], begin, params, Context(training=False))
            outputs.append(y[:, turn])
            finals.append(left)
        y, last = np.stack(outputs, axis=2), [np.stack(part, axis=1) for part in zip(*finals, strict=True)]
        return [y, *last] if batch_first else [y.transpose(1, 2, 0, 3), *(part.swapaxes(0, 1) for part in last)]

    return operator


def _cell(kind: str, given: Settings, W: Values, R: Values, B: Values | None) -> tuple[Recurrent, dict[str, Values]]:
    """A layer with the weights of one direction, its gates in our order."""
    gates = np.argsort(GATES[kind]).tolist()
    units = R.shape[-1]
    b, recurrent_bias = np.split(np.zeros(2 * len(R), W.dtype) if B is None else B, 2)
    b, recurrent_bias = permuted(b, gates), permuted(recurrent_bias, gates)
    params = {"W_x": permuted(W.T, gates), "W_h": permuted(R.T, gates)}
    layer: Recurrent = SimpleRNN(units) if kind == "SimpleRNN" else LSTM(units)
    if kind == "GRU":
        layer = GRU(units, reset_after=bool(given.get("linear_before_reset")))
        if layer.reset_after:
            params["b_h"] = recurrent_bias[2 * units :]
            recurrent_bias = np.concatenate([recurrent_bias[: 2 * units], np.zeros_like(recurrent_bias[:units])])
    return layer, params | {"b": b + recurrent_bias}
