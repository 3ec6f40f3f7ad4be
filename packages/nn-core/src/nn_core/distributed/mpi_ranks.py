"""Ranks of MPI: the processes of `mpiexec` that share out the shards of every batch."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nn_core.distributed.launch import rank_and_size
from nn_core.errors import NNError
from nn_core.extras import import_extra
from nn_core.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from nn_core.arrays import Array

T = TypeVar("T")
ENDED = 8787
"""Tag of the messages that a rank has ended."""
GRACE = 3.0
"""Seconds in which ranks that end of the same cause do so."""
PASSING_ON = 0.3
"""Seconds that a launcher needs to read what a rank has printed; it drops what is left when ranks are aborted."""
PAUSE = 0.01
"""Seconds between two looks for a message."""


class MPIRanks(Ranks):
    """The ranks of an MPI communicator.

    All of them must call each method, in the same order; a rank that ends otherwise leaves the others waiting, until
    `abort`.
    """

    def __init__(self, communicator: Any) -> None:
        self._communicator = communicator
        self.rank, self.count = communicator.Get_rank(), communicator.Get_size()
        self._groups: dict[int, Ranks | None] = {self.count: self}

    def first(self, count: int) -> Ranks | None:
        """See `Ranks`; the first call for a group is one of all ranks."""
        if count not in self._groups:
            group = self._communicator.Split(int(self.rank >= count), self.rank)
            self._groups[count] = MPIRanks(group) if self.rank < count else None
        return self._groups[count]

    def exchange(self, value: T) -> list[T]:
        found: list[T] = self._communicator.allgather(value)
        return found

    def send_parts(self, parts: Array, counts: Sequence[int], received: Sequence[int]) -> Array:
        out = np.empty(sum(received), parts.dtype)
        kind = parts.dtype.char
        self._communicator.Alltoallv(
            [parts, (counts, _starts(counts)), kind], [out, (received, _starts(received)), kind]
        )
        return out

    def join_segments(self, segment: Array, counts: Sequence[int], out: Array) -> None:
        kind = out.dtype.char
        self._communicator.Allgatherv([segment, kind], [out, (counts, _starts(counts)), kind])

    def broadcast(self, values: Array) -> None:
        whole = np.ascontiguousarray(values)
        self._communicator.Bcast([whole, values.dtype.char], root=0)
        values[...] = whole

    def end(self, status: int) -> list[int | None]:
        """Say that this process ends, and learn within seconds with what status others do; None: they go on."""
        communicator = self._communicator
        found: list[int | None] = [status if rank == self.rank else None for rank in range(self.count)]
        others = [rank for rank in range(self.count) if rank != self.rank]
        sending = [communicator.isend(status, dest=rank, tag=ENDED) for rank in others]  # kept until they are sent
        until = time.monotonic() + GRACE
        while None in found and time.monotonic() < until:
            for rank in others:
                if found[rank] is None and communicator.Iprobe(source=rank, tag=ENDED):
                    found[rank] = communicator.recv(source=rank, tag=ENDED)
            time.sleep(PAUSE)
        for request in sending:
            request.Test()
        return found

    def abort(self, status: int) -> None:
        """End all processes, once the launcher has had time to pass on what they printed."""
        time.sleep(PASSING_ON)
        self._communicator.Abort(status)


_joined: list[Ranks] = [ALONE]


def join_ranks() -> Ranks:
    """Share out training with the other processes of `mpiexec` from now on. Raises MissingExtraError without mpi4py."""
    if _joined[0] is ALONE:
        _joined[0] = MPIRanks(world())
    return _joined[0]


def world() -> Any:
    """The communicator of all ranks. Raises NNError if mpi4py is built for another MPI than that of the launcher."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # mpi4py's own, of several lines
        communicator = import_extra("mpi4py.MPI", "mpi").COMM_WORLD
    found, expected = communicator.Get_size(), rank_and_size()[1]
    if found != expected:
        ranks = f"{found} rank{'s' * (found != 1)}, not {expected}"
        raise NNError(f"mpi4py has {ranks}: it is built for another MPI than this mpiexec")
    return communicator


def joined_ranks() -> Ranks:
    """The ranks that share out training; this process alone, unless `join_ranks` was called."""
    return _joined[0]


def _starts(counts: Sequence[int]) -> list[int]:
    return [sum(counts[:i]) for i in range(len(counts))]
