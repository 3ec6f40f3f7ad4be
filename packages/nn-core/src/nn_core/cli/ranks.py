"""A command under `mpiexec`: all ranks run `train` together, rank 0 alone runs other commands, and one rank speaks."""

import traceback
from collections.abc import Callable, Sequence

from nn_core.cli.terminal import print_error
from nn_core.distributed.launch import rank_and_size
from nn_core.distributed.mpi_ranks import MPIRanks, join_ranks, joined_ranks
from nn_core.errors import NNError
from nn_core.extras import MissingExtraError
from nn_core.standard_streams import captured_streams, standard_error

RUN_BY_ALL_RANKS = frozenset({"train"})
"""Commands that all processes of `mpiexec` run together."""


def run_on_ranks(arguments: Sequence[str], run: Callable[[], int]) -> int:
    """Run a command as one of several ranks; its exit status.

    Ranks other than 0 print nothing, unless they alone fail; a rank that fails while others go on ends them.
    """
    from nn_core.cli.executors.mpi import is_requested, ranks_compute

    if is_requested(arguments):
        try:
            with ranks_compute():
                return run()
        except MissingExtraError as error:
            if rank_and_size()[0] == 0:
                print_error(str(error))
            return 1
    messages = ""
    if next((word for word in arguments if not word.startswith("-")), "") in RUN_BY_ALL_RANKS:
        try:
            join_ranks()  # before anything can fail on one rank, for which the others would wait
        except NNError as error:
            if rank_and_size()[0] == 0:
                print_error(str(error))
            return 1
    try:
        if rank_and_size()[0] == 0:
            status = run()
        else:
            with captured_streams() as captured:
                status = run()
            messages = captured.getvalue()
    except BaseException:
        ranks = joined_ranks()
        if isinstance(ranks, MPIRanks):
            standard_error().write(traceback.format_exc())
            standard_error().flush()
            ranks.abort(1)
        raise
    if status:
        _end_together(status, messages.rpartition("Error: ")[2])
    return status


def _end_together(status: int, message: str) -> None:
    """End all ranks after a failure, with one line on stderr."""
    ranks = joined_ranks()
    if not isinstance(ranks, MPIRanks):
        return
    ended = ranks.end(status)
    if ranks.rank > 0 and not ended[0]:
        standard_error().write(f"Error: rank {ranks.rank}: {message}")
        standard_error().flush()
    if None in ended:
        ranks.abort(status)
