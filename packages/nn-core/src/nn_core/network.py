"""A chain of layers over one flat vector of parameters."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core import lanes, slicing
from nn_core.arrays import Array, Examples, Shape
from nn_core.engine.thread_pool import ThreadPool
from nn_core.errors import DataError, ShapeError
from nn_core.folding import uses
from nn_core.fusion import Stage, stages
from nn_core.layers.layer import Cache, Context, Layer
from nn_core.losses import Loss
from nn_core.registry import require
from nn_core.sequences import merge_time, split_time
from nn_core.summary import Summary, SummaryRow


class Network:
    """Layers in a row, each feeding the next.

    y = f_k( ... f_2( f_1(x) ) )

    All parameters lie in ONE vector, `parameters`, all gradients in another, `gradients`;
    each layer sees named views into them. Weights come first, in the order of the layers,
    then biases, then running statistics, which are not trained: L2 is arithmetic on
    `parameters[:weight_count]`, an optimizer or a norm on `parameters[:trained_count]`, a
    checkpoint keeps all, and none of them asks which layer a number belongs to.

    layers       the chain, first to last
    input_shape  of one example, without the batch axis
    rng          draws the first weights, layer after layer; None leaves them at zero
    dtype        float32, or float64 for checking gradients
    over_time    whether an example is a sequence: a batch is then (N, T, *input_shape), T may
                 differ from batch to batch, and all shapes are those of one step. Layers with
                 a memory read the steps in order; all others treat each step by itself.
    fused        whether a kernel may do the work of a layer, or of several in a row, where there
                 is one (`nn_core.fusion`); `stages` are then what it computes with, and `layers`
                 stay what it is made of. Values and gradients are the same up to rounding.
                 `uses` are what it predicts with, where what a BatchNorm has learnt goes into
                 the weights before it (`nn_core.folding`)

    Raises ShapeError if a layer does not fit the one before it, naming the layer, and
    SettingError for an empty chain, another dtype, or a layer that needs time and has none.
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        input_shape: Sequence[int],
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike = np.float32,
        over_time: bool = False,
        fused: bool = True,
    ) -> None:
        self.layers = tuple(layers)
        self.over_time = over_time
        self.fused = fused
        self.input_shape: Shape = tuple(input_shape)
        self.dtype = np.dtype(dtype)
        require(len(self.layers) > 0, "a network needs at least one layer")
        require(self.dtype in (np.float32, np.float64), f"no networks of {self.dtype}")
        for i, layer in enumerate(self.layers):
            require(over_time or not layer.over_time, f"{layer!r} needs a network over time")
            first = i == 0 or not layer.takes_integers
            require(first, f"{layer!r} takes integers, and can only stand first")
        self.shapes = self._infer_shapes()
        self.uses = uses(self.layers, self.input_shape, fused=fused)
        self._parameters = [
            layer.parameters(shape) for layer, shape in zip(self.layers, self.shapes, strict=False)
        ]
        declared = [parameter for named in self._parameters for parameter in named.values()]
        self.weight_count = sum(math.prod(p.shape) for p in declared if p.decays)
        self.trained_count = sum(math.prod(p.shape) for p in declared if p.trained)
        size = sum(math.prod(p.shape) for p in declared)
        if size * self.dtype.itemsize > sys.maxsize:
            raise MemoryError(f"{size:,} parameters")
        self.parameters: Array = np.zeros(size, self.dtype)
        self.gradients: Array = np.zeros(size, self.dtype)
        self.parameter_views = self.views_of(self.parameters)
        self.gradient_views = self.views_of(self.gradients)
        self._first_trained = next(
            (i for i, named in enumerate(self._parameters) if named), len(self.layers)
        )
        if rng is not None:
            self.initialize(rng)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """What it computes with, in training: kernels where there are any, and else the layers."""
        return stages(self.layers, self.shapes, fused=self.fused)

    @cached_property
    def stage_parameters(self) -> list[Mapping[str, Array]]:
        """The named parameters of each stage."""
        return self.by_stage(self.parameter_views)

    @cached_property
    def stage_gradients(self) -> list[Mapping[str, Array]]:
        """The named gradients of each stage."""
        return self.by_stage(self.gradient_views)

    @cached_property
    def slice_size(self) -> int:
        """How many examples of a batch pass through the network together."""
        return slicing.slice_size(self)

    @cached_property
    def predict_size(self) -> int:
        """How many examples at most are predicted together."""
        return slicing.predict_size(self)

    @property
    def output_shape(self) -> Shape:
        """The shape of one output, without the batch axis."""
        return self.shapes[-1]

    def initialize(self, rng: np.random.Generator) -> None:
        """Draw all parameters anew, each by its layer's initializer."""
        for declared, views in zip(self._parameters, self.parameter_views, strict=True):
            for name, parameter in declared.items():
                with np.errstate(over="ignore", invalid="ignore"):
                    views[name][...] = parameter.draw(rng)
                require(
                    bool(np.isfinite(views[name]).all()),
                    f"the initializer {parameter.initializer!r} draws weights that are not finite",
                )

    def views_of(self, vector: Array) -> list[dict[str, Array]]:
        """Per layer, the named arrays that a vector laid out as `parameters` holds."""
        views: list[dict[str, Array]] = [{} for _ in self.layers]
        start = 0
        for kind in ((True, True), (False, True), (False, False)):
            for declared, named in zip(self._parameters, views, strict=True):
                for name, parameter in declared.items():
                    if (parameter.decays, parameter.trained) == kind:
                        stop = start + math.prod(parameter.shape)
                        named[name] = vector[start:stop].reshape(parameter.shape)
                        start = stop
        return views

    def contexts(
        self,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
        needs_d_x: bool = False,
        frozen: bool = False,
        threads: int | ThreadPool = 1,
    ) -> list[Context]:
        """One context per layer, with memory of its own: one such list for each caller.

        needs_d_x  whether the gradient with respect to the network's input is wanted
        frozen     whether the weights stay as they are while these are in use
        threads    how many share the work of `loss_and_gradients` and `predict`, or the crew
                   that does; the results are the same bits for any number, so long as the
                   BLAS has one thread, as it has where there are several of these
        """
        crew = threads if isinstance(threads, ThreadPool) else ThreadPool(threads)
        return [
            Context(
                self.dtype,
                training=training,
                rng=rng,
                needs_d_x=needs_d_x or i > self._first_trained,
                frozen=frozen,
                crew=crew,
            )
            for i in range(len(self.layers))
        ]

    def forward(
        self, x: npt.NDArray[Any], contexts: Sequence[Context]
    ) -> tuple[Array, list[Cache]]:
        """Logits (N, ...) of a batch x (N, *input_shape), and what `backward` needs, by stage.

        Over time both have an axis of steps after N. What it returns lives in the contexts'
        memory until their next use; `predict` returns an array of one's own.
        Raises ShapeError if x has another shape, DataError if it is not integers where the
        first layer takes integers.
        """
        x = self.accepted(x)
        caches: list[Cache] = []
        for i in range(len(self.stages)):
            x, cache = self.forward_stage(i, x, contexts)
            caches.append(cache)
        return x, caches

    def accepted(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The batch x in the numbers that the first layer takes, if it has the right shape."""
        axes = 1 + self.over_time
        if x.shape[axes:] != self.input_shape or x.ndim < axes or 0 in x.shape[1:axes]:
            expected = ", ".join(map(str, ("N", "T")[:axes] + self.input_shape))
            raise ShapeError(f"the network takes ({expected}), not {x.shape}")
        if self.layers[0].takes_integers:
            if x.dtype.kind not in "iu":
                raise DataError(f"the network takes integers, not {x.dtype}")
            return x
        return x if x.dtype == self.dtype else x.astype(self.dtype)

    def forward_layer(self, i: int, x: Array, context: Context) -> tuple[Array, Cache]:
        """What layer i alone makes of the output of the layer before it."""
        return self._forward(self.layers[i], x, self.parameter_views[i], context)

    def forward_stage(self, i: int, x: Array, contexts: Sequence[Context]) -> tuple[Array, Cache]:
        """What stage i makes of the output of the stage before it."""
        stage = self.stages[i]
        return self._forward(stage.layer, x, self.stage_parameters[i], contexts[stage.home])

    def backward(
        self, d_logits: Array, caches: Sequence[Cache], contexts: Sequence[Context]
    ) -> Array | None:
        """Fill `gradients`, last layer first; d_x of the input if the contexts ask for it."""
        d: Array | None = d_logits
        for i, stage in reversed(list(enumerate(self.stages))):
            if d is None:
                break
            d = self._backward(i, d, caches[i], contexts[stage.home])
        return d

    def loss_and_gradients(
        self,
        x: npt.NDArray[Any],
        targets: npt.NDArray[Any],
        loss: Loss,
        contexts: Sequence[Context],
    ) -> tuple[float, Array]:
        """One forward and one backward pass: the loss and the logits; fills `gradients`.

        A batch of more than `slice_size` examples passes in slices, one after the other, and
        needs no more memory however large it is. The loss is a mean over examples, so that each
        slice counts by its share of them:

        L = sum n/N L_slice,   dL/dw = sum n/N dL_slice/dw

        The slices go in up to `lanes.LANES` lanes, which threads can work on side by side. How many
        there are, and the order of every sum, is a matter of the batch alone.

        Where a layer looks at all of the batch at once (`Coupled`), a slice is a lane, and the
        lanes wait for one another there. Not so over time, where states belong to the whole
        batch and the mean is over steps.
        """
        count = slicing.slice_count(self, len(x))
        with contexts[0].crew as crew:
            if count > 1:
                return lanes.loss_and_gradients(self, x, targets, loss, contexts, count, crew)
            logits, caches = self.forward(x, contexts)
            value, d_logits = loss(logits, targets)
            self.backward(d_logits, caches, contexts)
            return value, logits

    def fold_statistics(self) -> None:
        """Move the running statistics by what `backward` found in the batch: after the step.

        running -= (1 - momentum) (running - batch), one subtraction for all layers: their part
        of `gradients` holds the right-hand side.
        """
        if self.trained_count < self.parameters.size:
            self.parameters[self.trained_count :] -= self.gradients[self.trained_count :]

    def predict(
        self, x: Examples, *, batch_size: int = 256, contexts: Sequence[Context] | None = None
    ) -> Array:
        """Logits (N, *output_shape) of any number of examples, without noise.

        Runs over slices of at most `batch_size`, so that memory does not grow with N, through
        `uses`: a little less work than `forward`, with the same values up to rounding, which may
        depend on how many examples there are. Threads take a slice each (`nn_core.slicing`).
        Over time they are (N, T, *output_shape), and each example begins with a state of zeros.
        contexts  memory to use again, for whoever predicts often
        Raises SettingError for contexts that train.
        """
        contexts = self.contexts(frozen=True) if contexts is None else contexts
        params = self._params_of_uses(contexts)
        steps = x.shape[1:2] if self.over_time else ()
        count = slicing.predict_count(self, len(x), math.prod(steps), batch_size)
        logits = np.empty((len(x), *steps, *self.output_shape), self.dtype)

        def work(thread: int, i: int) -> None:
            rows = slice(len(x) * i // count, len(x) * (i + 1) // count)
            logits[rows] = self._use(x[rows], params, [c.twin(thread) for c in contexts])

        with contexts[0].crew if isinstance(x, np.ndarray) else ThreadPool() as crew:
            if crew.count > 1:
                for context in contexts:
                    context.twin(crew.count - 1)
            crew.map(work, count)
        return logits

    def use(self, x: npt.NDArray[Any], contexts: Sequence[Context]) -> Array:
        """Logits of one batch as `predict` computes them, with the states of the contexts.

        A layer with a memory sets out from the `initial_state` of its context and leaves a
        `final_state`. The logits live in the contexts' memory until their next use.
        Raises SettingError for contexts that train.
        """
        return self._use(x, self._params_of_uses(contexts), contexts)

    def _use(
        self,
        x: npt.NDArray[Any],
        params: Sequence[Mapping[str, Array]],
        contexts: Sequence[Context],
    ) -> Array:
        x = self.accepted(x)
        for use, mine in zip(self.uses, params, strict=True):
            x, _ = self._forward(use.layer, x, mine, contexts[use.memory])
        return x

    def _params_of_uses(self, contexts: Sequence[Context]) -> list[Mapping[str, Array]]:
        require(not contexts[0].training, "there is nothing to predict with contexts that train")

        def make() -> list[Mapping[str, Array]]:
            return [use.parameters(self.parameter_views, contexts) for use in self.uses]

        return contexts[0].once("parameters of uses", make)

    def summary(self) -> Summary:
        """The shape ledger: what each layer puts out, learns and costs; print it."""
        return Summary(
            self.input_shape,
            tuple(
                SummaryRow(
                    layer=repr(layer),
                    output_shape=self.shapes[i + 1],
                    parameters=(count := _size(self._parameters[i])),
                    bytes=count * self.dtype.itemsize,
                    multiply_adds=layer.multiply_adds(self.shapes[i]),
                )
                for i, layer in enumerate(self.layers)
            ),
            tuple(str(stage) for stage in self.stages if stage.is_fused),
            tuple(words for use in self.uses for words in use.folded),
        )

    def architecture(self) -> list[dict[str, Any]]:
        """The layers as plain names and numbers, from which `LAYERS` can build them again."""
        return [
            {"layer": type(layer).__name__} | dataclasses.asdict(layer) for layer in self.layers
        ]

    def _forward(
        self, layer: Layer, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        """What a layer makes of x, over time or step by step."""
        if layer.over_time or not self.over_time:
            return layer.forward(x, params, context)
        rows, cache = layer.forward(merge_time(x), params, context)
        return split_time(rows, *x.shape[:2]), cache

    def _backward(self, i: int, d_y: Array, cache: Cache, context: Context) -> Array | None:
        """The way back of `_forward` through stage i; fills the gradients of its layers."""
        layer = self.stages[i].layer
        params, grads = self.stage_parameters[i], self.stage_gradients[i]
        if layer.over_time or not self.over_time:
            return layer.backward(d_y, cache, params, grads, context)
        rows = layer.backward(merge_time(d_y), cache, params, grads, context)
        return None if rows is None else split_time(rows, *d_y.shape[:2])

    def by_stage(self, views: Sequence[Mapping[str, Array]]) -> list[Mapping[str, Array]]:
        """The named arrays of all layers of a stage, for each stage."""
        return [
            {name: a for named in views[stage.first : stage.stop] for name, a in named.items()}
            for stage in self.stages
        ]

    def _infer_shapes(self) -> list[Shape]:
        shapes = [self.input_shape]
        for i, layer in enumerate(self.layers):
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ShapeError as error:
                raise ShapeError(f"layer {i}, {layer!r}: {error}") from None
        return shapes


def _size(declared: Mapping[str, Any]) -> int:
    return sum(math.prod(parameter.shape) for parameter in declared.values())
