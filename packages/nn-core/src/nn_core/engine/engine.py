"""The engine: loss and gradients in shards and micro-batches, with fused layers.

It computes the same values as `nn_core.reference.Reference`, up to rounding. The bits depend on the
batch, the number of shards and the plan, never on the number of threads: with several shards, the
BLAS is limited to one thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property, partial
from typing import Any, NamedTuple, Self

import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Examples
from nn_core.engine import micro_batches
from nn_core.engine.collective import run_together
from nn_core.engine.fused.layout import is_time_major
from nn_core.engine.plan import Plan, PlanMemory
from nn_core.engine.predictor import Predictor
from nn_core.engine.rank_sums import sum_over_ranks
from nn_core.engine.thread_pool import ThreadPool, one_blas_thread
from nn_core.engine.workspace import Workspace
from nn_core.hints import HelpfulErrors
from nn_core.layers.base import State, join_states, state_rows
from nn_core.layers.context import Collective
from nn_core.losses import BinaryCrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy
from nn_core.network import Network, require_array, require_network
from nn_core.optim.optimizers import Optimizer
from nn_core.ranks import ALONE as ONE_RANK
from nn_core.ranks import Ranks
from nn_core.reference import Result, inverse, update_parameters
from nn_core.registry import require

ALONE = Collective()
"""The collective of a single shard."""

ORDER_FREE = (BinaryCrossEntropy, MeanSquaredError, SoftmaxCrossEntropy)
"""Losses that are sums over targets in any order."""

BLOCK_THRESHOLD = 524_288
"""Vector size up to which an optimizer updates the vector as a whole."""

BLOCK_SIZE = 131_072
"""Elements per block of a longer vector, each updated by one thread."""


class Engine(HelpfulErrors):
    """A faster equivalent of `Reference`.

    threads  number of threads; does not affect the bits
    shards   number of parts of every batch that are computed in parallel and summed in a fixed
             order: a setting of the run. None: one to four, by batch size
    fused    whether to use fused layers, or the network's own layers
    ranks    processes that share out the shards, all with the same network and batches; do not affect
             the bits. None: this process alone

    An engine is a context manager: its threads run while it is open.
    """

    def __init__(
        self,
        network: Network,
        *,
        threads: int = 1,
        shards: int | None = None,
        fused: bool = True,
        ranks: Ranks | None = None,
    ) -> None:
        require_network(network, "Engine")
        require(shards is None or shards >= 1, f"shards must be at least 1, not {shards}")
        self.network = network
        self.shards = shards
        self.fused = fused
        self.ranks = ranks or ONE_RANK
        self.pool = ThreadPool(threads)
        self._memories: list[PlanMemory] = []
        self._buffers: list[GradientBuffer] = []
        self._cuts: dict[int, tuple[int, int]] = {}  # batch size -> shards, micro-batches per shard

    def __enter__(self) -> Self:
        self.pool.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.pool.__exit__(*error)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles have buffers of their own, and no other ranks."""
        make = partial(Engine, threads=self.pool.count, shards=self.shards, fused=self.fused)
        return make, (self.network,)

    def __repr__(self) -> str:
        return f"Engine({self.network!r}, threads={self.pool.count}, shards={self.shards})"

    @cached_property
    def plan(self) -> Plan:
        """The execution plan for training."""
        return Plan.of(self.network, "training", fused=self.fused)

    @cached_property
    def predictor(self) -> Predictor:
        """The predictor used by `predict`."""
        return Predictor(self.network, pool=self.pool, fused=self.fused)

    @cached_property
    def micro_batch_size(self) -> int:
        """The number of examples of a shard that pass through the layers together."""
        return micro_batches.micro_batch_size(self.network, self.plan)

    def frozen(self) -> Predictor:
        """A predictor for many calls with constant parameters."""
        return Predictor(self.network, pool=self.pool, fused=self.fused, frozen=True)

    def predict(self, x: Examples, state: State | None = None) -> tuple[Array, State]:
        """See `nn_core.reference.Backend`."""
        return self.predictor.predict(x, state)

    def loss_and_gradients(
        self,
        x: npt.NDArray[Any],
        y: npt.NDArray[Any],
        loss: Loss,
        *,
        weights: Array | None = None,
        state: State | None = None,
        seed: tuple[int, int] = (0, 0),
    ) -> Result:
        """See `nn_core.reference.Backend`."""
        require_array(x)
        network, N = self.network, len(x)
        shards, parts = self._cut(N)
        own = max(1, len(self.ranks.own_shards(shards))) if shards > 1 else 1
        if len(self._buffers) < own:
            self._reserve(own)
        state = network.initial_state(N) if state is None else state
        batch = Batch(x, y, weights, state, loss, inverse(loss.count(y, weights)), seed)
        if shards > 1:
            return self._in_shards(batch, shards, parts)
        memory, buffer = self._memories[0], self._buffers[0]
        memory.part.collective = ALONE
        if self.pool.count == 1:
            value, left = self._shard(batch, 0, parts, memory, buffer)
        else:
            with self.pool:
                value, left = self._shard(batch, 0, parts, memory, buffer)
        return Result(value, buffer.of_parameters, left)

    def update(
        self, optimizer: Optimizer, gradients: Array, state: dict[str, Array], *, learning_rate: float, step: int
    ) -> None:
        """See `nn_core.reference.Backend`. Long vectors are divided among the threads."""
        network = self.network
        size = network.trained_count
        if not optimizer.elementwise or size <= BLOCK_THRESHOLD:
            update_parameters(network, optimizer, gradients, state, learning_rate, step)
            return
        optimizer.decay(network.vector[: network.weight_count], learning_rate)

        def work(thread: int, i: int) -> None:
            block = slice(i * BLOCK_SIZE, min((i + 1) * BLOCK_SIZE, size))
            optimizer.update(
                network.vector[block],
                gradients[block],
                {name: vector[block] for name, vector in state.items()},
                learning_rate=learning_rate,
                step=step,
            )

        with self.pool as pool:
            pool.map(work, -(-size // BLOCK_SIZE))
        network.update_running_stats(gradients)

    def shards_of(self, N: int) -> int:
        """The number of shards of a batch of N examples."""
        return self._cut(N)[0]

    def own_rows(self, N: int) -> slice:
        """The rows of a batch of N examples that this rank computes; of others, `loss_and_gradients` reads only y."""
        shards, _ = self._cut(N)
        own = self.ranks.own_shards(shards)
        return slice(N * own.start // shards, N * own.stop // shards) if shards > 1 else slice(0, N)

    def _cut(self, N: int) -> tuple[int, int]:
        """Number of shards, and of micro-batches per shard."""
        if N not in self._cuts:
            self._cuts[N] = micro_batches.training_cut(self.network, self.micro_batch_size, self.shards, N)
        return self._cuts[N]

    def _in_shards(self, batch: Batch, shards: int, parts: int) -> Result:
        """Compute the shards of a batch in parallel, and their sums."""
        network, N = self.network, len(batch.x)
        own = self.ranks.own_shards(shards)
        done: list[tuple[float, State]] = [(0.0, ())] * len(own)

        def work(position: int, memory: PlanMemory, collective: Collective) -> None:
            shard = own[position]
            first, stop = N * shard // shards, N * (shard + 1) // shards
            memory.part.collective = collective
            rows = batch.rows(slice(first, stop))
            done[position] = self._shard(rows, first, parts, memory, self._buffers[position])

        exchange = self._exchange_of(shards) if network.batch_dependent else list  # all ranks form its group
        alone = self.pool.count == 1  # a pool of several threads already limits the BLAS
        with self.pool as pool, one_blas_thread(warn=False) if alone else nullcontext():
            if not network.batch_dependent:
                pool.map(lambda thread, position: work(position, self._memories[thread], ALONE), len(own))
            elif own:
                with pool.reserved():
                    run_together(
                        lambda position, collective: work(position, self._memories[position], collective),
                        len(own),
                        pool.count,
                        exchange,
                    )
        vectors = [buffer.vector for buffer in self._buffers[: max(1, len(own))]]
        sum_over_ranks(self.ranks, [vector[: network.trained_count] for vector in vectors], shards)
        if self.ranks.count > shards:  # some ranks have not seen the batch's statistics
            self.ranks.broadcast(vectors[0][network.trained_count : network.vector.size])
        done = [each for of_rank in self.ranks.exchange(done) for each in of_rank]
        return Result(
            math.fsum(value for value, _ in done),
            self._buffers[0].of_parameters,
            join_states([left for _, left in done]),
        )

    def _exchange_of(self, shards: int) -> Callable[[list[Any]], list[Any]]:
        """Exchange of the values of all shards with the ranks that have any."""
        group = self.ranks.first(min(self.ranks.count, shards))
        if group is None or group.count == 1:
            return list
        return lambda values: [value for of_rank in group.exchange(values) for value in of_rank]

    def _shard(
        self, batch: Batch, first: int, parts: int, memory: PlanMemory, buffer: GradientBuffer
    ) -> tuple[float, State]:
        """Process a shard by micro-batches and fill the buffer; returns the loss and final states.

        first  index of the first example of the shard in the whole batch
        """
        if parts == 1:
            return self._micro_batch(batch, first, memory, buffer)
        trained = self.network.trained_count
        addend = GradientBuffer(self.network, self.plan)
        count, losses, states = len(batch.x), [], []
        for i in range(parts):
            rows = slice(count * i // parts, count * (i + 1) // parts)
            into = addend if i else buffer
            part = batch.rows(rows)
            value, left = self._micro_batch(part, first + rows.start, memory, into)
            losses.append(value)
            states.append(left)
            if i:
                buffer.vector[:trained] += addend.vector[:trained]
        return math.fsum(losses), join_states(states)

    def _micro_batch(self, batch: Batch, first: int, memory: PlanMemory, buffer: GradientBuffer) -> tuple[float, State]:
        """Forward, loss and backward; fills the buffer and returns the loss and final states."""
        x, y, weights, state, loss, scale, seed = batch
        x = self.network.validate_input(x)
        memory.part.seed, memory.part.first_row, memory.part.lengths = seed, first, self.network.lengths(x)
        output, left, caches = memory.forward(x, state)
        if weights is None and type(loss) in ORDER_FREE and is_time_major(output):
            total, d_swapped = loss.total(output.swapaxes(0, 1), y.swapaxes(0, 1))  # as it lies in memory
            d_output = d_swapped.swapaxes(0, 1)
        else:
            total, d_output = loss.total(output, y, weights)
        d_output *= scale
        memory.backward(d_output, caches, buffer.grads)
        self.network.finish_gradients(buffer.vector)
        return total * scale, left

    def _reserve(self, shards: int) -> None:
        """Allocate memory for this rank's shards: gradients per shard, and a workspace per thread."""
        threads = shards if self.network.batch_dependent else min(shards, self.pool.count)
        while len(self._memories) < threads:
            workspaces = [Workspace(pool=self.pool) for _ in self.plan.nodes]
            self._memories.append(PlanMemory(self.plan, workspaces))
        while len(self._buffers) < shards:
            self._buffers.append(GradientBuffer(self.network, self.plan))


class Batch(NamedTuple):
    """Examples with their loss, weights and scale.

    scale  1 / count of the targets of the whole batch
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    weights: Array | None
    state: State
    loss: Loss
    scale: float
    seed: tuple[int, int]

    def rows(self, rows: slice) -> Batch:
        """A slice of its examples."""
        return self._replace(
            x=self.x[rows],
            y=self.y[rows],
            weights=None if self.weights is None else self.weights[rows],
            state=state_rows(self.state, rows),
        )


class GradientBuffer:
    """A gradient vector with its views by node."""

    def __init__(self, network: Network, plan: Plan) -> None:
        self.vector, named = network.new_gradients()
        self.of_parameters = self.vector[: network.vector.size]  # without those of tied ones
        self.grads: list[Arrays] = [node.arrays(named) for node in plan.nodes]
