"""A network: a chain of layers with one vector of parameters."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Examples
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.hints import HelpfulErrors
from nn_core.layers.base import Layer, Parameter, State, has_arrays
from nn_core.layers.chain import Chain, Gradients, below
from nn_core.layers.context import BatchPart, Context
from nn_core.layers.input_shape import as_batch, as_shape, looks_channels_first
from nn_core.layers.items import as_layers
from nn_core.memory import require_memory
from nn_core.noise import generator_from
from nn_core.parameter_layout import layout
from nn_core.registry import require

if TYPE_CHECKING:
    from nn_core.layers.bound import BoundLayer


class Network(HelpfulErrors):
    """A sequence of layers with a single parameter vector.

    `vector` holds all parameters: first the weights, in the order of the layers, then the biases,
    the running statistics and the frozen parameters. So L2 operates on `weights`, the first
    `weight_count` elements, and optimizers and norms on `trained`, the first `trained_count`
    elements, independent of layer boundaries. `params` are views of it by path: "3/W".

    A gradient is a vector in the same order; see `new_gradients`.

    layers       the layers, first to last; a string such as "relu" is an activation
    input_shape  shape of one example, without the batch axis; n means (n,). None is a variable
                 number of steps: (None, D) for sequences of features, (None,) for tokens
    seed         seed of the initial parameters; by default a fresh one, stored in `seed`
    rng          a generator that initializes the parameters layer by layer, instead of a seed
    dtype        float32, or float64 for gradient checks
    tied         name -> name of the parameter with which it is tied, of the same shape:
                 {"3/W": "0/W"}
    padding      of sequences, the token, or the value of all features, that marks a padded step
    initialize   False leaves the parameters at zero, to be filled

    Raises ShapeError if a layer does not fit the previous one, naming the layer, and SettingError
    for an empty chain, an item that is not a layer, another dtype, or invalid ties.
    """

    def __init__(
        self,
        layers: Iterable[Layer | str],
        *,
        input_shape: int | Sequence[int | None],
        seed: int | None = None,
        rng: int | np.random.Generator | None = None,
        dtype: npt.DTypeLike = np.float32,
        tied: Mapping[str, str] = MappingProxyType({}),
        padding: float | None = None,
        initialize: bool = True,
    ) -> None:
        self.chain = Chain(as_layers(layers, "Network"))
        self.layers = self.chain.layers
        self.input_shape = as_shape(input_shape)
        self.dtype = _as_dtype(dtype)
        require(len(self.layers) > 0, "a network needs at least one layer")
        if looks_channels_first(self.layers, self.input_shape):
            C, H, W = self.input_shape
            raise ShapeError(
                f"{self.input_shape} looks like channels first; use channels last: "
                f"input_shape={(H, W, C)}, x.transpose(0, 2, 3, 1)"
            )
        self.seed: int | None = None
        generator = None
        if initialize:
            self.seed, generator = generator_from(seed, rng)
        self.padding = padding
        require(padding is None or math.isfinite(padding), f"padding must be a finite number, not {padding}")
        require(padding is None or self._has_steps(), f"padding is for sequences, not for inputs {self.input_shape}")
        self.shapes = self.chain.shapes(self.input_shape)
        if padding is not None:
            from nn_core.layers.padding import check_padding

            check_padding(self.chain, self.input_shape)
        state = self.chain.initial_state(0, self.input_shape, self.dtype)
        self._no_state = None if has_arrays(state) else state
        self.output_shape = self.shapes[-1]
        self.batch_dependent = self.chain.batch_dependent
        self.declared: Mapping[str, Parameter] = self.chain.parameters(self.input_shape)
        self.tied = dict(tied)
        self._slices, ends, self._gradient_size = layout(self.declared, self.tied)
        self.weight_count, self.trained_count, self.statistics_end, size = ends
        drawn = max((math.prod(each.shape) for each in self.declared.values()), default=0) if initialize else 0
        needed = size * self.dtype.itemsize + drawn * np.dtype(np.float64).itemsize
        require_memory(needed, f"a network of {size:,} parameters", SettingError)
        if size * self.dtype.itemsize > sys.maxsize:
            raise MemoryError(f"{size:,} parameters")
        self.vector: Array = np.zeros(size, self.dtype)
        self.weights = self.vector[: self.weight_count]
        self.trained = self.vector[: self.trained_count]
        owners = {name: self.tied.get(name, name) for name in self.declared}
        self.params: Arrays = MappingProxyType(self._views(self.vector, owners))
        if generator is not None:
            self.initialize(generator)

    def __setattr__(self, name: str, value: object) -> None:
        """Raise SettingError for arrays that have views: they are filled, not replaced."""
        if name in ("vector", "weights", "trained", "params") and vars(self).get(name, value) is not value:
            raise SettingError(f"network.{name} has views in the network; fill it: network.vector[...] = vector")
        object.__setattr__(self, name, value)

    def __call__(self, x: npt.ArrayLike) -> Array:
        """The outputs for a batch x (N, ...), in prediction; for many examples, use `Engine.predict`."""
        return self.activations(np.asarray(x))[-1]

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[BoundLayer]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> BoundLayer:
        """A layer bound to its parameters in this network: call it as network[0](x)."""
        from nn_core.layers.bound import BoundLayer

        if not hasattr(index, "__index__"):
            raise SettingError(f"network[i] takes the number of a layer, not {index!r}; several: network.layers[:2]")
        if not -len(self) <= index < len(self):
            raise IndexError(f"there is no layer {index}; the last one is {len(self) - 1}")
        index = range(len(self))[operator.index(index)]
        return BoundLayer(self.layers[index], below(self.params, index), self.dtype)

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return f"Network([{layers}], input_shape={self.input_shape}, dtype={self.dtype})"

    def _repr_html_(self) -> str:
        """The layers as a table, for notebooks."""
        from nn_core.layers.outline import outline_html

        return outline_html(self.chain, self.input_shape, self.tied, self.vector.size)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy the settings and the vector; the views are recreated."""
        settings = {"input_shape": self.input_shape, "dtype": self.dtype, "tied": self.tied, "padding": self.padding}
        return _restored, (self.layers, settings, self.vector, self.seed)

    def count_params(self) -> int:
        """The number of parameters, including running statistics and frozen ones; tied ones count once."""
        return self.vector.size

    def freeze(self, *paths: int | str) -> Network:
        """A copy of the network with the layers at these paths frozen.

        paths  such as "0", or "2/1" for layer 1 inside layer 2; includes the layers inside them
        """
        from nn_core.layers.freeze import with_trainable

        require(len(paths) > 0, 'freeze takes the paths of layers, such as freeze("0", "2/1")')
        return self._with_chain(with_trainable(self.chain, paths, False))

    def unfreeze(self, *paths: int | str) -> Network:
        """A copy of the network with the layers at these paths trainable."""
        from nn_core.layers.freeze import with_trainable

        require(len(paths) > 0, 'unfreeze takes the paths of layers, such as unfreeze("0", "2/1")')
        return self._with_chain(with_trainable(self.chain, paths, True))

    def initialize(self, rng: np.random.Generator) -> None:
        """Initialize all parameters with their initializers, in the order of the layers."""
        for name, parameter in self.declared.items():
            if name in self.tied:
                continue
            with np.errstate(over="ignore", invalid="ignore"):
                self.params[name][...] = parameter.draw(rng)
            require(
                bool(np.isfinite(self.params[name]).all()),
                f"the initializer {parameter.initializer!r} produced non-finite weights",
            )

    def validate_input(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Validate the batch x and convert it to the dtype of the network.

        Raises ShapeError if it is not (N, *input_shape), DataError if it is not an array of real
        numbers, or of integers if the first layer takes integers.
        """
        require_array(x)
        takes_integers = self.layers[0].takes_integers
        if x.shape[1:] == self.input_shape and x.dtype == self.dtype and not takes_integers:
            return x
        return as_batch(x, self.input_shape, self.dtype, takes_integers=takes_integers)

    def lengths(self, x: npt.NDArray[Any]) -> npt.NDArray[np.intp] | None:
        """The number of steps of each sequence of a batch x (N, T, ...): (N,), at least 1.

        One plus the index of the last step that is not padding. None for a network without padding.
        """
        if self.padding is None:
            return None
        real = x != (x.dtype.type(self.padding) if x.dtype.kind == "f" else self.padding)
        real = real.any(axis=tuple(range(2, real.ndim)))
        lengths: npt.NDArray[np.intp] = (real * np.arange(1, real.shape[1] + 1)).max(axis=1, initial=1)
        return lengths

    def initial_state(self, N: int) -> State:
        """The initial state of N sequences."""
        if self._no_state is not None:
            return self._no_state
        pairs = zip(self.layers, self.shapes, strict=False)
        return tuple(layer.initial_state(N, shape, self.dtype) for layer, shape in pairs)

    def activations(self, x: npt.NDArray[Any]) -> list[Array]:
        """The output of every layer for a batch x, in prediction; the last is the network output."""
        x = self.validate_input(x)
        states = self.initial_state(len(x))
        outputs = []
        context = Context(training=False, part=BatchPart(lengths=self.lengths(x)))
        for index, child in enumerate(self.chain.contexts(self.params, context)):
            x, _, _ = self.layers[index].forward_with_state(x, states[index], below(self.params, index), child)
            outputs.append(x)
        return outputs

    def new_gradients(self) -> tuple[Array, Arrays]:
        """A zero gradient vector and its named views, which the layers fill.

        Tied parameters have separate gradients at the end of the vector, so that each layer may
        overwrite its own. The views cannot be rebound.
        """
        vector = np.zeros(self._gradient_size, self.dtype)
        return vector, self.gradient_views(vector)

    def gradient_views(self, vector: Array) -> Arrays:
        """Named views of a vector with the layout of `new_gradients`."""
        return Gradients(self._views(vector, {name: name for name in self.declared}))

    def named(self, vector: Array) -> Arrays:
        """Named views of a vector with the layout of all parameters, or of the trained ones."""
        return self._views(
            vector,
            {name: name for name in self.declared if name not in self.tied and self._slices[name].stop <= vector.size},
        )

    def finish_gradients(self, gradients: Array) -> Array:
        """Add tied gradients to their owners and clear those of frozen parameters, in place.

        Returns the gradient of the parameter vector, without tied gradients.
        """
        for name, owner in self.tied.items():
            gradients[self._slices[owner]] += gradients[self._slices[name]]
        if self.statistics_end < self.vector.size:
            gradients[self.statistics_end :] = 0
        return gradients[: self.vector.size]

    def update_running_stats(self, gradients: Array) -> None:
        """r <- momentum r + (1 - momentum) b for every running statistic r, after a step.

        b is the batch value, stored under the name of r among the gradients.
        """
        if self.trained_count == self.statistics_end:
            return
        for name, parameter in self.declared.items():
            if parameter.momentum is not None:
                r = self.params[name]
                batch = gradients[self._slices[name]].reshape(r.shape)
                r += (1.0 - parameter.momentum) * (batch - r)

    def _with_chain(self, chain: Chain) -> Network:
        """A copy with the same parameters and another chain of the same shapes."""
        network = Network(
            chain.layers,
            input_shape=self.input_shape,
            dtype=self.dtype,
            tied=self.tied,
            padding=self.padding,
            initialize=False,
        )
        network.seed = self.seed
        for name, array in self.params.items():
            network.params[name][...] = array
        return network

    def _has_steps(self) -> bool:
        """Whether an example is a sequence."""
        return self.chain.takes_integers or len(self.input_shape) == 2 or self.input_shape[:1] == (None,)

    def _views(self, vector: Array, owners: Mapping[str, str]) -> dict[str, Array]:
        return {name: vector[self._slices[owner]].reshape(self.declared[name].shape) for name, owner in owners.items()}


def require_network(network: object, call: str) -> None:
    """Raise SettingError unless it is a Network.

    call  the name of the function or class that takes it: "summarize"
    """
    if not isinstance(network, Network):
        own = f": {call}(model.network)" if isinstance(getattr(network, "network", None), Network) else ""
        raise SettingError(f"{call} takes a Network, not {type(network).__name__}{own}")


def _restored(layers: Sequence[Layer], settings: Mapping[str, Any], vector: Array, seed: int | None) -> Network:
    """Unpickle a network."""
    network = Network(layers, **settings, initialize=False)
    network.vector[...] = vector
    network.seed = seed
    return network


def _as_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if kind not in (np.float32, np.float64):
        raise SettingError(f"a network computes in float32 or float64, not {dtype if kind is None else kind}")
    return kind


def require_array(x: Examples) -> None:
    """Raise DataError if x is not an array."""
    if not hasattr(x, "shape"):
        raise DataError(f"the network takes an array of examples, not {type(x).__name__}")
