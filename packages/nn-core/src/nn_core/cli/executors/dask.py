"""Dask: runs go to the workers of a scheduler that the user has started."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from typing import Any

from nn_core.cli.executors.worker import WorkerSetup
from nn_core.cli.terminal import counted, info
from nn_core.errors import NNError
from nn_core.extras import import_extra
from nn_core.printable import one_line, printable

TIMEOUT = 10
"""Seconds to wait for an answer of the scheduler."""


@contextlib.contextmanager
def dask_executor(address: str, setup: WorkerSetup) -> Iterator[tuple[Executor, Any]]:
    """An executor on the workers of a scheduler, and its client.

    Each worker is prepared once, with the files that it receives then; workers may join and leave meanwhile, and
    what was lost with one is computed by another.
    Raises NNError if the scheduler cannot be reached.
    """
    distributed = import_extra("distributed", "dask")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # our messages say the same in one line
    warnings.filterwarnings("ignore", module="distributed")  # tables of versions; each run compares them
    try:
        client = distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = one_line(str(error), 200) or type(error).__name__
        raise NNError(f"no Dask scheduler at {printable(address)}: {reason}") from None
    with client, _one_line_errors(address):
        _prepare_workers(client, setup)
        threads = sum(client.nthreads().values())
        if threads:
            info(f"Dask scheduler {address}: {counted(threads, 'thread')} in all workers")
        else:
            info(f"Note: the Dask scheduler has no workers yet; start one: dask worker {address}")
        with client.get_executor(pure=False) as executor:
            yield executor, client


@contextlib.contextmanager
def _one_line_errors(address: str) -> Iterator[None]:
    """Say in one line what went wrong with Dask rather than with a run."""
    try:
        yield
    except CancelledError:
        raise NNError(f"lost the Dask scheduler {address}; with --journal, the same command continues") from None
    except Exception as error:
        if type(error).__name__ == "KilledWorker":
            raise NNError("several Dask workers died at the same run, perhaps out of memory") from None
        if isinstance(error, NNError):
            raise
        missing = error if isinstance(error, ImportError) else error.__cause__
        if isinstance(missing, ImportError) or str(error).startswith("ModuleNotFoundError"):
            reason = one_line(str(missing or error), 200)
            advice = "install the same programs for the scheduler and the workers as here"
            raise NNError(f"the Dask scheduler or its workers: {reason}; {advice}") from None
        if isinstance(error, OSError) and type(error).__module__.startswith("distributed"):
            raise NNError(f"lost the Dask scheduler {address}: {one_line(str(error), 200)}") from None
        raise


def slots_of(client: Any) -> int:
    """Number of runs that all workers can compute at the same time, now."""
    return max(1, sum(map(int, client.nthreads().values())))


def _prepare_workers(client: Any, setup: WorkerSetup) -> None:
    """Have every worker prepared once; the scheduler does it for those that join later."""
    name = f"nn-core-{setup.content_hash}"
    if not client.run_on_scheduler(_is_registered, name=name):
        client.register_plugin(_plugin(setup), name=name)


def _is_registered(dask_scheduler: Any, name: str) -> bool:
    return name in dask_scheduler.worker_plugins


def _plugin(setup: WorkerSetup) -> Any:
    """A plug-in of Dask's workers, which Dask pickles with its class."""

    def prepare(plugin: object, worker: object) -> None:
        setup()

    return type("Preparation", (import_extra("distributed", "dask").WorkerPlugin,), {"setup": prepare})()
