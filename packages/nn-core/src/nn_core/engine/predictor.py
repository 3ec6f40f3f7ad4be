"""Prediction with an inference plan: batch norm is folded, and nothing is cached for backward."""

import math
from collections.abc import Sequence
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.engine.micro_batches import predict_parts
from nn_core.engine.plan import Plan, PlanMemory
from nn_core.engine.thread_pool import ThreadPool
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import State, join_states, state_rows
from nn_core.network import Network, require_array


class Predictor:
    """Predicts the outputs of a network, without noise.

    frozen  whether the parameters are constant while it is used, so that values derived from them
            are computed once
    """

    def __init__(
        self, network: Network, *, pool: ThreadPool | None = None, fused: bool = True, frozen: bool = False
    ) -> None:
        self.network = network
        self.pool = ThreadPool() if pool is None else pool
        self.plan = Plan.of(network, "inference", fused=fused)
        self.fused, self.frozen = fused, frozen
        self._memories: list[PlanMemory] = []
        self._lock = Lock()  # the memories serve one call at a time

    def predict(self, x: Examples, state: State | None = None) -> tuple[Array, State]:
        """The outputs (N, ...) for any number of examples, and the final state.

        Examples are processed in parts, divided among the threads, so that memory does not grow
        with N.
        state  state at the start of the sequences; None for the initial state
        """
        require_array(x)
        with self._lock:
            return self._predict(x, state)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles have memories of their own."""
        return partial(Predictor, fused=self.fused, frozen=self.frozen), (self.network,)

    def _predict(self, x: Examples, state: State | None) -> tuple[Array, State]:
        network, N = self.network, len(x)
        steps = [size for given, size in zip(network.input_shape, x.shape[1:], strict=False) if given is None]
        continued = state is not None
        parts = predict_parts(network, self.plan, N, math.prod(steps), continued=continued) if N else 1
        if parts == 1:
            output, left = self._part(0, x[:], state)
            return output.copy(), left
        outputs: list[Array | None] = [None] * parts
        states: list[State] = [()] * parts

        def work(thread: int, i: int) -> None:
            rows = slice(N * i // parts, N * (i + 1) // parts)
            part = None if state is None else state_rows(state, rows)
            output, states[i] = self._part(thread, x[rows], part)
            outputs[i] = output.copy()

        with self.pool if isinstance(x, np.ndarray) else ThreadPool() as pool:
            self._memory(pool.count - 1)
            pool.map(work, parts)
        return np.concatenate([output for output in outputs if output is not None]), join_states(states)

    def _part(self, thread: int, x: npt.NDArray[Any], state: State | None) -> tuple[Array, State]:
        x = self.network.validate_input(x)
        state = self.network.initial_state(len(x)) if state is None else state
        memory = self._memory(thread)
        memory.part.lengths = self.network.lengths(x)
        output, left, _ = memory.forward(x, state)
        return output, left

    def _memory(self, thread: int) -> PlanMemory:
        while len(self._memories) <= thread:
            workspaces = self._workspaces()
            self._memories.append(PlanMemory(self.plan, workspaces))
        return self._memories[thread]

    def _workspaces(self) -> Sequence[Workspace]:
        return [Workspace(frozen=self.frozen, pool=self.pool) for _ in self.plan.nodes]
