"""The fully connected layer against its definition."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_call import LayerCall, run
from oracles import assert_close

from nn_core.arrays import Shape
from nn_core.errors import SettingError, ShapeError
from nn_core.layers import Dense


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 5), inputs=st.integers(1, 6), units=st.integers(1, 6))
def test_dense_is_its_definition(seed: int, count: int, inputs: int, units: int) -> None:
    call = LayerCall(Dense(units), (count, inputs), seed=seed)
    y, d_x = call.run()
    expected = oracles.dense_forward(call.x, call.params["W"], call.params["b"])
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-13)
    expected_x, expected_W, expected_b = oracles.dense_backward(call.x, call.params["W"], call.d_y)
    np.testing.assert_allclose(d_x, expected_x, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(call.grads["W"], expected_W, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(call.grads["b"], expected_b, rtol=1e-10, atol=1e-13)


def test_dense_by_hand() -> None:
    # y = (1*1 + 2*0 + 10, 1*3 + 2*-1 + 20) and (0*1 - 1*0 + 10, 0*3 - 1*-1 + 20).
    # d_W = x^T d_y = [[1*1 + 0*0, 1*2 + 0*1], [2*1 - 1*0, 2*2 - 1*1]], d_b the columns' sums,
    # d_x = d_y W^T = [[1*1 + 2*3, 1*0 + 2*-1], [0*1 + 1*3, 0*0 + 1*-1]].
    y, d_x, grads = run(
        Dense(2),
        [[1.0, 2.0], [0.0, -1.0]],
        [[1.0, 2.0], [0.0, 1.0]],
        {"W": [[1.0, 3.0], [0.0, -1.0]], "b": [10.0, 20.0]},
    )
    np.testing.assert_array_equal(y, [[11, 21], [10, 21]])
    np.testing.assert_array_equal(grads["W"], [[1, 2], [2, 3]])
    np.testing.assert_array_equal(grads["b"], [1, 3])
    np.testing.assert_array_equal(d_x, [[7, -2], [3, -1]])


@pytest.mark.parametrize("shape", [(2, 5, 3), (2, 4, 1, 3)])
def test_every_step_is_a_row_by_itself(shape: tuple[int, ...]) -> None:
    call = LayerCall(Dense(2), shape)
    y, d_x = call.run()
    flat = LayerCall(Dense(2), (call.x.size // 3, 3))
    flat.x, flat.d_y, flat.params = call.x.reshape(-1, 3), call.d_y.reshape(-1, 2), call.params
    flat_y, flat_d_x = flat.run()
    np.testing.assert_allclose(y.reshape(-1, 2), flat_y, rtol=1e-13)
    np.testing.assert_allclose(d_x.reshape(-1, 3), flat_d_x, rtol=1e-13)
    for name, gradient in call.grads.items():
        np.testing.assert_allclose(gradient, flat.grads[name], rtol=1e-13)


def test_dense_computes_no_d_x_where_none_is_needed() -> None:
    call = LayerCall(Dense(3), (4, 2), needs_d_x=False)
    assert call.backward(call.forward()[1]) is None
    _, expected_W, expected_b = oracles.dense_backward(call.x, call.params["W"], call.d_y)
    assert_close(call.grads["W"], expected_W, 1e-12)
    assert_close(call.grads["b"], expected_b, 1e-12)


def test_dense_declares_what_it_learns() -> None:
    declared = Dense(3, initializer="lecun").parameters((None, 5))
    assert list(declared) == ["W", "b"]
    W, b = declared["W"], declared["b"]
    assert (W.shape, W.initializer, W.weight_decay) == ((5, 3), "lecun", True)
    assert (b.shape, b.initializer, b.weight_decay) == ((3,), "zeros", False)


def test_shapes_and_costs() -> None:
    assert Dense(3).output_shape((5,)) == (3,)
    assert Dense(3).output_shape((None, 5)) == (None, 3)
    assert Dense(3).output_shape((4, 2, 5)) == (4, 2, 3)
    assert Dense(3).macs((5,)) == Dense(3).macs((None, 5)) == 15


@pytest.mark.parametrize("shape", [(), (None,), (4, None)])
def test_an_input_without_features(shape: Shape) -> None:
    with pytest.raises(ShapeError, match="expected features on the last axis"):
        Dense(3).output_shape(shape)


@pytest.mark.parametrize("units", [0, -3])
def test_dense_needs_units(units: int) -> None:
    with pytest.raises(SettingError, match=f"at least one unit, not {units}"):
        Dense(units)


def test_an_unknown_initializer() -> None:
    with pytest.raises(SettingError, match="unknown initializer 'hee'; did you mean 'he'"):
        Dense(3, initializer="hee")
