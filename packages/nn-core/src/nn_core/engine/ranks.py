"""The processes of a run, which share out the shards of every batch, and the sum of gradients over all of them.

The sum follows one binary tree over the shards (see `add_along_tree`), so its bits depend on the shards only. Each rank
adds up the subtrees that it holds as a whole, sends segment r of these partial sums to rank r, finishes the tree on the
segment that it received, and the finished segments are joined on all ranks. With R ranks that hold one subtree each, a
rank sends and receives (R - 1) / R of the vector, twice, as in a ring; with k subtrees, k + 1 times.
Source: Thakur, Rabenseifner, Gropp, Optimization of collective communication operations in MPICH (2005), sec. 4.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from nn_core.engine.collective import Rendezvous, add_along_tree

if TYPE_CHECKING:
    from nn_core.arrays import Array

T = TypeVar("T")
Span = tuple[int, int]
"""The shards first to stop - 1: a node of the tree."""


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


class SimulatedRanks(Ranks):
    """One of several ranks that are threads of this process, for tests."""

    def __init__(self, rank: int, rendezvous: Mapping[int, Rendezvous], count: int) -> None:
        self.rank, self.count = rank, count
        self._rendezvous = rendezvous

    @classmethod
    def of(cls, count: int) -> list[SimulatedRanks]:
        """All ranks."""
        rendezvous = {size: Rendezvous(size) for size in range(1, count + 1)}
        return [cls(rank, rendezvous, count) for rank in range(count)]

    def first(self, count: int) -> Ranks | None:
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


def sum_over_ranks(ranks: Ranks, vectors: Sequence[Array], shards: int) -> None:
    """Sum the vectors of all shards of all ranks along the tree, into the first vector of each rank.

    vectors  of this rank's shards; one of any content for a rank without shards
    """
    own, size = ranks.own_shards(shards), len(vectors[0])
    if ranks.count == 1:
        add_along_tree(list(vectors))
        return
    sums = [
        add_along_tree(list(vectors[first - own.start : stop - own.start])) for first, stop in subtrees(own, 0, shards)
    ]
    bounds = [size * rank // ranks.count for rank in range(ranks.count + 1)]
    lengths = [stop - start for start, stop in pairwise(bounds)]
    parts = sums[0] if len(sums) == 1 else _interleaved(sums, bounds, vectors[0])
    spans = [subtrees(ranks.shards_of(rank, shards), 0, shards) for rank in range(ranks.count)]
    length = lengths[ranks.rank]
    received = ranks.send_parts(parts, [len(sums) * each for each in lengths], [len(each) * length for each in spans])
    of_span = [span for of_rank in spans for span in of_rank]
    held = {span: received[i * length : (i + 1) * length] for i, span in enumerate(of_span)}
    ranks.join_segments(_finished(held, 0, shards), lengths, vectors[0])


def subtrees(own: range, first: int, stop: int) -> list[Span]:
    """The largest subtrees of the tree over [first, stop) whose shards are all in a range, from left to right."""
    if own.start >= stop or own.stop <= first or not own:
        return []
    if own.start <= first and stop <= own.stop:
        return [(first, stop)]
    middle = _middle(first, stop)
    return subtrees(own, first, middle) + subtrees(own, middle, stop)


def _finished(held: Mapping[Span, Array], first: int, stop: int) -> Array:
    """The sum over [first, stop), given those of subtrees that cover it; in place into the leftmost."""
    if (first, stop) in held:
        return held[first, stop]
    middle = _middle(first, stop)
    total = _finished(held, first, middle)
    total += _finished(held, middle, stop)
    return total


def _middle(first: int, stop: int) -> int:
    """Where the right child begins: the left one has the largest power of two below stop - first."""
    return first + (1 << ((stop - first - 1).bit_length() - 1))


def _interleaved(sums: Sequence[Array], bounds: Sequence[int], like: Array) -> Array:
    """Segment by segment, those of all sums; empty if there are none."""
    parts = [total[start:stop] for start, stop in pairwise(bounds) for total in sums]
    return np.concatenate(parts) if parts else like[:0]
