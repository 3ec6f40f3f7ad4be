"""Activation layers: their functions, applied to each element."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from layer_call import run

from nn_core import activations
from nn_core.errors import SettingError
from nn_core.layers import ACTIVATIONS, GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.layers.activation import Activation

NAMED: dict[Activation, str] = {
    Sigmoid(): "sigmoid",
    Tanh(): "tanh",
    ReLU(): "relu",
    LeakyReLU(): "leaky_relu",
    GELU(): "gelu",
    GELU(approximate=False): "exact_gelu",
}


def test_names_on_a_command_line() -> None:
    assert dict(ACTIVATIONS) == {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "leaky-relu": LeakyReLU, "gelu": GELU}
    assert {type(layer) for layer in NAMED} == set(ACTIVATIONS.values())
    assert ACTIVATIONS.parse("leaky-relu:slope=0.2")() == LeakyReLU(0.2)
    assert ACTIVATIONS.parse("gelu:approximate=no")() == GELU(approximate=False)


@pytest.mark.parametrize("layer", NAMED, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_layer_is_its_function_even_far_out(layer: Activation, dtype: npt.DTypeLike) -> None:
    x = np.array([[-1e4, -90, -87, -1, 0, 1, 87, 90, 1e4]], dtype)
    function = getattr(activations, NAMED[layer])
    derivative = getattr(activations, NAMED[layer] + "_derivative")
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, d_x, _ = run(layer, x, np.full_like(x, 3))
        np.testing.assert_array_equal(y, function(x))
        np.testing.assert_array_equal(d_x, 3 * derivative(x, y))
    assert np.isfinite(y).all()
    assert np.isfinite(d_x).all()


def test_the_slope_is_the_one_that_was_set() -> None:
    y, d_x, _ = run(LeakyReLU(0.5), [[-2.0, 3.0]], np.ones((1, 2)))
    np.testing.assert_array_equal(y, [[-1, 3]])
    np.testing.assert_array_equal(d_x, [[0.5, 1]])


@pytest.mark.parametrize("slope", [-0.1, 1.1, math.nan])
def test_a_slope_lies_between_0_and_1(slope: float) -> None:
    with pytest.raises(SettingError, match=r"\[0, 1\]"):
        LeakyReLU(slope)


def test_any_shape_passes_unchanged() -> None:
    assert Tanh().output_shape((None, 3)) == (None, 3)
    assert Tanh().output_shape((4, 5, 2)) == (4, 5, 2)
    assert Tanh().parameters((3,)) == {}
    assert Tanh().macs((3,)) == 0
