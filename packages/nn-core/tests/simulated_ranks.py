"""Ranks that are threads of one process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from nn_core.arrays import Array
from nn_core.engine.collective import Rendezvous
from nn_core.ranks import Ranks

T = TypeVar("T")


class SimulatedRanks(Ranks):
    """One of several ranks that are threads of this process."""

    def __init__(self, rank: int, rendezvous: Mapping[int, Rendezvous], count: int) -> None:
        self.rank, self.count = rank, count
        self._rendezvous = rendezvous
        self._met = {count}

    @classmethod
    def of(cls, count: int) -> list[SimulatedRanks]:
        """All ranks."""
        rendezvous = {size: Rendezvous(size) for size in range(1, count + 1)}
        return [cls(rank, rendezvous, count) for rank in range(count)]

    def first(self, count: int) -> Ranks | None:
        if count not in self._met:  # the first call for a group is one of all ranks, as under MPI
            self.exchange(None)
            self._met.add(count)
        return SimulatedRanks(self.rank, self._rendezvous, count) if self.rank < count else None

    def exchange(self, value: T) -> list[T]:
        found: list[T] = self._rendezvous[self.count].meet(self.rank, value)
        return found

    def send_parts(self, parts: Array, counts: Sequence[int], received: Sequence[int]) -> Array:
        ends = np.cumsum(counts)
        sent = self.exchange([part.copy() for part in np.split(parts, ends[:-1])])
        return np.concatenate([of_rank[self.rank] for of_rank in sent])

    def join_segments(self, segment: Array, counts: Sequence[int], out: Array) -> None:
        np.concatenate(self.exchange(segment.copy()), out=out)

    def broadcast(self, values: Array) -> None:
        values[...] = self.exchange(values.copy())[0]
