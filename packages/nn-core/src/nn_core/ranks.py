"""The processes of a run, which share out the shards of every batch: one in general, several under MPI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from nn_core.arrays import Array

T = TypeVar("T")


class Ranks:
    """The processes of a run; this one is alone.

    rank   number of this process
    count  of all
    """

    rank, count = 0, 1

    def first(self, count: int) -> Ranks | None:
        """The group of the first ranks; None for a rank that is not among them."""
        return self

    def exchange(self, value: T) -> list[T]:
        """The values of all ranks, in their order. All must call it."""
        return [value]

    def send_parts(self, parts: Array, counts: Sequence[int], received: Sequence[int]) -> Array:
        """Send parts of a vector to the ranks, in their order; what they sent to this one, in their order.

        counts    elements for each rank
        received  elements from each rank
        """
        return parts

    def join_segments(self, segment: Array, counts: Sequence[int], out: Array) -> None:
        """Write the segments of all ranks to `out`, in their order."""
        out[...] = segment

    def broadcast(self, values: Array) -> None:
        """Overwrite an array with that of rank 0."""

    def shards_of(self, rank: int, shards: int) -> range:
        """The shards of a rank: as many for each as possible; none for the last ones if there are fewer shards."""
        busy = min(self.count, shards)
        return range(shards * rank // busy, shards * (rank + 1) // busy) if rank < busy else range(shards, shards)

    def own_shards(self, shards: int) -> range:
        """The shards of this rank."""
        return self.shards_of(self.rank, shards)


ALONE = Ranks()
"""The only process of a run."""
