"""Backends by name."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from nn_core.network import Network
from nn_core.reference import Backend, Reference
from nn_core.registry import require

if TYPE_CHECKING:
    from nn_core.ranks import Ranks


def backend_named(
    name: str, network: Network, *, threads: int | None = None, shards: int | None = None, ranks: "Ranks | None" = None
) -> Backend:
    """`Engine(network)` for "fast", `Reference(network)` for "reference".

    threads  of the engine; results do not depend on it. None: one per core, at most 4, or one without
             threadpoolctl, which is needed to limit the threads of the BLAS
    shards, ranks  see `Engine`
    Raises SettingError for another name, and for threads or shards with the reference.
    """
    require(name in ("fast", "reference"), f"engine must be 'fast' or 'reference', not {name!r}")
    if name == "reference":
        require(threads is None and shards is None, "the reference engine has no threads or shards: omit them")
        return Reference(network)
    from nn_core.engine.engine import Engine
    from nn_core.engine.thread_pool import available_threads

    if threads is None:
        threads = available_threads() if find_spec("threadpoolctl") else 1
    return Engine(network, threads=threads, shards=shards, ranks=ranks)
