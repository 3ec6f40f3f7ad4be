"""What a worker of a sweep is told once: plug-ins, memory limit, and the files that runs read."""

import hashlib
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nn_core import plugins
from nn_core.cli.data_bundle import DataBundle, SourceFiles
from nn_core.errors import NNError
from nn_core.memory import chosen_memory_limit, set_memory_limit
from nn_core.version import __version__

_received: dict[str, tuple[DataBundle, Path]] = {}
"""Unpacked files in this process, by content hash."""


def own_versions() -> dict[str, str]:
    """The versions that the bits of a result may depend on."""
    return {"nn-core": __version__, "NumPy": np.__version__, "Python": platform.python_version()}


@dataclass(frozen=True)
class WorkerSetup:
    """Prepares a worker: called once in each worker process, also in those that join later.

    plugins       modules and files, see `nn_core.plugins`
    memory_limit  see `nn_core.memory.set_memory_limit`
    bundle        files for a worker on another machine; None for one on this machine
    """

    plugins: tuple[str, ...] = ()
    memory_limit: int | None = None
    bundle: DataBundle | None = None

    @classmethod
    def of_this_process(cls, sources: SourceFiles | None = None) -> "WorkerSetup":
        """With what this process has loaded.

        sources  files to send; None if the worker reads them itself
        """
        bundle = None if sources is None else DataBundle.of(sources)
        return cls(tuple(plugins.loaded), chosen_memory_limit(), bundle)

    @property
    def content_hash(self) -> str:
        """Identifies what a worker is told."""
        files = None if self.bundle is None else self.bundle.content_hash
        return hashlib.sha256(repr((self.plugins, self.memory_limit, files)).encode()).hexdigest()

    def __call__(self) -> None:
        threadpool_limits(1)
        if self.memory_limit is not None:
            set_memory_limit(self.memory_limit)
        places: Mapping[str, str] = {}
        folder = Path()
        if self.bundle is not None:
            folder = self.bundle.unpack()
            _received[self.bundle.content_hash] = self.bundle, folder
            places = self.bundle.places
        for name in self.plugins:
            plugins.load_plugin(str(folder / places[name]) if name in places else name)


@dataclass(frozen=True)
class RemoteFunction:
    """A function of settings, for a worker on another machine, where files are elsewhere.

    function      an importable function, or a partial of one
    content_hash  of the files, which `WorkerSetup` has unpacked
    """

    function: Callable[[Any], Any]
    content_hash: str
    versions: Mapping[str, str] = field(default_factory=own_versions)

    def __call__(self, settings: Any) -> Any:
        """Call the function. Raises NNError if the worker has other versions, with which the bits may differ."""
        own = own_versions()
        other = [f"{name} {own.get(name)}" for name, version in self.versions.items() if own.get(name) != version]
        if other:
            expected = ", ".join(f"{name} {version}" for name, version in self.versions.items())
            raise NNError(f"a worker has {', '.join(other)}; expected {expected}")
        bundle, folder = _received[self.content_hash]
        return self.function(bundle.relocated(settings, folder))
