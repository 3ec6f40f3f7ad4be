"""What can go wrong, by name. A command line turns each of these into one line.

Every message says what was wrong, where, and what would be right.
"""


class NNError(Exception):
    """The root of all errors that this package raises on purpose."""


class ShapeError(NNError):
    """Arrays whose shapes do not fit each other, or a layer that does not fit its input."""


class DataError(NNError):
    """Data that cannot be used: missing, unreadable, or with values out of range."""


class SettingError(NNError, ValueError):
    """A name or a number chosen by the caller that makes no sense."""


class CheckpointError(NNError):
    """A checkpoint that cannot be read, written, or used here."""


class DivergenceError(NNError):
    """The loss or the weights are no longer finite numbers."""


class GradientError(NNError):
    """A gradient written by hand that finite differences do not confirm."""
