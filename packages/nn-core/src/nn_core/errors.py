"""Exceptions. Command lines print each as one line.

Every message says what was wrong, where, and what was expected.
"""

import warnings


class NNError(Exception):
    """Base class of the package's errors."""


class ShapeError(NNError):
    """Incompatible array shapes, or a layer that does not fit its input."""


class DataError(NNError):
    """Unusable data: missing, unreadable, or with values out of range."""


class DataWarning(UserWarning):
    """A remark on how data was read: converted or ignored parts. Command lines print it as a one-line note."""


def remark(text: str) -> None:
    """Warn with a DataWarning, which begins with the name of the data."""
    warnings.warn(text, DataWarning, stacklevel=3)


class SettingError(NNError, ValueError):
    """An invalid name or value passed by the caller."""


class ArgumentError(SettingError, TypeError):
    """A wrong argument of a class or function; the message shows the corrected call."""


class CheckpointError(NNError):
    """A checkpoint that cannot be read, written or used."""


class ExportError(NNError):
    """A network that cannot be exported to another format."""


class DivergenceError(NNError):
    """The loss or the weights are no longer finite."""


class GradientError(NNError):
    """A gradient that does not match finite differences."""
