"""The order of a network's parameters in its vector.

Weights come first, in the order of the layers, then biases, running statistics, and frozen parameters, so
that L2 is one slice and an optimizer updates another. Gradients of tied parameters follow at the end.
"""

import math
from collections.abc import Mapping

from nn_core.errors import SettingError
from nn_core.layers.base import Parameter


def layout(declared: Mapping[str, Parameter], tied: Mapping[str, str]) -> tuple[dict[str, slice], list[int], int]:
    """The slice of each parameter, the end of each region, and the size of a gradient.

    declared  all parameters by path
    tied      name -> name of the parameter with which it is tied
    Raises SettingError for a tie of unknown parameters, of different shapes, or to a tied one.
    """
    for name, owner in tied.items():
        if name not in declared or owner not in declared:
            raise SettingError(f"cannot tie {name!r} to {owner!r}: no such parameter")
        if owner in tied or declared[name].shape != declared[owner].shape:
            raise SettingError(f"cannot tie {name!r} to {owner!r}: not an untied parameter of its shape")
    own = [name for name in declared if name not in tied]
    own.sort(key=lambda name: declared[name].region)
    slices: dict[str, slice] = {}
    start, ends = 0, [0, 0, 0, 0]
    for name in own:
        stop = start + math.prod(declared[name].shape)
        slices[name] = slice(start, stop)
        for region in range(declared[name].region, 4):
            ends[region] = stop
        start = stop
    for name in tied:
        stop = start + math.prod(declared[name].shape)
        slices[name] = slice(start, stop)
        start = stop
    return slices, ends, start
