"""Exceptions. Command lines print each as one line.

Every message says what was wrong, where, and what was expected.
"""


class NNError(Exception):
    """Base class of the package's errors."""


class ShapeError(NNError):
    """Incompatible array shapes, or a layer that does not fit its input."""


class DataError(NNError):
    """Unusable data: missing, unreadable, or with values out of range."""


class SettingError(NNError, ValueError):
    """An invalid name or value passed by the caller."""


class ArgumentError(SettingError, TypeError):
    """An argument that a class or function does not take; the message has the line that works."""


class CheckpointError(NNError):
    """A checkpoint that cannot be read, written or used."""


class ExportError(NNError):
    """A network that cannot be written in the format of another program."""


class DivergenceError(NNError):
    """The loss or the weights are no longer finite."""


class GradientError(NNError):
    """A gradient that does not match finite differences."""
