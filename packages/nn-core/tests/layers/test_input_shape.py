"""What an error message says about a batch of the wrong shape."""

import pytest

from nn_core.arrays import Shape
from nn_core.layers.input_shape import shape_hint

ONE, CHANNEL, LAST = (
    "; for one example: x[None]",
    "; add the channel axis: x[..., None]",
    "; channels come last: x.transpose(0, 2, 3, 1)",
)


@pytest.mark.parametrize(
    ("shape", "input_shape", "hint"),
    [
        ((28, 30, 3), (28, 30, 3), ONE),
        ((7,), (7,), ONE),
        ((9, 4), (None, 4), ONE),
        ((9, 5), (None, 4), ""),
        ((8, 7), (7,), ""),
        ((50, 28, 30), (28, 30, 1), CHANNEL),
        ((50, 28, 30), (28, 30, 3), ""),
        ((50, 30, 28), (28, 30, 1), ""),
        ((50,), (28, 30, 1), ""),
        ((50, 3, 28, 30), (28, 30, 3), LAST),
        ((50, 1, 28, 30), (28, 30, 1), LAST),
        ((50, 4, 28, 30), (28, 30, 3), ""),
        ((50, 3, 30, 28), (28, 30, 3), ""),
        ((50, 3), (28, 30, 3), ""),
        ((50, 1, 7), (7, 1), ""),
    ],
)
def test_the_hint_is_the_line_that_corrects_it(shape: tuple[int, ...], input_shape: Shape, hint: str) -> None:
    assert shape_hint(shape, input_shape) == hint
