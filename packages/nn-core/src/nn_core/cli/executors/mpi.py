"""MPI: rank 0 runs the command, and the other ranks of `mpiexec` compute its runs."""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import Any

from nn_core.cli.executors.worker import WorkerSetup
from nn_core.distributed.launch import rank_and_size
from nn_core.distributed.mpi_ranks import world
from nn_core.errors import SettingError
from nn_core.extras import import_extra

TAG = 8786
"""Of the messages that tell the other ranks what to do."""
COMPUTE, END = "compute", "end"
_serving: list[bool] = []
"""Whether the other ranks compute for this one."""
PAUSE = 0.01
"""Seconds between two looks for a message: waiting within MPI would keep a core busy."""


def is_requested(arguments: Sequence[str]) -> bool:
    """Whether a command line has `--executor mpi`."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(first == "--executor=mpi" or (first, second) == ("--executor", "mpi") for first, second in pairs)


@contextlib.contextmanager
def ranks_compute() -> Iterator[None]:
    """Run a command with `--executor mpi`: as a whole on rank 0; other ranks compute for it, and exit."""
    if rank_and_size()[0] > 0:
        serve()
        sys.exit()
    world()
    _serving.append(True)
    try:
        yield
    finally:
        _serving.clear()
        _tell(END)


def serve() -> None:
    """Compute for rank 0 until its command ends."""
    comm = world()
    while True:
        while not comm.Iprobe(source=0, tag=TAG):
            time.sleep(PAUSE)
        if comm.recv(source=0, tag=TAG) == END:
            return
        with _comm_executor(comm):
            pass


@contextlib.contextmanager
def mpi_executor(setup: WorkerSetup) -> Iterator[tuple[Executor, int]]:
    """An executor on the other ranks, and their number.

    Raises SettingError if there are none.
    """
    size = rank_and_size()[1]
    if size > 1 and not _serving:
        raise SettingError("the other ranks have ended: give --executor mpi on the command line itself")
    if size < 2:
        raise SettingError("--executor mpi needs ranks to compute: start it with mpiexec -n 3, for two of them")
    _tell(COMPUTE)
    with _comm_executor(world(), initializer=setup) as executor:
        yield executor, size - 1


def _comm_executor(comm: Any, **options: Any) -> Any:
    return import_extra("mpi4py.futures", "mpi").MPICommExecutor(comm, root=0, main=False, **options)


def _tell(word: str) -> None:
    comm = world()
    for rank in range(1, comm.Get_size()):
        comm.send(word, dest=rank, tag=TAG)
