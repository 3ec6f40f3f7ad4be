"""Names that are imported on first use.

A program that only predicts need not import optimizers, nor one with recurrent layers
convolutions. Python calls a module's `__getattr__` for missing names (PEP 562).
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Lazy(NamedTuple):
    """A name in a module that is not imported yet."""

    module: str
    name: str

    def load(self) -> Any:
        """Import the module and return the object with this name."""
        return getattr(importlib.import_module(self.module), self.name)


def lazy_names(package: str, modules: Mapping[str, str]) -> dict[str, Lazy]:
    """A mapping of names to `Lazy` objects.

    package  "nn_core.layers"
    modules  module of the package -> its names, separated by spaces
    """
    return {name: Lazy(f"{package}.{module}", name) for module, names in modules.items() for name in names.split()}


def lazy_attributes(package: str, names: Mapping[str, Lazy]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package that exports these names.

    __getattr__, __dir__ = lazy_attributes(__name__, NAMES)
    """

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return names[name].load()

    def list_names() -> list[str]:
        return sorted({*vars(importlib.import_module(package)), *names})

    return get, list_names
