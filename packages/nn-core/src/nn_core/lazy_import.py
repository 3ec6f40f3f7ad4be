"""Names that are imported on first use.

A program that only predicts need not import optimizers, nor one with recurrent layers
convolutions. Python calls a module's `__getattr__` for missing names (PEP 562).
"""

import importlib
import sys
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
    """`__getattr__` and `__dir__` for a package that exports these names and its modules.

    __getattr__, __dir__ = lazy_attributes(__name__, NAMES)

    The error for an unknown name shows its equivalent here.
    """

    def get(name: str) -> Any:
        if name in names:
            return names[name].load()
        if name.startswith("_"):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            return importlib.import_module(f"{package}.{name}")
        except ImportError as error:  # no such module, or a missing extra
            if getattr(error, "name", None) != f"{package}.{name}":
                raise AttributeError(f"{package}.{name}: {error}") from error
        from nn_core.hints import unknown_name

        raise unknown_name(package, name, list_names(), sys._getframe(1)) from None

    def list_names() -> list[str]:
        import pkgutil

        module = importlib.import_module(package)
        modules = {each.name for each in pkgutil.iter_modules(getattr(module, "__path__", ()))}
        own = {name for name in vars(module) if name.startswith("__")}
        return sorted({*own, *getattr(module, "__all__", ()), *names, *modules})

    return get, list_names
