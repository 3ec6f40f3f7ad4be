"""A batch in slices, which go in lanes that threads can work on side by side.

So no more memory is needed however large the batch is. Each lane works off its slices one after
the other; how many slices and lanes there are, and the order of every sum, is a matter of the batch
alone, so that the bits are the same for any number of threads, if the BLAS has one. Where layers
look at all of the batch at once (`Coupled`), a slice is a lane, and the lanes wait for one another
there.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.engine.thread_pool import ThreadPool
from nn_core.layers.coupled import Coupled, Share
from nn_core.layers.layer import Cache, Context
from nn_core.losses import Loss

if TYPE_CHECKING:
    from nn_core.network import Network

LANES = 4
"""Rows of slices of a batch that can be worked on at the same time."""


class Pass:
    """A part of a batch on its way through the network and back, as far as it has come.

    x      what the stages so far made of it
    grads  where their gradients go, by stage
    d      the gradient of that, on the way back; None if nobody needs it
    whole  what coupled layers agreed on, for the next of them
    """

    def __init__(
        self,
        network: "Network",
        x: npt.NDArray[Any],
        contexts: Sequence[Context],
        grads: Sequence[Mapping[str, Array]],
    ) -> None:
        self.network = network
        self.x: Array = network.accepted(x)
        self.d: Array | None = None
        self.contexts = contexts
        self.grads = grads
        self.caches: list[Cache] = []
        self.whole: Share = ()

    def context(self, i: int) -> Context:
        """That of stage i."""
        return self.contexts[self.network.stages[i].home]

    def forward(self, stop: int) -> None:
        """Through the next stages, up to and without `stop`."""
        network = self.network
        for i in range(len(self.caches), stop):
            layer, params = network.stages[i].layer, network.stage_parameters[i]
            if isinstance(layer, Coupled):
                part = layer.forward_part(self.x, self.whole, params, self.context(i))
            else:
                part = layer.forward(self.x, params, self.context(i))
            self.x = part[0]
            self.caches.append(part[1])

    def backward(self, stop: int) -> None:
        """Back through the last stages, down to and with `stop`; fills `grads`."""
        network = self.network
        while len(self.caches) > stop and self.d is not None:
            cache, i = self.caches.pop(), len(self.caches)
            layer, context = network.stages[i].layer, self.context(i)
            if isinstance(layer, Coupled):
                if not context.needs_d_x:
                    self.d = None
                    return
                self.d = layer.backward_part(self.d, cache, self.whole, context)
            else:
                params = network.stage_parameters[i]
                self.d = layer.backward(self.d, cache, params, self.grads[i], context)


def loss_and_gradients(
    network: "Network",
    x: npt.NDArray[Any],
    targets: npt.NDArray[Any],
    loss: Loss,
    contexts: Sequence[Context],
    count: int,
    crew: ThreadPool,
) -> tuple[float, Array]:
    """`Network.loss_and_gradients` in `count` slices of nearly the same size."""
    N, lanes = len(x), min(LANES, count)
    logits = np.empty((N, *network.output_shape), network.dtype)
    values = [0.0] * count
    totals = np.zeros((lanes, network.gradients.size), network.dtype)
    noises = _noises(network, count, contexts[0])

    def batch_part(i: int) -> slice:
        return slice(N * i // count, N * (i + 1) // count)

    def passes_of(memory: int, i: int, grads: Array) -> "Pass":
        mine = [context.twin(memory) for context in contexts]
        if noises is not None:
            for context in mine:
                context.rng = noises[i]
        return Pass(network, x[batch_part(i)], mine, network.by_stage(network.views_of(grads)))

    def finish(one: "Pass", i: int) -> None:
        part = batch_part(i)
        share = (part.stop - part.start) / N
        logits[part] = one.x
        value, d_logits = loss(logits[part], targets[part])
        values[i] = share * value
        one.d = share * d_logits

    def work_in_lane(thread: int, lane: int) -> None:
        grads = np.empty_like(network.gradients)
        for i in range(count * lane // lanes, count * (lane + 1) // lanes):
            one = passes_of(thread, i, grads)
            one.forward(len(network.stages))
            finish(one, i)
            one.backward(0)
            totals[lane] += grads

    for context in contexts:
        context.twin(max(crew.count, lanes) - 1)
    own = contexts[0].rng
    try:
        if any(stage.layer.couples_examples for stage in network.stages):
            passes = [passes_of(i, i, totals[i]) for i in range(lanes)]
            _in_step(network, passes, finish, crew)
        else:
            crew.map(work_in_lane, lanes)
    finally:
        for context in contexts:
            context.rng = own
    np.add.reduce(totals, axis=0, out=network.gradients)
    return math.fsum(values), logits


def _in_step(
    network: "Network",
    passes: Sequence["Pass"],
    finish: Callable[["Pass", int], None],
    crew: ThreadPool,
) -> None:
    """One forward and one backward pass of all lanes, which wait at coupled stages."""
    coupled = [i for i, stage in enumerate(network.stages) if isinstance(stage.layer, Coupled)]
    shares: list[Share] = [()] * len(passes)
    wholes: dict[int, Share] = {}
    training = passes[0].contexts[0].training
    for i in coupled:
        layer, params = _coupled(network, i)

        def look(thread: int, lane: int, stop: int = i, layer: Coupled = layer) -> None:
            one = passes[lane]
            one.forward(stop)
            shares[lane] = layer.look(one.x, one.context(stop)) if training else ()

        crew.map(look, len(passes))
        wholes[i] = layer.agree(shares if training else [], params)
        for one in passes:
            one.whole = wholes[i]

    def turn(thread: int, lane: int) -> None:
        passes[lane].forward(len(network.stages))
        finish(passes[lane], lane)

    crew.map(turn, len(passes))
    for i in reversed(coupled):
        layer, params = _coupled(network, i)

        def look_back(thread: int, lane: int, stop: int = i, layer: Coupled = layer) -> None:
            one = passes[lane]
            one.backward(stop + 1)
            if one.d is not None:
                shares[lane] = layer.look_back(one.d, one.caches[stop], one.context(stop))

        crew.map(look_back, len(passes))
        if passes[0].d is None:
            break
        grads = passes[0].grads[i]
        back = layer.agree_back(shares, wholes[i], params, grads)
        for one in passes:
            one.whole = back
    crew.map(lambda thread, lane: passes[lane].backward(0), len(passes))


def _noises(network: "Network", count: int, context: Context) -> list[np.random.Generator] | None:
    """A generator for each slice, derived from the one of the contexts, if any layer draws."""
    if context.rng is None or not context.training:
        return None
    if not any(layer.draws for layer in network.layers):
        return None
    return [np.random.default_rng(seed) for seed in context.rng.integers(2**63, size=count)]


def _coupled(network: "Network", i: int) -> tuple[Coupled, Mapping[str, Array]]:
    return cast(Coupled, network.stages[i].layer), network.stage_parameters[i]
