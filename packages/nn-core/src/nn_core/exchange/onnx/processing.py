"""Preprocessing and postprocessing in the graph of a network.

Each step has two implementations, in NumPy and in the graph, so that an exported file can be checked
against the program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Shape
from nn_core.errors import ExportError
from nn_core.exchange.onnx.graph import Graph, Value

Data: TypeAlias = npt.NDArray[Any]


class Step(Protocol):
    """A step of preprocessing."""

    def __call__(self, x: Data, /) -> Data:
        """Apply the step to a batch (N, ...)."""

    def build(self, x: Value, graph: Graph, /) -> Value:
        """Add the step to the graph."""


@dataclass(frozen=True)
class Preprocessing:
    """Preprocessing from raw examples to the input of the network.

    shape     shape of a raw example, without the batch axis; None in it is the time axis
    dtype     type of a raw example: "uint8" for bytes, "float64" for columns to be standardized
    steps     first to last; the result is converted to the dtype of the network
    variants  test-time augmentation: steps for each variant, such as [(), (Resample(...),)]; the
              variants form one batch, and their probabilities are averaged
    description  of a raw example, for the metadata: "an RGB photo, 0 to 255"
    """

    shape: Shape
    dtype: str = "float32"
    steps: Sequence[Step] = ()
    variants: Sequence[Sequence[Step]] = ()
    description: str = ""

    def apply(self, x: Data) -> list[Data]:
        """The input of the network for each variant."""
        x = run(self.steps, x)
        return [run(steps, x) for steps in self.variants] or [x]

    def build(self, x: Value, graph: Graph, dtype: npt.DTypeLike) -> Value:
        """Add all steps to the graph; variants are concatenated along the batch axis."""
        with graph.inside("preprocessing"):
            x = build(self.steps, x, graph)
            if not self.variants:
                return graph.cast(x, dtype)
            found = [graph.cast(build(steps, x, graph), dtype) for steps in self.variants]
            if len(found) == 1:
                return found[0]
            name = graph.node("Concat", *(graph.canonical(value) for value in found), axis=0)
            return graph.value(name, found[0].shape, dtype=dtype)


@dataclass(frozen=True)
class Scale:
    """y = factor x: Scale(1 / 255) for bytes; integers become float32."""

    factor: float

    def __call__(self, x: Data) -> Data:
        x = _real(x)
        y: Data = x * np.asarray(self.factor, x.dtype)
        return y

    def build(self, x: Value, graph: Graph) -> Value:
        x = _cast_to_real(x, graph)
        name = graph.node("Mul", x.name, graph.constant("factor", self.factor, x.dtype))
        return graph.value(name, x.shape, order=x.order, dtype=x.dtype)


@dataclass(frozen=True)
class Standardize:
    """y = (x - mean) / std for each of the D columns, in the dtype of x.

    mean, std  (D,); use a float64 input if they are large
    """

    mean: Sequence[float]
    std: Sequence[float]

    def __call__(self, x: Data) -> Data:
        x = _real(x)
        y: Data = (x - np.asarray(self.mean, x.dtype)) / np.asarray(self.std, x.dtype)
        return y

    def build(self, x: Value, graph: Graph) -> Value:
        x = _cast_to_real(x, graph)
        centered = graph.node("Sub", graph.canonical(x), graph.constant("mean", self.mean, x.dtype))
        return graph.value(
            graph.node("Div", centered, graph.constant("std", self.std, x.dtype)), x.shape, dtype=x.dtype
        )


@dataclass(frozen=True)
class Rescale:
    """y = mean + std x in float64, the inverse of standardization: a real-valued target in its units.

    mean, std  numbers, or one per output
    """

    mean: float | Sequence[float]
    std: float | Sequence[float]

    def __call__(self, x: Data) -> Data:
        y: Data = np.asarray(self.mean) + np.asarray(self.std) * x.astype(np.float64)
        return y

    def build(self, x: Value, graph: Graph) -> Value:
        wide = graph.cast(x, np.float64)
        scaled = graph.node("Mul", graph.canonical(wide), graph.constant("std", self.std, np.float64))
        name = graph.node("Add", scaled, graph.constant("mean", self.mean, np.float64))
        return graph.value(name, x.shape, dtype=np.float64)


@dataclass(frozen=True)
class SelectColumns:
    """Select columns of (N, D), in this order."""

    columns: Sequence[int]

    def __call__(self, x: Data) -> Data:
        return x[..., np.asarray(self.columns, np.intp)]

    def build(self, x: Value, graph: Graph) -> Value:
        name = graph.node("Gather", graph.canonical(x), graph.integers("columns", self.columns), axis=len(x.shape))
        return graph.value(name, (*x.shape[:-1], len(self.columns)), dtype=x.dtype)


@dataclass(frozen=True)
class FlattenImages:
    """Flatten images (N, H, W, C) to (N, H * W * C)."""

    def __call__(self, x: Data) -> Data:
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def build(self, x: Value, graph: Graph) -> Value:
        return graph.reshape(x, (math.prod(int(size or 0) for size in x.shape),))


@dataclass(frozen=True)
class Resample:
    """Each output pixel is a weighted sum of K input pixels: a rotation or flip.

    y[n, p, c] = sum_k weights[p, k] x[n, index[p, k], c]

    x, y     images (N, H, W, C) of the same size, pixels p numbered row by row
    index    (H * W, K) integers
    weights  (H * W, K), None for K = 1 without weights
    """

    index: npt.NDArray[np.integer[Any]]
    weights: Array | None = None

    def __call__(self, x: Data) -> Data:
        N, H, W, C = x.shape
        pixels = _real(x).reshape(N, H * W, C)[:, self.index]
        if self.weights is not None:
            pixels = pixels * self.weights[:, :, None].astype(pixels.dtype)
        y: Data = pixels.sum(axis=2).reshape(x.shape)
        return y

    def build(self, x: Value, graph: Graph) -> Value:
        H, W, C = (int(size or 0) for size in x.shape)
        P, K = self.index.shape
        if (P, len(x.shape)) != (H * W, 3):
            raise ExportError(f"Resample of {P} pixels does not fit images of shape {x.shape}")
        x = _cast_to_real(x, graph)
        pixels = graph.reshape(x, (H * W, C))
        flat = graph.node("Gather", pixels.name, graph.constant("index", self.index.reshape(-1), np.int32), axis=1)
        apart = graph.value(flat, (P * K, C), dtype=x.dtype)
        if self.weights is None:
            return graph.reshape(apart, (H, W, C))
        grouped = graph.reshape(apart, (P, K, C))
        weighted = graph.node("Mul", grouped.name, graph.constant("weights", self.weights[:, :, None], x.dtype))
        summed = graph.node("ReduceSum", weighted, graph.integers("axis", [2]), keepdims=0)
        return graph.reshape(graph.value(summed, (P, C), dtype=x.dtype), (H, W, C))


def probabilities(logits: Value, graph: Graph) -> Value:
    """P(class | example): softmax of (..., C); 1 - p and p with p = sigmoid of (..., 1)."""
    axis = len(logits.shape)
    name = graph.canonical(logits)
    if logits.shape[-1] != 1:
        return graph.value(graph.node("Softmax", name, axis=axis), logits.shape)
    p = graph.node("Sigmoid", name)
    q = graph.node("Sub", graph.constant("one", 1.0), p)
    return graph.value(graph.node("Concat", q, p, axis=axis), (*logits.shape[:-1], 2))


def label(p: Value, graph: Graph) -> Value:
    """The index of the most likely class; the first in case of ties."""
    name = graph.node("ArgMax", graph.canonical(p), axis=len(p.shape), keepdims=0)
    return graph.value(name, p.shape[:-1], dtype=np.int64)


def mean_of_variants(p: Value, count: int, graph: Graph) -> Value:
    """The mean over variants that are concatenated along the batch axis."""
    sizes = [int(size or 0) for size in p.shape]
    apart = graph.node("Reshape", graph.canonical(p), graph.integers("shape", [count, -1, *sizes]))
    return graph.value(graph.node("ReduceMean", apart, graph.integers("axis", [0]), keepdims=0), p.shape)


def tempered(p: Value, temperature: float, graph: Graph) -> Value:
    """Probabilities under a temperature, softmax(log(p) / T), as `nn_core.calibration.temper` computes them."""
    positive = graph.node("Max", graph.canonical(p), graph.constant("least", 1e-30))
    scaled = graph.node("Div", graph.node("Log", positive), graph.constant("temperature", temperature))
    return graph.value(graph.node("Softmax", scaled, axis=len(p.shape)), p.shape)


def run(steps: Sequence[Step], x: Data) -> Data:
    """Apply the steps in turn."""
    for step in steps:
        x = step(x)
    return x


def build(steps: Sequence[Step], x: Value, graph: Graph) -> Value:
    """Add the steps to the graph in turn."""
    for step in steps:
        x = step.build(x, graph)
    return x


def _real(x: Data) -> Data:
    """Convert integers to float32."""
    return x if x.dtype.kind == "f" else x.astype(np.float32)


def _cast_to_real(x: Value, graph: Graph) -> Value:
    return x if x.dtype.kind == "f" else graph.cast(x, np.float32)
