"""Locate the first non-finite values when training diverges, and suggest a fix."""

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Examples
from nn_core.network import Network

ROWS = 256
"""Examples per batch, to bound memory."""

EXAMPLES = "the examples"


def explain_non_finite(network: Network, x: Examples, source: Examples, *, updated: bool) -> str:
    """Where the first non-finite values come from, and a suggested fix.

    x        the examples of the step
    source   the data set, to find the index of the example
    updated  whether the weights have been updated
    """
    where = locate_non_finite(network, x)
    if where == EXAMPLES:
        found = first_non_finite_example(source)
        if found is None:
            return "the augmented examples have non-finite values"
        return f"{found}; remove such examples, or replace the values: np.nan_to_num(x)"
    advice = (
        "a smaller learning rate or gradient clipping may help"
        if updated
        else "examples or targets of a smaller scale, such as (x - x.mean(axis=0)) / x.std(axis=0), may help"
    )
    return f"the first non-finite values come from {where}; {advice}"


def first_non_finite_example(x: Examples) -> str | None:
    """The first non-finite value of a data set: "example 3 has nan at [1]"; None if there is none."""
    for start in range(0, len(x), ROWS):
        rows = x[start : start + ROWS]
        wrong = np.argwhere(~np.isfinite(rows))
        if len(wrong):
            row, *place = (int(index) for index in wrong[0])
            at = f" at {place}" if place else ""
            return f"example {start + row} has {rows[(row, *place)]}{at}"
    return None


def locate_non_finite(network: Network, x: Examples) -> str:
    """The first of: the examples, a layer with non-finite parameters or output, or the loss."""
    for start in range(0, len(x), ROWS):
        found = _locate(network, x[start : start + ROWS])
        if found is not None:
            return found
    return "the loss itself"


def _locate(network: Network, x: npt.NDArray[np.generic]) -> str | None:
    if not np.isfinite(x).all():
        return EXAMPLES
    for index, (layer, output) in enumerate(zip(network, network.activations(x), strict=True)):
        if not all(np.isfinite(values).all() for values in (*layer.params.values(), output)):
            return f"layer {index}, {layer.layer!r}"
    return None
