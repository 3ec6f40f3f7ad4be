"""The lengths of padded sequences, computed in the graph from its input."""

from __future__ import annotations

import numpy as np

from nn_core.exchange.onnx.graph import Graph, Value

SCOPE = "lengths"
"""The first part of the names of all that is computed here."""


class Lengths:
    """What depends on the lengths of the sequences; each array is added when it is first asked for.

    x        the input of the network, (N, T) or (N, T, D)
    padding  the token, or the value of all features, that marks a padded step
    """

    def __init__(self, graph: Graph, x: Value, padding: float) -> None:
        self._graph, self._x, self._padding = graph, x, padding
        self._names: dict[str, str] = {}

    def last_index(self) -> str:
        """The last step of each sequence, (N, 1)."""
        if "last" not in self._names:
            lengths, graph = self._lengths(), self._graph
            with graph.only_inside(SCOPE):
                last = graph.node("Sub", lengths, graph.integers("one", 1))
                self._names["last"] = graph.node("Unsqueeze", last, graph.integers("axis", [1]))
        return self._names["last"]

    def mask(self, axes: int) -> str:
        """Whether a step is one of its sequence: (N, T, 1, ...) with this number of axes."""
        key = f"mask {axes}"
        if key not in self._names:
            lengths, graph = self._lengths(), self._graph
            with graph.only_inside(SCOPE):
                last = graph.node("Unsqueeze", lengths, graph.integers("axis", [1]))
                real = graph.node("LessOrEqual", self._steps(), last)
                trailing = graph.integers("axes", list(range(2, axes)))
                self._names[key] = graph.node("Unsqueeze", real, trailing) if axes > 2 else real
        return self._names[key]

    def counts(self, axes: int) -> str:
        """The lengths as real numbers: (N, 1, ...) with this number of axes."""
        key = f"counts {axes}"
        if key not in self._names:
            lengths, graph = self._lengths(), self._graph
            with graph.only_inside(SCOPE):
                counts = graph.cast(graph.value(lengths, (), dtype=np.int64), graph.dtype).name
                axis = graph.integers("axes", list(range(1, axes)))
                self._names[key] = graph.node("Unsqueeze", counts, axis) if axes > 1 else counts
        return self._names[key]

    def _steps(self) -> str:
        """1, 2, ..., T."""
        if "steps" not in self._names:
            graph = self._graph
            shape = graph.node("Shape", graph.in_our_order(self._x), start=1, end=2)
            one = graph.integers("one", 1)
            T = graph.node("Squeeze", shape, graph.integers("first_axis", [0]))
            self._names["steps"] = graph.node("Range", one, graph.node("Add", T, one), one)
        return self._names["steps"]

    def _lengths(self) -> str:
        """One plus the last step that is not padding, at least 1: (N,)."""
        if "lengths" not in self._names:
            graph, x = self._graph, self._x
            with graph.only_inside(SCOPE):
                padding = graph.constant("padding", np.array(self._padding), x.dtype)
                padded = graph.node("Equal", graph.in_our_order(x), padding)
                real = graph.cast(graph.value(graph.node("Not", padded), x.shape, dtype=np.bool_), np.int64).name
                if len(x.shape) > 1:
                    real = graph.node(
                        "ReduceMax", real, graph.integers("axes", list(range(2, 1 + len(x.shape)))), keepdims=0
                    )
                numbers = graph.node("Mul", real, self._steps())
                longest = graph.node("ReduceMax", numbers, graph.integers("axis", [1]), keepdims=0)
                self._names["lengths"] = graph.node("Max", longest, graph.integers("one", 1))
        return self._names["lengths"]
