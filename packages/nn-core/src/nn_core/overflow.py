"""Networks whose outputs overflow, such as those of a checkpoint with weights of 1e38."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from nn_core.errors import DataError


def require_finite(outputs: npt.ArrayLike, source: str) -> None:
    """Raise DataError for outputs or losses that are not finite.

    source  what they are computed from, for the message
    """
    if not np.isfinite(outputs).all():
        raise DataError(f"{source}: the network overflows; its weights are too large")


@contextmanager
def checked_overflow() -> Iterator[None]:
    """Without NumPy's warnings of overflows, where `require_finite` follows; in the threads of the engine, too."""
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.filterwarnings("ignore", "overflow|invalid value|divide by zero", RuntimeWarning)
        yield
