"""The sum of gradients over all shards of all ranks.

The sum follows one binary tree over the shards (see `add_along_tree`), so its bits depend on the shards only. Each rank
adds up the subtrees that it holds as a whole, sends segment r of these partial sums to rank r, finishes the tree on the
segment that it received, and the finished segments are joined on all ranks. With R ranks that hold one subtree each, a
rank sends and receives (R - 1) / R of the vector, twice, as in a ring; with k subtrees, k + 1 times.
Source: Thakur, Rabenseifner, Gropp, Optimization of collective communication operations in MPICH (2005), sec. 4.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nn_core.engine.collective import add_along_tree
from nn_core.ranks import Ranks

if TYPE_CHECKING:
    from nn_core.arrays import Array

Span = tuple[int, int]
"""The shards first to stop - 1: a node of the tree."""


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
