"""Parallel shards, each on its own thread, that exchange small values in a fixed order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn_core.arrays import Array
from nn_core.layers.context import Collective


class Rendezvous:
    """All parties exchange values, in a fixed order.

    exchange  what becomes of the values of all parties; called once, by one of them
    """

    def __init__(self, parties: int, exchange: Callable[[list[Any]], list[Any]] = list) -> None:
        self._exchange = exchange
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
        self._met = self._exchange(list(self._values))


@dataclass(frozen=True)
class ShardCollective(Collective):
    """The shards of a batch on threads; a waiting shard releases its permit.

    position  of the shard among those of this process
    permits   limits the number of threads that compute at the same time
    """

    position: int
    rendezvous: Rendezvous
    permits: threading.Semaphore

    def gather(self, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        copies = tuple(np.copy(value) if isinstance(value, np.ndarray) else value for value in values)
        self.permits.release()
        try:
            return self.rendezvous.meet(self.position, copies)
        finally:
            self.permits.acquire()


def run_together(
    work: Callable[[int, Collective], None],
    shards: int,
    threads: int,
    exchange: Callable[[list[Any]], list[Any]] = list,
) -> None:
    """Run work(position, collective) for all shards of this process, at most `threads` computing at a time.

    exchange  adds the values of the shards of other processes, in the order of all shards
    Raises the first error of any shard, after all have stopped.
    """
    rendezvous, permits = Rendezvous(shards, exchange), threading.Semaphore(threads)
    errors: list[BaseException] = []
    handling = np.geterr()  # np.errstate is local to a thread

    def run(position: int) -> None:
        with permits, np.errstate(**handling):
            try:
                work(position, ShardCollective(position, rendezvous, permits))
            except BaseException as error:  # noqa: BLE001 - raised again by the caller
                errors.append(error)
                rendezvous.abort()

    workers = [threading.Thread(target=run, args=(position,)) for position in range(1, shards)]
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
