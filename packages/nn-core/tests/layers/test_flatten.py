"""Flatten."""

import numpy as np
import pytest
from layer_call import run

from nn_core.arrays import Shape
from nn_core.errors import ShapeError
from nn_core.layers import Flatten


def test_the_order_stays_and_nothing_is_copied() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    y, d_x, _ = run(Flatten(), x, np.arange(24.0).reshape(2, 12))
    np.testing.assert_array_equal(y, [range(12), range(12, 24)])
    assert np.shares_memory(x, y)
    np.testing.assert_array_equal(d_x, x)


def test_shapes() -> None:
    assert Flatten().output_shape((3, 4)) == (12,)
    assert Flatten().output_shape(()) == (1,)


@pytest.mark.parametrize("shape", [(None, 3), (None,)])
def test_sequences_of_any_length_have_no_fixed_number_of_features(shape: Shape) -> None:
    with pytest.raises(ShapeError, match="expected axes of fixed sizes, got"):
        Flatten().output_shape(shape)
