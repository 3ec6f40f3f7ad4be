"""A layer that replaces a gradient array is detected at the first step."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nn_core.arrays import Array, Arrays
from nn_core.engine.engine import Engine
from nn_core.errors import SettingError
from nn_core.layers import Cache, Chain, Context, Dense, Layer, Parallel, Parameter, Residual
from nn_core.layers.chain import Gradients, below
from nn_core.losses import MeanSquaredError
from nn_core.network import Network
from nn_core.reference import Reference


@dataclass(frozen=True)
class Scale(Layer):
    """y = s x, with one s per feature."""

    fills: bool = False

    def parameters(self, input_shape: Any) -> dict[str, Parameter]:
        return {"s": Parameter(input_shape, "normal")}

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        return x * params["s"], x

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Any, context: Context) -> Array | None:
        d_s = (d_y * cache).sum(axis=0)
        if self.fills:
            grads["s"] *= 0
            grads["s"] += d_s
        else:
            grads["s"] = d_s
        return d_y * params["s"]


@pytest.mark.parametrize("fills", [True, False])
@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: Residual([s]), lambda s: Parallel([[], Chain([s])])])
def test_replacing_a_gradient_is_refused(wrap: Any, fills: bool) -> None:
    network = Network([Dense(3), wrap(Scale(fills))], input_shape=2, seed=0)
    x = np.ones((4, 2))
    y = np.ones((4, *network.output_shape))  # type: ignore[arg-type]
    for backend in (Reference(network), Engine(network), Engine(network, fused=False), Engine(network, shards=2)):
        if fills:
            gradients = backend.loss_and_gradients(x, y, MeanSquaredError()).gradients
            assert network.named(gradients)[next(name for name in network.declared if name.endswith("s"))].any()
        else:
            with pytest.raises(SettingError, match=r"^grads\['s'\] = ... replaces the array; fill it: grads\['s'\]"):
                backend.loss_and_gradients(x, y, MeanSquaredError())


def test_nested_gradients_cannot_be_replaced() -> None:
    assert type(below(Gradients({"0/W": 1}), 0)) is Gradients
    assert type(below({"0/W": 1}, 0)) is dict
