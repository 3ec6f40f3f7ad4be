"""Where the runs of a sweep are computed: this process, local processes, Dask or MPI; and the options that say so."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from nn_core.cli.command_help import grouped
from nn_core.cli.options import together
from nn_core.cli.param_types import JournalFile
from nn_core.cli.standard_input import is_standard

PROCESSES, MPI = "processes", "mpi"

MAX_WORKERS = 1024
"""Local processes."""


_ADDRESS = re.compile(r"(tcp|tls|ucx|ucxx|ws|wss)://[^\s/]+:(?P<port>\d{1,5})")


@dataclass(frozen=True)
class Execution:
    """Where runs are computed; the results do not depend on it.

    workers    number of local processes; 1 for this one
    scheduler  address of a Dask scheduler, whose workers compute
    mpi        whether the other MPI ranks compute
    journal    file of finished runs, which are not computed again
    """

    workers: int = 1
    scheduler: str | None = None
    mpi: bool = False
    journal: Path | None = None

    @property
    def is_here(self) -> bool:
        """Whether this process computes, one run after the other."""
        return self.workers == 1 and self.scheduler is None and not self.mpi

    @property
    def takes_turns(self) -> bool:
        """Whether all runs are computed now, one after the other, so that their times can be compared."""
        return self.is_here and self.journal is None

    def require_files(self, *sources: str | None) -> None:
        """Raise click.UsageError for standard input, unless this process reads it, for itself alone."""
        if not self.takes_turns and any(map(is_standard, sources)):
            option = "--journal" if self.is_here else "--workers, --scheduler and --executor"
            raise click.UsageError(f"standard input can be read only once; omit {option}, or give a file")


class SchedulerAddress(click.ParamType[str]):
    """The address of a Dask scheduler: "tcp://host:8786", or "host:8786"."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        address = value if "://" in value else f"tcp://{value}"
        found = _ADDRESS.fullmatch(address)
        if found is None or not 0 < int(found["port"]) < 65_536:
            self.fail(f"{value!r} is not the address of a scheduler, such as tcp://host:8786", param, ctx)
        return str(address)


def execution_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--workers`, `--executor`, `--scheduler` and `--journal`, passed to the command as one `execution`."""

    @wraps(command)
    def with_execution(
        *args: Any, workers: int, executor: str, scheduler: str | None, journal: Path | None, **options: Any
    ) -> Any:
        _require_one(workers, executor, scheduler)
        chosen = Execution(workers, scheduler, executor == MPI, journal)
        return command(*args, execution=chosen, **options)

    options = grouped(
        "Execution",
        click.option(
            "--workers",
            type=click.IntRange(1, MAX_WORKERS),
            default=1,
            help="Number of worker processes; does not affect the results, but times are compared only with one.",
        ),
        click.option(
            "--executor",
            type=click.Choice([PROCESSES, MPI]),
            default=PROCESSES,
            help="Run on local processes, or on the other ranks of mpiexec (nn-core[mpi]).",
        ),
        click.option(
            "--scheduler",
            type=SchedulerAddress(),
            metavar="ADDRESS",
            help="Run on the workers of a Dask scheduler, e.g. tcp://host:8786 (nn-core[dask]).",
        ),
        click.option(
            "--journal",
            type=JournalFile(),
            help="Record finished runs in a file, and skip those in it: continues a sweep that was killed, "
            "or shares one with other shells.",
        ),
    )
    decorated: Callable[..., Any] = together(options)(with_execution)
    return decorated


def _require_one(workers: int, executor: str, scheduler: str | None) -> None:
    chosen = {"--workers": workers > 1, "--executor mpi": executor == MPI, "--scheduler": scheduler is not None}
    given = [name for name, is_given in chosen.items() if is_given]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} are mutually exclusive")
