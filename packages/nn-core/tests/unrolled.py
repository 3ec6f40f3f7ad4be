"""A recurrent layer with arrays around it, to be called in tests."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.layers import GRU, LSTM, Cache, Context, Recurrent, SimpleRNN, State


class Unrolled:
    """A recurrent layer with a batch, parameters, states and gradients, drawn from a seed."""

    def __init__(
        self, layer: Recurrent, N: int, T: int, D: int, *, seed: int = 0, dtype: npt.DTypeLike = np.float64
    ) -> None:
        rng = np.random.default_rng(seed)

        def draw(*shape: int) -> Array:
            return rng.normal(size=shape).astype(dtype)

        self.layer = layer
        self.context = Context()
        self.x, self.d_y = draw(N, T, D), draw(N, T, layer.units)
        declared = layer.parameters((T, D))
        self.params = {name: draw(*parameter.shape) for name, parameter in declared.items()}
        self.grads = {name: np.full_like(values, np.nan) for name, values in self.params.items()}
        self.state: State = tuple(draw(N, layer.units) for _ in layer.state_names)
        self.d_state: State = tuple(draw(N, layer.units) for _ in layer.state_names)

    def forward(self) -> tuple[Array, State, Cache]:
        return self.layer.forward_with_state(self.x, self.state, self.params, self.context)

    def backward(self, cache: Cache) -> tuple[Array, State]:
        d_x, d_state = self.layer.backward_with_state(
            self.d_y, self.d_state, cache, self.params, self.grads, self.context
        )
        assert d_x is not None
        return d_x, d_state

    def loss_of(self, y: Array, left: State) -> float:
        """sum(d_y y) + sum(d_state state): its gradients are d_y and d_state."""
        value = float((self.d_y * y).sum())
        return value + sum(float((d * s).sum()) for d, s in zip(self.d_state, left, strict=True))


CELLS: Mapping[str, Recurrent] = MappingProxyType(
    {"SimpleRNN": SimpleRNN(3), "GRU": GRU(3), "GRU, reset before": GRU(3, reset_after=False), "LSTM": LSTM(3)}
)
"""Every recurrent layer, by the name of its oracle."""
