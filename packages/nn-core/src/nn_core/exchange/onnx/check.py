"""Check a model before it is written: its validity, and its outputs on a batch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.errors import ExportError
from nn_core.storage.files import printable

if TYPE_CHECKING:
    import onnx

TOLERANCE = 1e-5
"""Maximum difference, relative to the largest element of an output or 1, whichever is larger."""


def check_model(
    model: onnx.ModelProto, inputs: Mapping[str, npt.NDArray[Any]], expected: Mapping[str, npt.NDArray[Any]]
) -> float:
    """Check a model with ONNX's checker and reference evaluator; returns the largest difference.

    inputs    arrays by input name
    expected  arrays by output name
    Raises ExportError in one line if the model is invalid, or an output differs by more than
    TOLERANCE.
    """
    import onnx.checker
    from onnx.reference import ReferenceEvaluator

    try:
        onnx.checker.check_model(model, full_check=True)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outputs = ReferenceEvaluator(model).run(list(expected), dict(inputs))
    except Exception as error:  # noqa: BLE001
        reason = printable(" ".join(str(error).split())[:300]) or type(error).__name__
        raise ExportError(f"not written: the ONNX model is invalid: {reason}") from None
    largest = 0.0
    for (name, ours), found in zip(expected.items(), outputs, strict=True):
        difference = relative_difference(np.asarray(found), ours)
        if not difference <= TOLERANCE:
            raise ExportError(
                f"not written: output {name!r} of the ONNX model differs from the network by {difference:.1e}, "
                f"more than {TOLERANCE:.0e}"
            )
        largest = max(largest, difference)
    return largest


def relative_difference(found: npt.NDArray[Any], ours: npt.NDArray[Any]) -> float:
    """max |found - ours| / max(1, max |ours|); infinite if the shapes differ."""
    if found.shape != ours.shape:
        return np.inf
    if not ours.size:
        return 0.0
    a, b = found.astype(np.float64), ours.astype(np.float64)
    return float(np.abs(a - b).max() / max(1.0, np.abs(b).max()))
