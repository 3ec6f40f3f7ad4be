"""Plug-ins: modules and files that register classes or functions, by name."""

import importlib
import os
import sys
from types import ModuleType

from nn_core.errors import NNError, SettingError

loaded: list[str] = []
"""Plug-ins loaded by `load_plugin`, in order, so that worker processes can load them too."""


def load_plugin(name: str) -> ModuleType:
    """Import a module or a .py file that registers classes or functions.

    Raises SettingError with a one-line message if it does not exist or cannot be imported.
    """
    try:
        module = _import_file(name) if name.endswith(".py") else _import_module(name)
    except NNError as error:
        raise SettingError(f"plug-in {name!r}: {error}") from None
    except Exception as error:  # noqa: BLE001
        raise SettingError(f"plug-in {name!r} cannot be imported: {_reason(error)}") from None
    if name not in loaded:
        loaded.append(name)
    return module


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        hint = f"; for a file, include the suffix: {name}.py" if "." not in name else ""
        raise SettingError(f"no such module{hint}") from None


def _import_file(file: str) -> ModuleType:
    """The module in a file, imported once under a unique name."""
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    path = Path(file).resolve()
    if not path.is_file():
        raise SettingError("no such file")
    name = f"plugin_{path.stem}"
    earlier = sys.modules.get(name)
    if earlier is not None:
        if earlier.__file__ != str(path):
            raise SettingError(f"{earlier.__file__} has the same name; rename one of them")
        return earlier
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SettingError("it is not a Python file")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _reason(error: Exception) -> str:
    """An exception in one line, with its location in the plug-in."""
    import traceback

    where = traceback.extract_tb(error.__traceback__)[-1]
    line = error.lineno if isinstance(error, SyntaxError) else where.lineno
    file = error.filename if isinstance(error, SyntaxError) else where.filename
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words} ({(file or '').rpartition(os.sep)[2]}, line {line})"
