"""Shards side by side: each on a thread of its own, exchanging small values in a fixed order."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nn_core.arrays import Array
from nn_core.layers.context import Collective


class Rendezvous:
    """Every party leaves a value and gets those of all, in their order."""

    def __init__(self, parties: int) -> None:
        self._values: list[Any] = [None] * parties
        self._met: list[Any] = []
        self._barrier = threading.Barrier(parties, action=self._publish)

    def meet(self, party: int, value: Any) -> list[Any]:
        """Raises threading.BrokenBarrierError once any party has failed."""
        self._values[party] = value
        self._barrier.wait()
        return self._met

    def abort(self) -> None:
        """Let no one wait for a party that has failed."""
        self._barrier.abort()

    def _publish(self) -> None:
        self._met = list(self._values)


@dataclass(frozen=True)
class ShardCollective(Collective):
    """The shards of a batch on threads; one that waits lends its permit to another.

    shard    its number
    permits  as many as threads may compute at the same time
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
    """work(shard, collective) for all shards at once, `threads` of them computing at a time.

    Raises the first error of any shard, once all have stopped.
    """
    rendezvous, permits = Rendezvous(shards), threading.Semaphore(threads)
    errors: list[BaseException] = []
    handling = np.geterr()  # each thread has its own

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
        raise errors[0]  # the others follow from it


def add_along_tree(vectors: list[Array]) -> Array:
    """The sum of the vectors, added along one binary tree, into the first of them.

    The left branch of n vectors has the largest power of two below n of them, so a process that
    holds a part of the shards may add the subtrees that it holds.
    """
    if len(vectors) == 1:
        return vectors[0]
    middle = 1 << ((len(vectors) - 1).bit_length() - 1)
    total = add_along_tree(vectors[:middle])
    total += add_along_tree(vectors[middle:])
    return total
