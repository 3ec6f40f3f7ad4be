"""The engine: loss and gradients of a batch in shards and micro-batches, by fused layers.

It gives the numbers of `nn_core.reference.Reference`, up to rounding. Its bits depend on the
batch, the number of shards and the plan, never on the number of threads (if the BLAS has one
thread, as it has while there are several of these).
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Examples
from nn_core.engine import micro_batches
from nn_core.engine.collective import add_along_tree, run_together
from nn_core.engine.plan import Plan, PlanMemory
from nn_core.engine.predictor import Predictor
from nn_core.engine.thread_pool import ThreadPool
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import State, join_states, state_rows
from nn_core.layers.context import Collective
from nn_core.losses import Loss
from nn_core.network import Network
from nn_core.optim.optimizers import Optimizer
from nn_core.reference import Result, inverse, update_parameters
from nn_core.registry import require

ALONE = Collective()
"""For a shard that exchanges nothing."""

BLOCK_THRESHOLD = 524_288
"""Numbers up to which an optimizer works on its vectors as a whole."""

BLOCK_SIZE = 131_072
"""Numbers of a longer vector that are worked on at a time, by each thread."""


class Engine:
    """Computes with a network as `Reference` does, in less time.

    threads  how many share the work; the bits do not depend on it
    shards   parts of every batch that are computed side by side and added in a fixed order: a
             setting of the run. None: one to four, by the size of the batch
    fused    False computes with the network's own layers

    An engine is a context manager: its threads live as long as it is open.
    """

    def __init__(
        self,
        network: Network,
        *,
        threads: int = 1,
        shards: int | None = None,
        fused: bool = True,
    ) -> None:
        require(shards is None or shards >= 1, f"shards must be at least 1, not {shards}")
        self.network = network
        self.shards = shards
        self.fused = fused
        self.pool = ThreadPool(threads)
        self._memories: list[PlanMemory] = []
        self._buffers: list[GradientBuffer] = []
        self._cuts: dict[int, tuple[int, int]] = {}  # batch size -> shards, micro-batches of each

    def __enter__(self) -> Self:
        self.pool.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.pool.__exit__(*error)

    def __repr__(self) -> str:
        return f"Engine({self.network!r}, threads={self.pool.count}, shards={self.shards})"

    @cached_property
    def plan(self) -> Plan:
        """Which fused layers compute which layers, in training."""
        return Plan.of(self.network, "training", fused=self.fused)

    @cached_property
    def predictor(self) -> Predictor:
        """What `predict` computes with."""
        return Predictor(self.network, pool=self.pool, fused=self.fused)

    @cached_property
    def micro_batch_size(self) -> int:
        """How many examples of a shard pass through the layers together."""
        return micro_batches.micro_batch_size(self.network, self.plan)

    def frozen(self) -> Predictor:
        """A predictor for many calls, as long as the parameters stay as they are."""
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
        network, N = self.network, len(x)
        if N not in self._cuts:
            size = self.micro_batch_size
            self._cuts[N] = micro_batches.training_cut(network, size, self.shards, N)
        shards, parts = self._cuts[N]
        scale = inverse(loss.count(y, weights))
        together = shards > 1 and network.batch_dependent
        if len(self._buffers) < shards:
            self._reserve(shards)
        batch = Batch(x, y, loss, weights, state, seed, scale)

        if shards == 1:
            memory, buffer = self._memories[0], self._buffers[0]
            memory.part.collective = ALONE
            if parts == 1 and self.pool.count == 1:
                value, left = self._micro_batch(batch, slice(0, N), memory, buffer)
            else:
                with self.pool:
                    value, left = self._shard(batch, slice(0, N), parts, memory, buffer)
            return Result(value, buffer.of_parameters, left)

        done: list[tuple[float, State]] = [(0.0, ())] * shards

        def work(shard: int, memory: PlanMemory, collective: Collective) -> None:
            rows = slice(N * shard // shards, N * (shard + 1) // shards)
            memory.part.collective = collective
            done[shard] = self._shard(batch, rows, parts, memory, self._buffers[shard])

        with self.pool as pool:
            if together:
                with pool.reserved():
                    run_together(
                        lambda shard, collective: work(shard, self._memories[shard], collective),
                        shards,
                        pool.count,
                    )
            else:
                pool.map(lambda thread, shard: work(shard, self._memories[thread], ALONE), shards)
        trained = [self._buffers[i].vector[: network.trained_count] for i in range(shards)]
        add_along_tree(trained)
        return Result(
            math.fsum(value for value, _ in done),
            self._buffers[0].of_parameters,
            join_states([left for _, left in done]),
        )

    def update(
        self,
        optimizer: Optimizer,
        gradients: Array,
        state: dict[str, Array],
        *,
        learning_rate: float,
        step: int,
    ) -> None:
        """See `nn_core.reference.Backend`. Long vectors are shared among the threads."""
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

    def _shard(
        self, batch: Batch, rows: slice, parts: int, memory: PlanMemory, buffer: GradientBuffer
    ) -> tuple[float, State]:
        """Micro-batch by micro-batch; fills the buffer. The loss, and the states left."""
        if parts == 1:
            return self._micro_batch(batch, rows, memory, buffer)
        trained = self.network.trained_count
        addend = GradientBuffer(self.network, self.plan)
        count, losses, states = rows.stop - rows.start, [], []
        for i in range(parts):
            first = rows.start + count * i // parts
            part = slice(first, rows.start + count * (i + 1) // parts)
            into = addend if i else buffer
            value, left = self._micro_batch(batch, part, memory, into)
            losses.append(value)
            states.append(left)
            if i:
                buffer.vector[:trained] += addend.vector[:trained]
        return math.fsum(losses), join_states(states)

    def _micro_batch(
        self, batch: Batch, rows: slice, memory: PlanMemory, buffer: GradientBuffer
    ) -> tuple[float, State]:
        """Forward, loss and backward; fills the buffer. The loss, and the states left."""
        memory.part.seed, memory.part.first_row = batch.seed, rows.start
        x, y, weights, state = batch.part(rows, self.network)
        output, left, caches = memory.forward(x, state)
        total, d_output = batch.loss.total(output, y, weights)
        d_output *= batch.scale
        memory.backward(d_output, caches, buffer.grads)
        self.network.finish_gradients(buffer.vector)
        return total * batch.scale, left

    def _reserve(self, shards: int) -> None:
        """Memory for so many shards: gradients for each, and a workspace for each thread."""
        threads = shards if self.network.batch_dependent else min(shards, self.pool.count)
        while len(self._memories) < threads:
            workspaces = [Workspace(pool=self.pool) for _ in self.plan.nodes]
            self._memories.append(PlanMemory(self.plan, workspaces))
        while len(self._buffers) < shards:
            self._buffers.append(GradientBuffer(self.network, self.plan))


class Batch(NamedTuple):
    """A batch and how it is trained on.

    scale  1 / count of its targets
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    loss: Loss
    weights: Array | None
    state: State | None
    seed: tuple[int, int]
    scale: float

    def part(
        self, rows: slice, network: Network
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any], Array | None, State]:
        """x, y, weights and state of some of its examples."""
        if rows.stop - rows.start == len(self.x):
            x = network.validate_input(self.x)
            state = network.initial_state(len(x)) if self.state is None else self.state
            return x, self.y, self.weights, state
        x = network.validate_input(self.x[rows])
        if self.state is None:
            state = network.initial_state(len(x))
        else:
            state = state_rows(self.state, rows)
        weights = None if self.weights is None else self.weights[rows]
        return x, self.y[rows], weights, state


class GradientBuffer:
    """A vector of gradients with its views by node."""

    def __init__(self, network: Network, plan: Plan) -> None:
        self.vector, named = network.new_gradients()
        self.of_parameters = self.vector[: network.vector.size]  # without those of tied ones
        self.grads: list[Arrays] = [node.arrays(named) for node in plan.nodes]
