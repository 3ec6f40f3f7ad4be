"""The lengths of padded sequences, computed in the graph from its input on first use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nn_core.errors import ExportError
from nn_core.exchange.onnx.graph import Graph, Value

SCOPE = "lengths"
"""Prefix of the names of the arrays computed here."""


def last_index(graph: Graph) -> str:
    """The last step of each sequence, (N, 1)."""

    def build() -> str:
        last = graph.node("Sub", _lengths(graph), graph.integers("one", 1))
        return graph.node("Unsqueeze", last, graph.integers("axis", [1]))

    return _once(graph, "last_index", build)


def mask(graph: Graph, axes: int) -> str:
    """Whether each step is real, not padding: (N, T, 1, ...) with this number of axes."""

    def build() -> str:
        lengths = graph.node("Unsqueeze", _lengths(graph), graph.integers("axis", [1]))
        real = graph.node("LessOrEqual", _steps(graph), lengths)
        return graph.node("Unsqueeze", real, graph.integers("axes", range(2, axes))) if axes > 2 else real

    return _once(graph, f"mask_{axes}", build)


def counts(graph: Graph, axes: int) -> str:
    """The lengths as floats: (N, 1, ...) with this number of axes."""

    def build() -> str:
        found = graph.cast(graph.value(_lengths(graph), (), dtype=np.int64), graph.dtype).name
        return graph.node("Unsqueeze", found, graph.integers("axes", range(1, axes))) if axes > 1 else found

    return _once(graph, f"counts_{axes}", build)


def _steps(graph: Graph) -> str:
    """1, 2, ..., T."""

    def build() -> str:
        x, _ = _padded(graph)
        size = graph.node("Shape", graph.canonical(x), start=1, end=2)
        T, one = graph.node("Squeeze", size, graph.integers("first_axis", [0])), graph.integers("one", 1)
        return graph.node("Range", one, graph.node("Add", T, one), one)

    return _once(graph, "steps", build)


def _lengths(graph: Graph) -> str:
    """One plus the last step that is not padding, at least 1: (N,)."""

    def build() -> str:
        x, padding = _padded(graph)
        padded = graph.node("Equal", graph.canonical(x), graph.constant("padding", np.array(padding), x.dtype))
        real = graph.cast(graph.value(graph.node("Not", padded), x.shape, dtype=np.bool_), np.int64).name
        if len(x.shape) > 1:
            real = graph.node("ReduceMax", real, graph.integers("axes", range(2, 1 + len(x.shape))), keepdims=0)
        numbers = graph.node("Mul", real, _steps(graph))
        longest = graph.node("ReduceMax", numbers, graph.integers("axis", [1]), keepdims=0)
        return graph.node("Max", longest, graph.integers("one", 1))

    return _once(graph, "lengths", build)


def _once(graph: Graph, name: str, build: Callable[[], str]) -> str:
    """The array of this name, built on first use."""
    if name not in graph.shared:
        with graph.only_inside(SCOPE):
            graph.shared[name] = build()
    return graph.shared[name]


def _padded(graph: Graph) -> tuple[Value, float]:
    """The input of the network, (N, T) or (N, T, D), and the padding value."""
    if graph.padded is None:
        raise ExportError("only padded sequences have lengths")
    return graph.padded
