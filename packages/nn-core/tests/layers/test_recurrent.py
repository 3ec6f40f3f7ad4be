"""Recurrent layers: their formulas, their states, and gradients that come back through time."""

import math
from dataclasses import replace

import numpy as np
import oracles
import oracles_rnn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_close
from unrolled import CELLS, Unrolled

from nn_core.errors import SettingError, ShapeError
from nn_core.gradient_check import check_layer
from nn_core.layers import GRU, LSTM, Recurrent, SimpleRNN
from nn_core.layers.cells import CELLS as BY_NAME
from nn_core.network import Network

names = pytest.mark.parametrize("name", CELLS)
cells = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
few = st.integers(1, 4)


@names
@settings(max_examples=25, deadline=None)
@given(N=st.integers(0, 4), T=st.integers(1, 6), D=few, units=few, seed=st.integers(0, 999))
def test_a_cell_is_its_definition(name: str, N: int, T: int, D: int, units: int, seed: int) -> None:
    case = Unrolled(replace(CELLS[name], units=units), N, T, D, seed=seed)
    y, left, _ = case.forward()
    expected, expected_left = oracles_rnn.unroll(name, case.x, case.state, case.params)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)
    for found, wanted in zip(left, expected_left, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@names
@pytest.mark.parametrize(("N", "T", "D", "units"), [(1, 1, 1, 1), (2, 5, 3, 2), (3, 2, 1, 4)])
def test_every_gradient_is_the_slope_of_the_definition(name: str, N: int, T: int, D: int, units: int) -> None:
    case = Unrolled(replace(CELLS[name], units=units), N, T, D)

    def loss() -> float:
        return case.loss_of(*oracles_rnn.unroll(name, case.x, case.state, case.params))

    d_x, d_state = case.backward(case.forward()[2])
    assert_close(d_x, oracles.finite_differences(loss, case.x))
    for found, values in zip(d_state, case.state, strict=True):
        assert_close(found, oracles.finite_differences(loss, values))
    assert case.grads.keys() == case.params.keys()
    for parameter, values in case.params.items():
        assert_close(case.grads[parameter], oracles.finite_differences(loss, values))


@cells
def test_every_gradient_by_the_checker(cell: Recurrent) -> None:
    rng = np.random.default_rng(0)
    report = check_layer(cell, rng.normal(size=(2, 4, 2)), rng=rng)
    assert report.error <= 1e-6


@cells
@pytest.mark.parametrize("t", range(5))
def test_a_loss_at_one_step_alone_reaches_the_steps_before_it_and_none_after(cell: Recurrent, t: int) -> None:
    case = Unrolled(cell, 2, 5, 2)
    case.d_state = ()
    case.d_y[:, :t] = case.d_y[:, t + 1 :] = 0.0
    d_x, _ = case.backward(case.forward()[2])
    assert not d_x[:, t + 1 :].any()
    assert d_x[:, : t + 1].all()


@cells
@pytest.mark.parametrize("cut", [1, 3, 6])
def test_a_long_sequence_is_two_halves_that_carry_the_state(cell: Recurrent, cut: int) -> None:
    whole, first, second = (Unrolled(cell, 2, 7, 2) for _ in range(3))
    first.x, second.x = whole.x[:, :cut], whole.x[:, cut:]
    first.d_y, second.d_y = whole.d_y[:, :cut], whole.d_y[:, cut:]

    y, left, cache = whole.forward()
    y1, second.state, cache1 = first.forward()
    y2, end, cache2 = second.forward()
    np.testing.assert_allclose(np.concatenate([y1, y2], axis=1), y, rtol=1e-13)
    np.testing.assert_allclose(end, left, rtol=1e-13)

    d_x, d_state = whole.backward(cache)
    d_x2, first.d_state = second.backward(cache2)
    d_x1, d_state1 = first.backward(cache1)
    np.testing.assert_allclose(np.concatenate([d_x1, d_x2], axis=1), d_x, rtol=1e-10)
    np.testing.assert_allclose(d_state1, d_state, rtol=1e-10)
    for name, expected in whole.grads.items():
        total = first.grads[name] + second.grads[name]
        np.testing.assert_allclose(total, expected, rtol=1e-10, atol=1e-13)


@cells
def test_step_by_step_is_all_at_once(cell: Recurrent) -> None:
    case = Unrolled(cell, 3, 6, 2)
    x = case.x
    y, left, _ = case.forward()
    for t in range(6):
        case.x = x[:, t : t + 1]
        y_t, case.state, _ = case.forward()
        np.testing.assert_allclose(y_t[:, 0], y[:, t], rtol=1e-13)
    np.testing.assert_allclose(case.state, left, rtol=1e-13)


@cells
def test_later_steps_do_not_change_earlier_outputs(cell: Recurrent) -> None:
    case = Unrolled(cell, 2, 6, 2)
    y, _, _ = case.forward()
    case.x[:, 4:] = 77.0
    np.testing.assert_array_equal(case.forward()[0][:, :4], y[:, :4])


@cells
def test_without_a_state_it_begins_with_zeros(cell: Recurrent) -> None:
    case = Unrolled(cell, 2, 4, 2)
    case.state = cell.initial_state(2, (4, 2), np.float64)
    case.d_state = tuple(np.zeros((2, 3)) for _ in cell.state_names)
    assert [part.shape for part in case.state] == [(2, 3)] * len(cell.state_names)
    y, _, cache = case.forward()
    d_x, _ = case.backward(cache)
    expected = {name: values.copy() for name, values in case.grads.items()}

    y_plain, cache = cell.forward(case.x, case.params, case.context)
    d_x_plain = cell.backward(case.d_y, cache, case.params, case.grads, case.context)
    np.testing.assert_array_equal(y_plain, y)
    np.testing.assert_array_equal(d_x_plain, d_x)
    for name, values in expected.items():
        np.testing.assert_array_equal(case.grads[name], values)


@cells
def test_nothing_that_is_given_is_changed(cell: Recurrent) -> None:
    case = Unrolled(cell, 2, 4, 2)
    given = [case.x, case.d_y, *case.params.values(), *case.state, *case.d_state]
    before = [array.copy() for array in given]
    case.backward(case.forward()[2])
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@cells
def test_the_layout_of_the_arrays_does_not_matter(cell: Recurrent) -> None:
    case, other = Unrolled(cell, 2, 4, 5), Unrolled(cell, 2, 4, 5)
    other.x = np.ascontiguousarray(case.x.swapaxes(0, 1)).swapaxes(0, 1)
    other.d_y = np.asfortranarray(case.d_y)
    y, _, cache = case.forward()
    y_other, _, cache_other = other.forward()
    np.testing.assert_allclose(y_other, y, rtol=1e-13)
    np.testing.assert_allclose(other.backward(cache_other)[0], case.backward(cache)[0], rtol=1e-12, atol=1e-14)


@cells
def test_d_x_is_computed_only_where_it_is_needed(cell: Recurrent) -> None:
    case = Unrolled(cell, 2, 4, 2)
    cache = case.forward()[2]
    d_x, _ = cell.backward_with_state(
        case.d_y, case.d_state, cache, case.params, case.grads, replace(case.context, needs_d_x=False)
    )
    assert d_x is None
    assert all(np.isfinite(values).all() for values in case.grads.values())


@cells
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_computes_in_the_type_of_its_input(cell: Recurrent, dtype: type[np.floating]) -> None:
    case = Unrolled(cell, 2, 4, 2, dtype=dtype)
    y, left, cache = case.forward()
    d_x, d_state = case.backward(cache)
    assert {array.dtype for array in (y, *left, d_x, *d_state)} == {np.dtype(dtype)}


@cells
def test_nothing_overflows_far_out(cell: Recurrent) -> None:
    case = Unrolled(cell, 2, 4, 2)
    case.params = {name: 1e4 * values for name, values in case.params.items()}
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, _, cache = case.forward()
        d_x, _ = case.backward(cache)
    assert np.isfinite(y).all()
    assert np.isfinite(d_x).all()


# Declarations


@cells
def test_each_gate_begins_orthogonal_by_itself(cell: Recurrent) -> None:
    rng = np.random.default_rng(0)
    network = Network([replace(cell, units=5)], input_shape=(None, 3), rng=rng, dtype=np.float64)
    blocks = np.split(network.params["0/W_h"], cell.gates, axis=1)
    for block in blocks:
        np.testing.assert_allclose(block.T @ block, np.eye(5), atol=1e-12)
    assert all((blocks[0] != block).any() for block in blocks[1:])


def test_the_input_weights_begin_as_if_each_gate_were_a_layer() -> None:
    network = Network([LSTM(300)], input_shape=(None, 200), rng=np.random.default_rng(0))
    assert network.params["0/W_x"].std() == pytest.approx(math.sqrt(2 / (200 + 300)), rel=0.02)


@cells
def test_biases_begin_at_zero_but_for_the_forget_gate(cell: Recurrent) -> None:
    network = Network([cell], input_shape=(None, 3), rng=np.random.default_rng(0))
    forget = [0] * 6 + [1] * 3 + [0] * 3
    expected = forget if isinstance(cell, LSTM) else [0] * (3 * cell.gates)
    np.testing.assert_array_equal(network.params["0/b"], expected)


@cells
def test_a_cell_declares_what_it_learns(cell: Recurrent) -> None:
    layer = replace(cell, units=4, initializer="lecun", recurrent_initializer="he")
    declared = layer.parameters((None, 3))
    width = 4 * cell.gates
    shapes = {"W_x": (3, width), "W_h": (4, width), "b": (width,)}
    if isinstance(cell, GRU) and cell.reset_after:
        shapes["b_h"] = (4,)
    assert {name: p.shape for name, p in declared.items()} == shapes
    assert {name: p.weight_decay for name, p in declared.items()} == {name: name.startswith("W") for name in shapes}
    assert declared["W_x"].initializer == ("lecun",) * cell.gates
    assert declared["W_h"].initializer == ("he",) * cell.gates
    assert layer.output_shape((None, 3)) == (None, 4)
    assert layer.output_shape((7, 3)) == (7, 4)
    assert layer.macs((None, 3)) == width * (3 + 4)


@cells
def test_settings_out_of_range_are_refused(cell: Recurrent) -> None:
    with pytest.raises(SettingError, match="needs at least one unit, not 0"):
        replace(cell, units=0)
    with pytest.raises(SettingError, match="unknown initializer"):
        replace(cell, initializer="hee")
    with pytest.raises(SettingError, match="unknown initializer"):
        replace(cell, recurrent_initializer="orthogonl")
    for shape in ((), (3,), (None,), (4, None), (2, 3, 4)):
        with pytest.raises(ShapeError):
            cell.output_shape(shape)


@cells
@pytest.mark.parametrize("shapes", [[(2, 4)], [(3, 3)], [(2, 3)] * 3, []])
def test_a_state_of_another_shape_is_refused(cell: Recurrent, shapes: list[tuple[int, ...]]) -> None:
    case = Unrolled(cell, 2, 4, 2)
    _, _, cache = case.forward()
    case.state = case.d_state = tuple(np.zeros(shape) for shape in shapes)
    with pytest.raises(ShapeError, match="takes a state of shapes"):
        case.forward()
    if shapes:  # for () is zero
        with pytest.raises(ShapeError, match="takes a state of shapes"):
            case.backward(cache)


def test_names_of_cells_on_a_command_line() -> None:
    assert dict(BY_NAME) == {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
