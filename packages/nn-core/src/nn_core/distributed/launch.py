"""How this process was started: alone, or by `mpiexec` or `srun` as one of several ranks; without importing MPI."""

import os
from collections.abc import Mapping

LAUNCHERS = (
    ("PMI_RANK", ("PMI_SIZE",)),  # MPICH, Intel MPI, srun --mpi=pmi2
    ("OMPI_COMM_WORLD_RANK", ("OMPI_COMM_WORLD_SIZE",)),  # Open MPI
    ("PMIX_RANK", ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")),  # srun --mpi=pmix
)
"""Variables that launchers set: the rank, and the number of ranks by the first of these that is there."""


def rank_and_size(environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """The rank of this process, and the number of ranks; (0, 1) for a process on its own."""
    for rank_name, size_names in LAUNCHERS:
        size = next((environment[name] for name in size_names if name in environment), "")
        rank = environment.get(rank_name, "")
        if rank.isdecimal() and size.isdecimal() and int(rank) < int(size):
            return int(rank), int(size)
    return 0, 1


def local_size(environment: Mapping[str, str] = os.environ) -> int:
    """The number of ranks on this machine, as far as the launcher says; otherwise that of all ranks."""
    for name in ("MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE"):
        text = environment.get(name, "")
        if text.isdecimal() and int(text) > 0:
            return int(text)
    tasks = environment.get("SLURM_STEP_TASKS_PER_NODE", "").partition("(")[0].partition(",")[0]  # such as 2(x32),1
    return int(tasks) if tasks.isdecimal() and int(tasks) > 0 else rank_and_size(environment)[1]
