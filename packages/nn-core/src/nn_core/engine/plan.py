"""The execution plan of a network: which fused layers compute which of its layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar

from nn_core.arrays import Array, Arrays, Shape, element_count
from nn_core.engine.fused import is_inference_noop, try_fuse
from nn_core.engine.fused.base import Fused
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer, State
from nn_core.layers.chain import Gradients, below
from nn_core.layers.context import BatchPart, Context
from nn_core.network import Network

T = TypeVar("T")
Mode = Literal["training", "inference"]


@dataclass(frozen=True)
class Node:
    """Layers of a network that are computed together.

    positions  of these layers in the network, in ascending order
    fused      the fused layer that replaces them, or None for a single unfused layer
    needs_d_x  whether an earlier layer is trainable
    """

    layers: tuple[Layer, ...]
    fused: Fused | None
    positions: tuple[int, ...]
    input_shape: Shape
    params: Arrays
    needs_d_x: bool

    @cached_property
    def stateless(self) -> Fused | None:
        """The fused layer, if it has no state."""
        if self.fused is None:
            return None
        own = type(self.fused).forward_fused_with_state
        return self.fused if own is Fused.forward_fused_with_state else None

    def __str__(self) -> str:
        first, last, layer = self.positions[0], self.positions[-1], self.fused or self.layers[0]
        layers = f"layer {last}" if last == first else f"layers {first} to {last}"
        return f"{layers}: {type(layer).__name__}"

    def arrays(self, named: Mapping[str, T]) -> dict[str, T]:
        """The arrays of the network under the names used by this node's layer."""
        return _arrays(named, self.fused, self.positions)

    def context(self, training: bool, part: BatchPart) -> Context:
        """The context of the node for a part of the batch."""
        training = training and all(layer.trainable for layer in self.layers)
        return Context(training, part, (self.positions[0],), self.needs_d_x)

    def forward(self, x: Array, state: State, context: Context, workspace: Workspace) -> tuple[Array, State, Cache]:
        """Forward through its layers; takes and returns the state of each layer."""
        if self.fused is not None:
            states = tuple(state[position] for position in self.positions)
            return self.fused.forward_fused_with_state(x, states, self.params, context, workspace)
        y, left, cache = self.layers[0].forward_with_state(x, state[self.positions[0]], self.params, context)
        return y, (left,), cache

    def backward(self, d_y: Array, cache: Cache, grads: Arrays, context: Context, workspace: Workspace) -> Array | None:
        """Backward through its layers, with zero gradient of the final state."""
        if self.fused is not None:
            return self.fused.backward_fused_with_state(d_y, (), cache, self.params, grads, context, workspace)[0]
        return self.layers[0].backward_with_state(d_y, (), cache, self.params, grads, context)[0]


@dataclass(frozen=True)
class Plan:
    """Nodes that compute a network's layers in order; for inference without dropout.

    size  number of layers of the network
    """

    nodes: tuple[Node, ...]
    mode: Mode
    size: int

    @classmethod
    def of(cls, network: Network, mode: Mode, *, fused: bool = True) -> Plan:
        """Plan a network, preferring the longest pattern; depends only on layers and shapes.

        fused  False for the network's own layers
        """
        left = [
            position
            for position, layer in enumerate(network.layers)
            if not (fused and mode == "inference" and is_inference_noop(layer))
        ]
        nodes: list[Node] = []
        needs_d_x = False
        while left:
            shape = network.shapes[left[0]]
            found = try_fuse([network.layers[i] for i in left], 0, shape, mode) if fused else None
            count = 1 if found is None else len(found.layers)
            positions, left = tuple(left[:count]), left[count:]
            layers, params = tuple(network.layers[i] for i in positions), _arrays(network.params, found, positions)
            nodes.append(Node(layers, found, positions, shape, params, needs_d_x))
            needs_d_x = needs_d_x or any(network.layers[i].trainable and below(network.params, i) for i in positions)
        return cls(tuple(nodes), mode, len(network.layers))

    def numbers_per_example(self, network: Network) -> int:
        """Elements that the nodes output, and in training cache, per example and time step."""
        total = 0
        for node in self.nodes:
            total += element_count(network.shapes[node.positions[-1] + 1])
            if node.fused is not None and self.mode == "training":
                total += node.fused.saved_activations(node.input_shape)
        return total

    def describe(self) -> list[str]:
        """A description of each fused node."""
        return [str(node) for node in self.nodes if node.fused is not None]


class PlanMemory:
    """The memory of one thread for running a plan: a context and a workspace per node."""

    def __init__(self, plan: Plan, workspaces: Sequence[Workspace]) -> None:
        self.part, self.size = BatchPart(), plan.size
        training = plan.mode == "training"
        self.steps = [
            (node, node.stateless, node.params, node.context(training, self.part), workspace)
            for node, workspace in zip(plan.nodes, workspaces, strict=True)
        ]

    def forward(self, x: Array, state: State) -> tuple[Array, State, list[Cache]]:
        """The output, the final state of each layer, and the caches."""
        caches: list[Cache] = []
        states: list[State] = [()] * self.size
        for node, stateless, params, context, workspace in self.steps:
            if stateless is not None:
                x, cache = stateless.forward_fused(x, params, context, workspace)
            else:
                x, left, cache = node.forward(x, state, context, workspace)
                for position, of_layer in zip(node.positions, left, strict=True):
                    states[position] = of_layer
            caches.append(cache)
        return x, tuple(states), caches

    def backward(self, d_output: Array, caches: list[Cache], grads: Sequence[Arrays]) -> None:
        """Compute the gradients of all nodes, in reverse order."""
        d: Array | None = d_output
        for i in range(len(self.steps) - 1, -1, -1):
            if d is None:
                return
            node, stateless, params, context, workspace = self.steps[i]
            if stateless is not None:
                d = stateless.backward_fused(d, caches[i], params, grads[i], context, workspace)
            else:
                d = node.backward(d, caches[i], grads[i], context, workspace)


def _arrays(named: Mapping[str, T], fused: Fused | None, positions: Sequence[int]) -> dict[str, T]:
    if fused is None:
        return below(named, positions[0])
    found = {f"{i}/{name}": array for i, index in enumerate(positions) for name, array in below(named, index).items()}
    return Gradients(found) if type(named) is Gradients else found
