"""Parallel shards, each on its own thread, that exchange small values in a fixed order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn_core.arrays import Array
from nn_core.layers.context import Collective


class Rendezvous:
    """All parties exchange values, in a fixed order."""

    def __init__(self, parties: int) -> None:
        self._values: list[Any] = [None] * parties
        self._met: list[Any] = []
        self._barrier = threading.Barrier(parties, action=self._publish)

    def meet(self, party: int, value: Any) -> list[Any]:
        """Exchange values. Raises threading.BrokenBarrierError if any party has failed."""
        self._values[party] = value
        self._barrier.wait()
        return self._met

    def abort(self) -> None:
        """Release all waiting parties after a failure."""
        self._barrier.abort()

    def _publish(self) -> None:
        self._met = list(self._values)


@dataclass(frozen=True)
class ShardCollective(Collective):
    """The shards of a batch on threads; a waiting shard releases its permit.

    shard    shard number
    permits  limits the number of threads that compute at the same time
    """

    shard: int
    rendezvous: Rendezvous
    permits: threading.Semaphore

    def gather(self, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        copies = tuple(np.copy(value) if isinstance(value, np.ndarray) else value for value in values)
        self.permits.release()
        try:
            return self.rendezvous.meet(self.shard, copies)
        finally:
            self.permits.acquire()


def run_together(work: Callable[[int, Collective], None], shards: int, threads: int) -> None:
    """Run work(shard, collective) for all shards concurrently, at most `threads` computing at a time.

    Raises the first error of any shard, after all have stopped.
    """
    rendezvous, permits = Rendezvous(shards), threading.Semaphore(threads)
    errors: list[BaseException] = []
    handling = np.geterr()  # np.errstate is local to a thread

    def run(shard: int) -> None:
        with permits, np.errstate(**handling):
            try:
                work(shard, ShardCollective(shard, rendezvous, permits))
            except BaseException as error:  # noqa: BLE001 - raised again by the caller
                errors.append(error)
                rendezvous.abort()

    workers = [threading.Thread(target=run, args=(shard,)) for shard in range(1, shards)]
    for worker in workers:
        worker.start()
    run(0)
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]  # the others are consequences


def add_along_tree(vectors: list[Array]) -> Array:
    """Sum vectors along a fixed binary tree, in place into the first.

    The left subtree of n vectors has the largest power of two below n of them, so a process that
    owns some of the shards can sum its subtrees locally.
    """
    if len(vectors) == 1:
        return vectors[0]
    middle = 1 << ((len(vectors) - 1).bit_length() - 1)
    total = add_along_tree(vectors[:middle])
    total += add_along_tree(vectors[middle:])
    return total
