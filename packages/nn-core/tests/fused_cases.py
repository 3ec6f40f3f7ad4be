"""Every fused layer with layers that it stands for, and how it is held to their chain."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays
from nn_core.engine.fused.base import Fused
from nn_core.engine.workspace import Workspace
from nn_core.layers import (
    GELU,
    GRU,
    LSTM,
    AveragePool2D,
    BatchNorm,
    Context,
    Conv2D,
    Dense,
    Embedding,
    InstanceNorm,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Sigmoid,
    SimpleRNN,
    Tanh,
)
from nn_core.layers.base import State
from nn_core.layers.chain import Chain
from nn_core.layers.context import BatchPart


class Outcome(NamedTuple):
    """What a chain, or the fused layer in its place, makes of a batch."""

    y: Array
    state: State
    d_x: Array | None
    d_state: State
    grads: Arrays


@dataclass(frozen=True)
class FusedCase:
    """Layers, and the class in `nn_core.engine.fused` that is to stand for them.

    shape  of an example; of sequences with a number of steps
    """

    module: str
    name: str
    layers: tuple[Layer, ...]
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name}-{self.pattern.replace(' ', '+')}-{'x'.join(map(str, self.shape))}"

    @property
    def pattern(self) -> str:
        """The classes of its layers, as in the list of fused layers."""
        return " ".join(type(layer).__name__ for layer in self.layers)

    @property
    def kind(self) -> type[Fused]:
        """The class of the fused layer."""
        module = importlib.import_module(f"nn_core.engine.fused.{self.module}")
        kind: type[Fused] = getattr(module, self.name)
        return kind

    @property
    def trains(self) -> bool:
        """Whether it is ever called in training mode."""
        return self.kind.mode != "inference" and all(layer.trainable for layer in self.layers)

    def fused(self) -> Fused:
        """The fused layer."""
        fused = self.kind.try_fuse(self.layers, self.shape)
        assert fused is not None, f"{self.name} declines {self.layers}"
        return fused


def batch(layers: tuple[Layer, ...], shape: tuple[int, ...], N: int, dtype: npt.DTypeLike) -> Array:
    """N examples that the layers take."""
    rng = np.random.default_rng(N)
    if layers[0].takes_integers:
        tokens: Any = rng.integers(5, size=(N, *shape))
        return tokens  # type: ignore[no-any-return]
    return rng.normal(size=(N, *shape)).astype(dtype)


def parameters(layers: tuple[Layer, ...], shape: tuple[int, ...], dtype: npt.DTypeLike) -> dict[str, Array]:
    """Those of the chain, at random; variances above zero."""
    rng = np.random.default_rng(7)
    return {
        name: (
            rng.uniform(0.5, 2.0, size=declared.shape)
            if name.endswith("running_variance")
            else rng.normal(size=declared.shape)
        ).astype(dtype)
        for name, declared in Chain(layers).parameters(shape).items()
    }


def gradient(y: Array) -> Array:
    """A gradient of y."""
    return np.random.default_rng(5).normal(size=y.shape).astype(y.dtype)


def run(
    layer: Chain,
    x: Array,
    params: Arrays,
    *,
    workspace: Workspace | None = None,
    training: bool = True,
    needs_d_x: bool = True,
    backward: bool = True,
    gradient: Callable[[Array], Array] = gradient,
) -> Outcome:
    """Through a chain, or with a workspace through the fused layer in its place."""
    context = Context(training, BatchPart((3, 4), 10), (), needs_d_x)
    grads = {name: np.full_like(array, np.nan) for name, array in params.items()}
    dtype = next((array.dtype for array in params.values()), x.dtype)
    state = layer.initial_state(len(x), x.shape[1:], dtype)
    before = x.copy()
    if isinstance(layer, Fused):
        workspace = Workspace() if workspace is None else workspace
        y, left, cache = layer.forward_fused_with_state(x, state, params, context, workspace)
    else:
        y, left, cache = layer.forward_with_state(x, state, params, context)
    d_x: Array | None = None
    d_state: State = ()
    kept = y.copy()
    if backward:
        d_y = gradient(y)
        d_before = d_y.copy()
        if isinstance(layer, Fused) and workspace is not None:
            d_x, d_state = layer.backward_fused_with_state(d_y, (), cache, params, grads, context, workspace)
        else:
            d_x, d_state = layer.backward_with_state(d_y, (), cache, params, grads, context)
        np.testing.assert_array_equal(d_y, d_before)
    np.testing.assert_array_equal(x, before)
    d_x = None if d_x is None or not needs_d_x else np.array(d_x)
    return Outcome(kept, left, d_x, d_state, grads)


def assert_same(found: Outcome, expected: Outcome, tolerance: float) -> None:
    """Equal up to `tolerance` times the largest number of each array, or times 1."""

    def same(a: Any, b: Any, what: str) -> None:
        if isinstance(b, tuple):
            for one, other in zip(a, b, strict=True):
                same(one, other, what)
            return
        assert (a is None) == (b is None), what
        if b is None:
            return
        assert a.dtype == b.dtype, what
        finite = np.abs(b[np.isfinite(b)])
        scale = max(1.0, float(finite.max(initial=0.0)))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale, err_msg=what)

    same(found.y, expected.y, "y")
    same(found.state, expected.state, "state")
    same(found.d_x, expected.d_x, "d_x")
    for name, array in expected.grads.items():
        same(found.grads[name], array, name)


def _conv(conv: Conv2D, shape: tuple[int, ...]) -> FusedCase:
    return FusedCase("toeplitz_conv2d", "ToeplitzConv2D", (conv,), shape)


def _folded(*layers: Layer, shape: tuple[int, ...] = (9, 11, 2)) -> FusedCase:
    return FusedCase("folded_conv2d", "FoldedConv2D", layers, shape)


_MAPS = (7, 6, 3)

CASES: list[FusedCase] = [
    _conv(Conv2D(5, (3, 2), strides=(2, 1), padding="same"), (7, 9, 3)),
    _conv(Conv2D(3, 3), (6, 8, 2)),
    _conv(Conv2D(4, (5, 4), strides=1, padding=(1, 2)), (6, 7, 1)),
    _conv(Conv2D(2, 2, strides=3), (8, 9, 2)),
    _conv(Conv2D(40, 3, padding="same"), (5, 4, 2)),
    FusedCase("winograd_conv2d", "WinogradConv2D", (Conv2D(4, 3, padding="same"),), (7, 5, 3)),
    FusedCase("winograd_conv2d", "WinogradConv2D", (Conv2D(2, 3),), (8, 3, 5)),
    FusedCase("winograd_conv2d", "WinogradConv2D", (Conv2D(3, 3, strides=1, padding=(2, 1)),), (1, 2, 2)),
    *(
        FusedCase("conv_relu_max_pool", "ConvReLUMaxPool", (conv, ReLU(), MaxPool2D(pool)), shape)
        for conv, pool, shape in (
            (Conv2D(3, 3, padding="same"), 2, (9, 7, 2)),
            (Conv2D(2, (2, 3), strides=(1, 2)), (4, 4), (9, 13, 1)),
            (Conv2D(33, 3, padding="same"), (4, 5), (8, 11, 2)),
        )
    ),
    *(
        FusedCase("batch_norm_relu_max_pool", "BatchNormReLUMaxPool", (BatchNorm(), ReLU(), MaxPool2D(pool)), shape)
        for pool, shape in ((2, (4, 6, 3)), ((3, 1), (3, 5, 2)))
    ),
    _folded(Conv2D(3, 3), BatchNorm(), ReLU(), MaxPool2D(2)),
    _folded(Conv2D(3, 3, strides=2, padding="same"), BatchNorm(epsilon=0.1), ReLU(), MaxPool2D(3, strides=2)),
    _folded(Conv2D(3, 3), BatchNorm(), ReLU(), MaxPool2D(4)),
    _folded(Conv2D(3, 3), BatchNorm(), ReLU()),
    _folded(Conv2D(3, 3), BatchNorm()),
    _folded(Conv2D(3, 3), ReLU(), MaxPool2D(2)),
    _folded(Conv2D(8, 3), BatchNorm(), shape=(6, 6, 8)),
    FusedCase("folded_dense", "FoldedDense", (Dense(4), BatchNorm()), (5,)),
    FusedCase("folded_dense", "FoldedDense", (Dense(4), BatchNorm()), (3, 5)),
    *(
        FusedCase("pool_before_activation", "PoolBeforeActivation", (activation, MaxPool2D((2, 3))), _MAPS)
        for activation in (ReLU(), LeakyReLU(0.2), Sigmoid(), Tanh())
    ),
    *(FusedCase("batch_norm", "BlockedBatchNorm", (BatchNorm(),), shape) for shape in ((4,), (5, 3), _MAPS)),
    FusedCase("batch_norm", "BlockedBatchNorm", (BatchNorm(trainable=False),), _MAPS),
    FusedCase("instance_norm", "BlockedInstanceNorm", (InstanceNorm(),), _MAPS),
    *(
        FusedCase("max_pool", "BlockedMaxPool2D", (pool,), _MAPS)
        for pool in (
            MaxPool2D(2),
            MaxPool2D((3, 2)),
            MaxPool2D((3, 1), strides=2),
            MaxPool2D(2, strides=3),
            MaxPool2D((4, 5)),
            MaxPool2D((1, 2), padding="same"),  # which is none for this image
        )
    ),
    *(
        FusedCase("average_pool", "BlockedAveragePool2D", (pool,), _MAPS)
        for pool in (AveragePool2D(2), AveragePool2D((3, 2), strides=1), AveragePool2D((1, 2), strides=(3, 4)))
    ),
    FusedCase("dense", "DenseActivation", (Dense(4),), (5,)),
    FusedCase("dense", "DenseActivation", (Dense(4),), (3, 5)),
    FusedCase("dense", "DenseActivation", (Dense(4),), (3, 2, 5)),
    FusedCase("dense", "DenseActivation", (Dense(4, trainable=False),), (5,)),
    *(
        FusedCase("dense", "DenseActivation", (Dense(4), activation), shape)
        for activation in (ReLU(), Sigmoid(), Tanh())
        for shape in ((5,), (3, 5))
    ),
    *(
        FusedCase("activation", "BufferedActivation", (activation,), shape)
        for activation in (ReLU(), LeakyReLU(0.2), Sigmoid(), Tanh(), GELU())
        for shape in ((5,), (4, 3), (31, 29, 2))
    ),
    *(
        FusedCase("embedded_recurrent", "EmbeddedRecurrent", (Embedding(5, 4), cell), (6,))
        for cell in (SimpleRNN(3), GRU(3), LSTM(3))
    ),
    FusedCase("embedding", "FusedEmbedding", (Embedding(5, 4),), (6,)),
    FusedCase("simple_rnn_scan", "SimpleRNNScan", (SimpleRNN(3),), (6, 2)),
    FusedCase("gru_scan", "GRUScan", (GRU(3),), (6, 2)),
    FusedCase("lstm_scan", "LSTMScan", (LSTM(3),), (6, 2)),
]
