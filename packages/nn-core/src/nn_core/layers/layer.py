"""What a layer is: a value that names its hyper-parameters and knows its own derivative."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Shape
from nn_core.engine.thread_pool import ThreadPool
from nn_core.initializers import initializer

Cache: TypeAlias = tuple[Any, ...]
"""What `backward` needs of the forward pass; each layer says in its file what is in it."""

State: TypeAlias = tuple[Array, ...]
"""What a recurrent layer remembers between two steps: (h,) or (h, c), each (N, units)."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class Parameter:
    """An array that a layer learns or keeps.

    shape        its shape
    initializer  how it begins; several, if its last axis is cut into so many equal blocks, each
                 of which begins by itself
    decays       whether L2 pulls it to zero
    trained      whether the loss has a gradient for it that an optimizer follows; if not, it
                 is a running statistic: `backward` writes under its name what the network is
                 to subtract from it after the step
    """

    shape: Shape
    initializer: str | tuple[str, ...]
    decays: bool
    trained: bool = True

    def draw(self, rng: np.random.Generator) -> Array:
        """How it begins, drawn anew. Block by block, if they begin by themselves."""
        if isinstance(self.initializer, str):
            return initializer(self.initializer)(self.shape, rng=rng)
        *rest, width = self.shape
        shape = *rest, width // len(self.initializer)
        blocks = [initializer(each)(shape, rng=rng) for each in self.initializer]
        return np.concatenate(blocks, axis=-1)


class Context:
    """All that a layer's call needs beyond its numbers; one for each layer and thread.

    training   whether noise such as dropout is wanted
    rng        where that noise comes from
    needs_d_x  whether anybody reads what `backward` returns
    frozen     whether the weights stay as they are from call to call, so that what a layer
               makes of them alone need be made but once
    crew       the threads that share the work of the network

    A recurrent layer, besides, reads `initial_state` (None for zeros) and leaves `final_state`,
    arrays of the caller's own; going back it reads `d_final_state`, the gradient that comes
    from beyond the last step (None for zeros), and leaves `d_initial_state`. Nothing is carried
    from one call to the next unless the caller does it.
    """

    __slots__ = (
        "_buffers",
        "_made",
        "_twins",
        "crew",
        "d_final_state",
        "d_initial_state",
        "dtype",
        "final_state",
        "frozen",
        "initial_state",
        "needs_d_x",
        "rng",
        "training",
    )

    def __init__(
        self,
        dtype: npt.DTypeLike = np.float32,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
        needs_d_x: bool = True,
        frozen: bool = False,
        crew: ThreadPool | None = None,
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.training = training
        self.rng = rng
        self.needs_d_x = needs_d_x
        self.frozen = frozen
        self.initial_state: State | None = None
        self.final_state: State | None = None
        self.d_final_state: State | None = None
        self.d_initial_state: State | None = None
        self.crew = ThreadPool() if crew is None else crew
        self._buffers: dict[str, npt.NDArray[Any]] = {}
        self._made: dict[str, Any] = {}
        self._twins: list[Context] = []

    def twin(self, number: int) -> Context:
        """A context like this one with memory of its own; 0 is this one itself."""
        while len(self._twins) < number:
            self._twins.append(
                Context(
                    self.dtype,
                    training=self.training,
                    rng=self.rng,
                    needs_d_x=self.needs_d_x,
                    frozen=self.frozen,
                )
            )
        return self._twins[number - 1] if number else self

    def carry(self) -> None:
        """Begin the next call in the state in which the last one ended."""
        self.initial_state = self.final_state

    def forget(self) -> None:
        """Begin the next call in a state of zeros."""
        self.initial_state = None

    def scratch(
        self, name: str, shape: Shape, dtype: npt.DTypeLike | None = None
    ) -> npt.NDArray[Any]:
        """Memory that is kept between steps: the same array for the same name and shape.

        Its content is whatever was written last. Another shape under the same name is cut
        from the same memory, which only grows; the earlier array is then no longer valid.
        dtype  if it is not the context's; always the same for one name
        """
        array = self._buffers.get(name)
        if array is None or array.shape != shape:
            size = math.prod(shape)
            flat = array if array is None or array.base is None else array.base
            if flat is None or flat.size < size:
                flat = np.empty(size, self.dtype if dtype is None else dtype)
            array = self._buffers[name] = flat[:size].reshape(shape)
        return array

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make` makes of the weights alone: anew at each call, unless the weights stay."""
        if not self.frozen:
            return make()
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    def of_weights(self, name: str, shape: Shape, make: Callable[[Array], None]) -> Array:
        """Memory that `make` fills, as in `once`; made anew for another shape, too."""
        array = self.scratch(name, shape)
        if not (self.frozen and self._made.get(name) == shape):
            self._made.pop(name, None)
            make(array)
            self._made[name] = shape
        return array


@dataclass(frozen=True)
class Layer(ABC):
    """A frozen dataclass of hyper-parameters that owns no arrays.

    Shapes are those of one example, without the batch axis N, save in `forward` and
    `backward`. A layer is called a hundred thousand times: it checks shapes in
    `output_shape`, once, and not per call.

    couples_examples  whether, while training, an example's output depends on the others of
                      its batch, which then cannot be worked off in slices
    over_time         whether it reads the steps of a sequence in order: `forward` takes
                      (N, T, *input_shape), and shapes are those of one step
    takes_integers    whether its input is integers, which have no gradient: d_x is None
    draws             whether, while training, it takes numbers from the context's generator
    """

    couples_examples: ClassVar[bool] = False
    over_time: ClassVar[bool] = False
    takes_integers: ClassVar[bool] = False
    draws: ClassVar[bool] = False

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of one output. Raises ShapeError if the layer cannot take the input."""
        return input_shape

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        """What the layer learns, by name."""
        return {}

    def multiply_adds(self, input_shape: Shape) -> int:
        """Multiplications, each with its addition, of one forward pass of one example."""
        return 0

    def kept(self, input_shape: Shape) -> int:
        """Numbers, beside its output, that a layer keeps for each example until `backward`."""
        return 0

    @abstractmethod
    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        """y, and what `backward` needs of this pass. May return scratch memory."""

    @abstractmethod
    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        """Write the parameters' gradients into `grads`; d_x, or None if nobody needs it.

        Never touches the weights, nor d_y.
        """
