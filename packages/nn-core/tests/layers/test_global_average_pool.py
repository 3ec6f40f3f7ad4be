"""Global average pooling against its definition."""

import numpy as np
import oracles_2d
import pytest
from layer_call import LayerCall, run

from nn_core.arrays import Shape
from nn_core.errors import ShapeError
from nn_core.layers import GlobalAveragePool2D


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 1, 1), (3, 7, 1, 2)])
def test_it_is_the_mean_of_whole_feature_maps(shape: tuple[int, ...]) -> None:
    call = LayerCall(GlobalAveragePool2D(), shape)
    y, d_x = call.run()
    expected, expected_x = oracles_2d.global_average_pool(call.x, call.d_y)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(d_x, expected_x, rtol=1e-12)


def test_by_hand() -> None:
    y, d_x, _ = run(GlobalAveragePool2D(), [[[[1.0], [3.0]], [[5.0], [7.0]]]], [[8.0]])
    np.testing.assert_array_equal(y, [[4]])
    np.testing.assert_array_equal(d_x, np.full((1, 2, 2, 1), 2.0))


def test_shape() -> None:
    assert GlobalAveragePool2D().output_shape((3, 4, 5)) == (5,)


@pytest.mark.parametrize("shape", [(5,), (4, 4), (1, 2, 3, 4), (None, 3, 2)])
def test_what_is_not_an_image(shape: Shape) -> None:
    with pytest.raises(ShapeError, match=r"expected an image \(height, width, channels\), got \("):
        GlobalAveragePool2D().output_shape(shape)
