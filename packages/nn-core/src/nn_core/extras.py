"""Optional dependencies, imported where they are used."""

import importlib
from typing import Any

from nn_core.errors import NNError


class MissingExtraError(NNError, ImportError):
    """An optional dependency that is not installed."""


def import_extra(module: str, extra: str) -> Any:
    """Import a module of an optional dependency.

    extra  the extra of nn-core that installs it, such as "onnx"
    Raises MissingExtraError with the install command.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        reason = "is not installed" if isinstance(error, ModuleNotFoundError) else f"cannot be imported: {error}"
        raise MissingExtraError(
            f'{package} {reason}; install it: python -m pip install "./packages/nn-core[{extra}]"'
        ) from None
