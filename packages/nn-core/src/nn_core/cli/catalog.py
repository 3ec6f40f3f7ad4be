"""The data sets that have a name, as a command line lists them."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nn_core.cli.download import RemoteDataset, locate


@dataclass(frozen=True)
class Entry:
    """A data set that has a name: how to write it with its settings, and what it is."""

    name: str
    spec: str
    description: str
    is_here: bool


def list_sets(
    made: Mapping[str, Callable[..., Any]], fetched: Mapping[str, RemoteDataset]
) -> list[Entry]:
    """Sets that are made here, their settings and descriptions as the functions have them, and
    then those that are fetched.
    """
    entries = []
    for name, make in made.items():
        parameters = inspect.signature(make).parameters.values()
        settings = [f"{p.name}={p.default}" for p in parameters if p.default is not p.empty]
        description = (inspect.getdoc(make) or "").partition("\n")[0]
        entries.append(Entry(name, f"{name}:{','.join(settings)}", description, True))
    for name, remote in fetched.items():
        is_here = all(locate(file) is not None for file in remote.files)
        entries.append(Entry(name, name, remote.description, is_here))
    return entries
