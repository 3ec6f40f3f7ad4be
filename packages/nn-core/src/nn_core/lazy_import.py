"""Names that are imported when they are first used.

A program that only predicts does not wait for optimizers, nor one with recurrent layers for
convolutions. Python asks a module's `__getattr__` for the names that it lacks (PEP 562).
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Lazy(NamedTuple):
    """A name in a module, not imported yet."""

    module: str
    name: str

    def load(self) -> Any:
        """Import the module and return what it has under the name."""
        return getattr(importlib.import_module(self.module), self.name)


def lazy_names(package: str, modules: Mapping[str, str]) -> dict[str, Lazy]:
    """Lazy names by themselves.

    package  "nn_core.layers"
    modules  module of the package -> its names, separated by spaces
    """
    return {name: Lazy(f"{package}.{module}", name) for module, names in modules.items() for name in names.split()}


def lazy_attributes(package: str, names: Mapping[str, Lazy]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and the `__dir__` of a package that exports these names.

    __getattr__, __dir__ = lazy_attributes(__name__, NAMES)
    """

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return names[name].load()

    def list_names() -> list[str]:
        return sorted({*vars(importlib.import_module(package)), *names})

    return get, list_names
