"""Packages whose names are imported when somebody asks for one of them, and not before.

A program that only predicts does not wait for optimizers, nor one with recurrent layers for
convolutions. Python asks a module's `__getattr__` for what it does not have (PEP 562).
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class LazyNames(Mapping[str, T]):
    """Name -> what a module of a package has under that name, imported when it is looked up.

    package  "nn_core.layers"
    modules  module of the package -> its names, between blanks
    """

    def __init__(self, package: str, modules: Mapping[str, str]) -> None:
        self._module_of = {
            name: f"{package}.{module}"
            for module, names in modules.items()
            for name in names.split()
        }

    def __getitem__(self, name: str) -> T:
        found: T = getattr(importlib.import_module(self._module_of[name]), name)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._module_of

    def __iter__(self) -> Iterator[str]:
        return iter(self._module_of)

    def __len__(self) -> int:
        return len(self._module_of)


def getter(package: str, *names: Mapping[str, Any]) -> Callable[[str], Any]:
    """The `__getattr__` of a package that has these names."""

    def get(name: str) -> Any:
        for known in names:
            if name in known:
                return known[name]
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return get
