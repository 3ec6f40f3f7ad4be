"""A network: a chain of layers with one vector of parameters."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Examples, Shape
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.layers.base import Layer, Parameter, State, has_arrays
from nn_core.layers.chain import Chain, below
from nn_core.layers.context import Context
from nn_core.registry import require


class Network:
    """Layers in a row, each feeding the next, over one vector of parameters.

    `vector` holds all parameters: first the weights, in the order of the layers, then the
    biases, then the running statistics, then what is frozen. So L2 is arithmetic on `weights`,
    its first `weight_count` numbers, an optimizer or a norm on `trained`, its first
    `trained_count`, and none of them asks which layer a number belongs to. `params` are views
    of it by path: "3/W".

    A gradient is a vector of the same order; see `new_gradients`.

    layers       the chain, first to last
    input_shape  of one example, without the batch axis; None is a number of steps that may
                 vary: (None, D) for sequences of features, (None,) for sequences of tokens
    rng          draws the first parameters, layer after layer; None leaves them at zero
    dtype        float32, or float64 for checking gradients
    tied         name -> name of the parameter that it shares, of the same shape, as in
                 {"3/W": "0/W"}

    Raises ShapeError if a layer does not fit the one before it, naming the layer, and
    SettingError for an empty chain, another dtype, or what cannot be tied.
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        input_shape: Sequence[int | None],
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike = np.float32,
        tied: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.chain = Chain(tuple(layers))
        self.layers = self.chain.layers
        self.input_shape: Shape = tuple(input_shape)
        self.dtype = np.dtype(dtype)
        require(len(self.layers) > 0, "a network needs at least one layer")
        require(self.dtype in (np.float32, np.float64), f"a network computes in float32 or float64, not {self.dtype}")
        for layer in self.layers[1:]:
            require(not layer.takes_integers, f"{layer!r} takes integers: it must come first")
        self.shapes = self.chain.shapes(self.input_shape)
        state = self.chain.initial_state(0, self.input_shape, self.dtype)
        self._no_state = None if has_arrays(state) else state
        self.output_shape = self.shapes[-1]
        self.batch_dependent = self.chain.batch_dependent
        self.declared: Mapping[str, Parameter] = self.chain.parameters(self.input_shape)
        self.tied = dict(tied)
        self._check_tied()
        self._slices, ends, self._gradient_size = self._layout()
        self.weight_count, self.trained_count, self.statistics_end, size = ends
        if size * self.dtype.itemsize > sys.maxsize:
            raise MemoryError(f"{size:,} parameters")
        self.vector: Array = np.zeros(size, self.dtype)
        self.weights = self.vector[: self.weight_count]
        self.trained = self.vector[: self.trained_count]
        owners = {name: self.tied.get(name, name) for name in self.declared}
        self.params = self._views(self.vector, owners)
        if rng is not None:
            self.initialize(rng)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[BoundLayer]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> BoundLayer:
        """A layer with its parameters in this network, to be called: network[0](x)."""
        index = range(len(self))[index]
        return BoundLayer(self.layers[index], below(self.params, index), self.dtype)

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return f"Network([{layers}], input_shape={self.input_shape}, dtype={self.dtype})"

    def initialize(self, rng: np.random.Generator) -> None:
        """Draw all parameters, each by its layer's initializer, in the order of the layers."""
        for name, parameter in self.declared.items():
            if name in self.tied:
                continue
            with np.errstate(over="ignore", invalid="ignore"):
                self.params[name][...] = parameter.draw(rng)
            require(
                bool(np.isfinite(self.params[name]).all()),
                f"the initializer {parameter.initializer!r} draws weights that are not finite",
            )

    def validate_input(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The batch x in the numbers that the first layer takes.

        Raises ShapeError if it is not (N, *input_shape), DataError if it is not an array, not
        integers where the first layer takes integers, or not real numbers.
        """
        require_array(x)
        takes_integers = self.layers[0].takes_integers
        if x.shape[1:] == self.input_shape and x.dtype == self.dtype and not takes_integers:
            return x
        fits = len(x.shape) == 1 + len(self.input_shape) and all(
            given == size or (size is None and given > 0)
            for given, size in zip(x.shape[1:], self.input_shape, strict=True)
        )
        if not fits:
            steps = ("T" if size is None else str(size) for size in self.input_shape)
            raise ShapeError(f"the network takes ({', '.join(('N', *steps))}), not {x.shape}")
        if takes_integers:
            if x.dtype.kind not in "iu":
                raise DataError(f"the network takes integers, not {x.dtype}")
            return x
        if x.dtype == self.dtype:
            return x
        if x.dtype.kind not in "biuf":
            raise DataError(f"the network takes real numbers, not {x.dtype}")
        return x.astype(self.dtype)

    def initial_state(self, N: int) -> State:
        """The state with which N sequences begin."""
        if self._no_state is not None:
            return self._no_state
        return self.chain.initial_state(N, self.input_shape, self.dtype)

    def activations(self, x: npt.NDArray[Any]) -> list[Array]:
        """The output of every layer for a batch x, in prediction; the last is the network's."""
        x = self.validate_input(x)
        states = self.initial_state(len(x))
        outputs = []
        for index, child in enumerate(self.chain.contexts(self.params, Context(training=False))):
            x, _, _ = self.layers[index].forward_with_state(x, states[index], below(self.params, index), child)
            outputs.append(x)
        return outputs

    def new_gradients(self) -> tuple[Array, Arrays]:
        """A vector of zeros and its named views, which the layers fill.

        Behind the parameters' places it has one for each tied parameter, so that a layer may
        overwrite what it fills. The views cannot be rebound.
        """
        vector = np.zeros(self._gradient_size, self.dtype)
        return vector, self.gradient_views(vector)

    def gradient_views(self, vector: Array) -> Arrays:
        """Named views of a vector laid out as that of `new_gradients`."""
        return self._views(vector, {name: name for name in self.declared})

    def named(self, vector: Array) -> Arrays:
        """Views by name of a vector laid out as the parameters, or as those that are trained."""
        return self._views(
            vector,
            {name: name for name in self.declared if name not in self.tied and self._slices[name].stop <= vector.size},
        )

    def finish_gradients(self, gradients: Array) -> Array:
        """Add tied gradients to their owners and clear those of what is frozen, in place.

        Returns the part that is as long as the parameters.
        """
        for name, owner in self.tied.items():
            gradients[self._slices[owner]] += gradients[self._slices[name]]
        if self.statistics_end < self.vector.size:
            gradients[self.statistics_end :] = 0
        return gradients[: self.vector.size]

    def update_running_stats(self, gradients: Array) -> None:
        """r <- momentum r + (1 - momentum) b for every running statistic r, after a step.

        b is the batch's value, which stands under the name of r among the gradients.
        """
        if self.trained_count == self.statistics_end:
            return
        for name, parameter in self.declared.items():
            if parameter.momentum is not None:
                r = self.params[name]
                batch = gradients[self._slices[name]].reshape(r.shape)
                r += (1.0 - parameter.momentum) * (batch - r)

    def _check_tied(self) -> None:
        for name, owner in self.tied.items():
            if name not in self.declared or owner not in self.declared:
                raise SettingError(f"cannot tie {name!r} to {owner!r}: no such parameter")
            alike = self.declared[name].shape == self.declared[owner].shape
            if owner in self.tied or not alike:
                raise SettingError(f"cannot tie {name!r} to {owner!r}: not an untied parameter of its shape")

    def _layout(self) -> tuple[dict[str, slice], list[int], int]:
        """Where each parameter lies, where each region ends, and the size of a gradient."""
        own = [name for name in self.declared if name not in self.tied]
        own.sort(key=lambda name: self.declared[name].region)
        slices: dict[str, slice] = {}
        start, ends = 0, [0, 0, 0, 0]
        for name in own:
            stop = start + math.prod(self.declared[name].shape)
            slices[name] = slice(start, stop)
            for region in range(self.declared[name].region, 4):
                ends[region] = stop
            start = stop
        for name in self.tied:
            stop = start + math.prod(self.declared[name].shape)
            slices[name] = slice(start, stop)
            start = stop
        return slices, ends, start

    def _views(self, vector: Array, owners: Mapping[str, str]) -> Arrays:
        return MappingProxyType(
            {name: vector[self._slices[owner]].reshape(self.declared[name].shape) for name, owner in owners.items()}
        )


def require_array(x: Examples) -> None:
    """Raise DataError for what is no array, such as a list."""
    if not hasattr(x, "shape"):
        raise DataError(f"the network takes an array of examples, not {type(x).__name__}")


@dataclass(frozen=True)
class BoundLayer:
    """A layer with its parameters in a network."""

    layer: Layer
    params: Arrays
    dtype: np.dtype[Any]

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Its output for a batch x, in prediction and from the initial state.

        Raises ShapeError if x does not fit the layer or its parameters, DataError if it is not
        real numbers.
        """
        x = np.asarray(x)
        if x.dtype.kind not in ("iu" if self.layer.takes_integers else "biuf"):
            raise DataError(f"{self.layer!r} does not take {x.dtype}")
        if not self.layer.takes_integers and x.dtype.kind != "f":
            x = x.astype(self.dtype)
        shape = x.shape[1:]
        self.layer.output_shape(shape)
        for name, parameter in self.layer.parameters(shape).items():
            if parameter.shape != self.params[name].shape:
                raise ShapeError(f"{self.layer!r} does not take examples of shape {shape} in this network")
        state = self.layer.initial_state(len(x), shape, self.dtype)
        y, _, _ = self.layer.forward_with_state(x, state, self.params, Context(training=False))
        return y
