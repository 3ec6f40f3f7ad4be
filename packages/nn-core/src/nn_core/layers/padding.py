"""Which layers of a network read the lengths of padded sequences, and whether they may."""

from nn_core.arrays import Shape
from nn_core.errors import SettingError
from nn_core.layers.base import Layer
from nn_core.layers.chain import Chain, Nested
from nn_core.layers.last_step import LastStep
from nn_core.layers.mean_over_time import MeanOverTime


def check_padding(layer: Layer, input_shape: Shape, *, has_steps: bool = True) -> bool:
    """Whether the first axis of the output still has the steps of the padded input.

    has_steps  whether that of the input has them
    Raises SettingError for a LastStep or MeanOverTime on another axis, such as after Reshape: the lengths
    of the input do not apply there.
    """
    if isinstance(layer, Chain):
        for child, shape in zip(layer.layers, layer.child_shapes(input_shape), strict=True):
            has_steps = check_padding(child, shape, has_steps=has_steps)
        return has_steps
    if isinstance(layer, Nested):
        shapes = layer.child_shapes(input_shape)
        kept = [check_padding(c, s, has_steps=has_steps) for c, s in zip(layer.children, shapes, strict=True)]
        return all(kept)
    if isinstance(layer, LastStep | MeanOverTime):
        if not has_steps:
            raise SettingError(
                f"{layer!r} needs the steps of the padded input, which an earlier layer has replaced; omit padding"
            )
        return False
    return has_steps and layer.output_shape(input_shape)[:1] == input_shape[:1]
