"""Recurrent layers: their formulas, their states, and gradients that come back through time."""

import math
from typing import Any

import numpy as np
import oracles
import oracles_rnn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_close

from nn_core.arrays import Array, Shape
from nn_core.errors import SettingError, ShapeError
from nn_core.layers import (
    CELLS,
    GRU,
    LSTM,
    Cache,
    Context,
    Recurrent,
    SimpleRNN,
    State,
)
from nn_core.network import Network

ALL = list(CELLS.values())
cells = pytest.mark.parametrize("cell", ALL)
few = st.integers(1, 4)


class Unrolled:
    """A layer with float64 arrays around it, drawn from a seed."""

    def __init__(self, layer: Recurrent, N: int, T: int, D: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.layer = layer
        arrays = 2 if isinstance(layer, LSTM) else 1
        self.x = rng.normal(size=(N, T, D))
        self.params: dict[str, Array] = {
            name: rng.normal(size=p.shape) for name, p in layer.parameters((D,)).items()
        }
        self.grads = {name: np.full_like(values, np.nan) for name, values in self.params.items()}
        self.state, self.d_final = (
            tuple(rng.normal(size=(arrays, N, layer.units))) for _ in range(2)
        )
        self.d_y = rng.normal(size=(N, T, layer.units))

    def forward(self, state: State | None = None) -> tuple[Array, State, Cache]:
        """With a context of its own, so that nothing is overwritten."""
        self.context = Context(np.float64)
        return self.layer.unroll(
            self.x, self.state if state is None else state, self.params, self.context
        )

    def backward(self, cache: Cache) -> tuple[Array | None, State]:
        return self.layer.backward_through_time(
            self.d_y, self.d_final, cache, self.params, self.grads, self.context
        )

    def loss(self) -> float:
        y, final, _ = self.forward()
        value = float((self.d_y * y).sum())
        return value + sum(float((d * f).sum()) for d, f in zip(self.d_final, final, strict=True))


@cells
@settings(max_examples=25)
@given(N=few, T=st.integers(1, 6), D=few, units=few, seed=st.integers(0, 2**32 - 1))
def test_a_cell_is_its_definition(
    cell: type[Recurrent], N: int, T: int, D: int, units: int, seed: int
) -> None:
    case = Unrolled(cell(units), N, T, D, seed)
    y, final, _ = case.forward()
    expected, expected_final = oracles_rnn.unroll(cell.__name__, case.x, case.state, case.params)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-12)
    for received, wanted in zip(final, expected_final, strict=True):
        np.testing.assert_allclose(received, wanted, rtol=1e-9, atol=1e-12)


@cells
@pytest.mark.parametrize(("N", "T", "D", "units"), [(1, 1, 1, 1), (2, 5, 3, 2), (3, 2, 1, 4)])
def test_every_gradient_is_the_slope_of_the_definition(
    cell: type[Recurrent], N: int, T: int, D: int, units: int
) -> None:
    case = Unrolled(cell(units), N, T, D)

    def loss() -> float:
        y, final = oracles_rnn.unroll(cell.__name__, case.x, case.state, case.params)
        value = float((case.d_y * y).sum())
        return value + sum(float((d * f).sum()) for d, f in zip(case.d_final, final, strict=True))

    d_x, d_state = case.backward(case.forward()[2])
    assert d_x is not None
    assert_close(d_x, oracles.finite_differences(loss, case.x))
    for received, values in zip(d_state, case.state, strict=True):
        assert_close(received, oracles.finite_differences(loss, values))
    for name, values in case.params.items():
        assert_close(case.grads[name], oracles.finite_differences(loss, values))


@cells
def test_a_loss_at_one_step_alone_reaches_the_steps_before_it_and_none_after(
    cell: type[Recurrent],
) -> None:
    for t in range(5):
        case = Unrolled(cell(3), 2, 5, 2)
        case.d_final = tuple(np.zeros_like(array) for array in case.state)
        only = np.zeros_like(case.d_y)
        only[:, t] = case.d_y[:, t]
        case.d_y = only
        d_x, _ = case.backward(case.forward()[2])
        assert d_x is not None
        assert not d_x[:, t + 1 :].any()
        assert d_x[:, : t + 1].all()
        assert_close(d_x, oracles.finite_differences(case.loss, case.x))


def test_two_steps_by_hand() -> None:
    # tanh(ln 2) = (4 - 1)/(4 + 1) = 3/5 and tanh(ln 3) = (9 - 1)/(9 + 1) = 4/5.
    # h0 = 0, z1 = 1 ln 2 + 1/2 * 0 = ln 2, h1 = 0.6; z2 = (ln 3 - 0.3) + 1/2 * 0.6, h2 = 0.8.
    x1, x2 = math.log(2), math.log(3) - 0.3
    params = {"W_x": np.array([[1.0]]), "W_h": np.array([[0.5]]), "b": np.array([0.0])}
    grads = {name: np.empty_like(values) for name, values in params.items()}
    layer, context = SimpleRNN(1), Context(np.float64)
    y, final, cache = layer.unroll(np.array([[[x1], [x2]]]), None, params, context)
    np.testing.assert_allclose(y, [[[0.6], [0.8]]], rtol=1e-14)
    np.testing.assert_allclose(final, [[[0.8]]], rtol=1e-14)
    # d_y = 1 and 2. d_z2 = 2 (1 - 0.64) = 0.72; d_h1 = 1 + 0.72/2 = 1.36;
    # d_z1 = 1.36 (1 - 0.36) = 0.8704; d_h0 = 0.8704/2.
    d_x, d_state = layer.backward_through_time(
        np.array([[[1.0], [2.0]]]), None, cache, params, grads, context
    )
    np.testing.assert_allclose(np.array(d_x), [[[0.8704], [0.72]]], rtol=1e-14)
    np.testing.assert_allclose(d_state, [[[0.4352]]], rtol=1e-14)
    # d_W_x = x1 d_z1 + x2 d_z2, d_W_h = h0 d_z1 + h1 d_z2 = 0.6 * 0.72, d_b = d_z1 + d_z2.
    np.testing.assert_allclose(grads["W_x"], [[x1 * 0.8704 + x2 * 0.72]], rtol=1e-14)
    np.testing.assert_allclose(grads["W_h"], [[0.432]], rtol=1e-14)
    np.testing.assert_allclose(grads["b"], [1.5904], rtol=1e-14)


def test_an_lstm_that_keeps_all_and_one_that_forgets_all() -> None:
    # Only biases: o and i wide open, g = tanh(100) = 1. With f open, c grows by 1 a step; with
    # f shut it is 1 at each.
    for forget, expected in ((100.0, [1, 2, 3]), (-100.0, [1, 1, 1])):
        params = {
            "W_x": np.zeros((1, 4)),
            "W_h": np.zeros((1, 4)),
            "b": np.array([100.0, 100.0, forget, 100.0]),
        }
        y, (_, c), _ = LSTM(1).unroll(np.zeros((1, 3, 1)), None, params, Context(np.float64))
        np.testing.assert_allclose(y[0, :, 0], np.tanh(expected), rtol=1e-12)
        np.testing.assert_allclose(c, [[expected[-1]]], rtol=1e-12)


def test_a_gru_that_keeps_all_and_one_that_makes_all_anew() -> None:
    state = (np.array([[0.3]]),)
    for keep, expected in ((100.0, 0.3), (-100.0, math.tanh(0.5))):
        params = {
            "W_x": np.zeros((1, 3)),
            "W_h": np.zeros((1, 3)),
            "b": np.array([0.0, keep, 0.0]),
            "b_h": np.array([1.0]),  # r = 1/2 of it
        }
        y, _, _ = GRU(1).unroll(np.zeros((1, 2, 1)), state, params, Context(np.float64))
        np.testing.assert_allclose(y[0, :, 0], expected, rtol=1e-12)


@cells
@pytest.mark.parametrize("cut", [1, 3, 6])
def test_a_long_sequence_is_two_halves_that_carry_the_state(
    cell: type[Recurrent], cut: int
) -> None:
    whole = Unrolled(cell(3), 2, 7, 2)
    first, second = Unrolled(cell(3), 2, 7, 2), Unrolled(cell(3), 2, 7, 2)
    first.x, second.x = whole.x[:, :cut], whole.x[:, cut:]
    first.d_y, second.d_y = whole.d_y[:, :cut], whole.d_y[:, cut:]

    y, final, cache = whole.forward()
    y1, between, cache1 = first.forward()
    y2, end, cache2 = second.forward(between)
    np.testing.assert_allclose(np.concatenate([y1, y2], axis=1), y, rtol=1e-13)
    np.testing.assert_allclose(end, final, rtol=1e-13)

    d_x, d_state = whole.backward(cache)
    d_x2, d_between = second.backward(cache2)
    first.d_final = d_between
    d_x1, d_state1 = first.backward(cache1)
    assert d_x1 is not None
    assert d_x2 is not None
    np.testing.assert_allclose(np.concatenate([d_x1, d_x2], axis=1), d_x, rtol=1e-10)
    np.testing.assert_allclose(d_state1, d_state, rtol=1e-10)
    for name, expected in whole.grads.items():
        np.testing.assert_allclose(
            first.grads[name] + second.grads[name], expected, rtol=1e-10, atol=1e-13
        )


@cells
def test_step_by_step_is_all_at_once_to_the_last_digits(cell: type[Recurrent]) -> None:
    case = Unrolled(cell(4), 3, 6, 2)
    y, final, _ = case.forward()
    context, state = Context(np.float64), case.state
    for t in range(6):
        y_t, state, _ = case.layer.unroll(case.x[:, t : t + 1], state, case.params, context)
        np.testing.assert_allclose(y_t[:, 0], y[:, t], rtol=1e-13)
    np.testing.assert_allclose(state, final, rtol=1e-13)


@cells
def test_what_stands_behind_a_sequence_does_not_change_what_is_before(
    cell: type[Recurrent],
) -> None:
    case = Unrolled(cell(3), 2, 6, 2)
    y = case.forward()[0].copy()
    case.x[:, 4:] = 77.0
    np.testing.assert_array_equal(case.forward()[0][:, :4], y[:, :4])


@cells
def test_no_state_is_a_state_of_zeros_and_no_gradient_one_of_zeros(
    cell: type[Recurrent],
) -> None:
    none, zeros = Unrolled(cell(3), 2, 4, 2), Unrolled(cell(3), 2, 4, 2)
    zeros.state = zeros.d_final = tuple(np.zeros_like(array) for array in zeros.state)
    context = Context(np.float64)
    y, final, cache = none.layer.unroll(none.x, None, none.params, context)
    y_zeros, final_zeros, cache_zeros = zeros.forward()
    np.testing.assert_array_equal(y, y_zeros)
    np.testing.assert_array_equal(final, final_zeros)
    d_x, d_state = none.layer.backward_through_time(
        none.d_y, None, cache, none.params, none.grads, context
    )
    d_x_zeros, d_state_zeros = zeros.backward(cache_zeros)
    np.testing.assert_array_equal(d_x, d_x_zeros)
    np.testing.assert_array_equal(d_state, d_state_zeros)


@cells
def test_states_are_arrays_of_ones_own(cell: type[Recurrent]) -> None:
    case = Unrolled(cell(3), 2, 4, 2)
    context = Context(np.float64)
    _, final, cache = case.layer.unroll(case.x, case.state, case.params, context)
    _, d_state = case.layer.backward_through_time(
        case.d_y, None, cache, case.params, case.grads, context
    )
    kept = [array.copy() for array in (*final, *d_state)]
    _, _, cache = case.layer.unroll(-case.x, final, case.params, context)
    case.layer.backward_through_time(case.d_y, final, cache, case.params, case.grads, context)
    for array, copy in zip((*final, *d_state), kept, strict=True):
        np.testing.assert_array_equal(array, copy)


@cells
def test_lengths_and_batch_sizes_may_change_from_call_to_call(cell: type[Recurrent]) -> None:
    context = Context(np.float64)
    for N, T in ((4, 6), (2, 3), (5, 1), (1, 9), (4, 6)):
        case = Unrolled(cell(3), N, T, 2)
        expected, _, cache = case.forward()
        d_expected, d_state_expected = case.backward(cache)
        grads = {name: values.copy() for name, values in case.grads.items()}
        y, _, cache = case.layer.unroll(case.x, case.state, case.params, context)
        np.testing.assert_array_equal(y, expected)
        d_x, d_state = case.layer.backward_through_time(
            case.d_y, case.d_final, cache, case.params, case.grads, context
        )
        np.testing.assert_array_equal(d_x, d_expected)
        np.testing.assert_array_equal(d_state, d_state_expected)
        for name, values in grads.items():
            np.testing.assert_array_equal(case.grads[name], values)


@cells
def test_how_the_arrays_lie_in_memory_does_not_matter(cell: type[Recurrent]) -> None:
    case, other = Unrolled(cell(3), 2, 4, 5), Unrolled(cell(3), 2, 4, 5)
    other.x = np.ascontiguousarray(case.x.swapaxes(0, 1)).swapaxes(0, 1)
    other.d_y = np.asfortranarray(case.d_y)
    y, _, cache = case.forward()
    y_other, _, cache_other = other.forward()
    np.testing.assert_array_equal(y, y_other)
    np.testing.assert_array_equal(case.backward(cache)[0], other.backward(cache_other)[0])


@cells
def test_the_work_that_nobody_asked_for_is_saved(cell: type[Recurrent]) -> None:
    case = Unrolled(cell(3), 2, 4, 2)
    cache = case.forward()[2]
    case.context.needs_d_x = False
    d_x, _ = case.backward(cache)
    assert d_x is None
    assert all(np.isfinite(values).all() for values in case.grads.values())


@cells
def test_far_out_nothing_overflows(cell: type[Recurrent]) -> None:
    case = Unrolled(cell(3), 2, 4, 2)
    case.params = {name: 1e4 * values for name, values in case.params.items()}
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, _, cache = case.forward()
        d_x, _ = case.backward(cache)
    assert np.isfinite(y).all()
    assert np.isfinite(np.asarray(d_x)).all()


# How they begin


@cells
def test_each_gate_begins_orthogonal_by_itself(cell: type[Recurrent]) -> None:
    network = Network(
        [cell(5)],
        input_shape=(3,),
        rng=np.random.default_rng(0),
        dtype=np.float64,
        over_time=True,
    )
    blocks = np.split(network.parameter_views[0]["W_h"], cell.gates, axis=1)
    for block in blocks:
        np.testing.assert_allclose(block.T @ block, np.eye(5), atol=1e-12)
    assert all((blocks[0] != block).any() for block in blocks[1:])


def test_the_inputs_weights_begin_as_if_each_gate_were_a_layer() -> None:
    network = Network([LSTM(300)], input_shape=(200,), rng=np.random.default_rng(0), over_time=True)
    W_x = network.parameter_views[0]["W_x"]
    assert W_x.std() == pytest.approx(math.sqrt(2 / (200 + 300)), rel=0.02)


def test_biases_begin_at_zero_but_for_the_one_that_lets_an_lstm_remember() -> None:
    for cell in ALL:
        network = Network([cell(2)], input_shape=(3,), rng=np.random.default_rng(0), over_time=True)
        expected = [0, 0, 0, 0, 1, 1, 0, 0] if cell is LSTM else [0] * (2 * cell.gates)
        np.testing.assert_array_equal(network.parameter_views[0]["b"], expected)


@cells
def test_a_cell_declares_what_it_learns(cell: type[Recurrent]) -> None:
    declared = cell(4, "lecun", "he").parameters((3,))
    width = 4 * cell.gates
    shapes: dict[str, Shape] = {"W_x": (3, width), "W_h": (4, width), "b": (width,)}
    if cell is GRU:
        shapes["b_h"] = (4,)
    assert {name: p.shape for name, p in declared.items()} == shapes
    assert {name: p.decays for name, p in declared.items()} == {
        name: name.startswith("W") for name in shapes
    }
    assert declared["W_x"].initializer == ("lecun",) * cell.gates
    assert declared["W_h"].initializer == ("he",) * cell.gates
    assert cell(4).output_shape((3,)) == (4,)
    assert cell(4).multiply_adds((3,)) == width * (3 + 4)


@cells
def test_settings_that_make_no_sense_are_refused(cell: type[Recurrent]) -> None:
    with pytest.raises(SettingError, match=f"{cell.__name__} needs at least one unit, not 0"):
        cell(0)
    for wrong in ({"initializer": "hee"}, {"recurrent_initializer": "orthogonl"}):
        with pytest.raises(SettingError, match="unknown initializer"):
            cell(3, **wrong)
    for shape in ((), (2, 3)):
        with pytest.raises(ShapeError, match="at each step"):
            cell(3).output_shape(shape)


@cells
@pytest.mark.parametrize("shapes", [[(2, 4)], [(3, 3)], [(2, 3)] * 3, []])
def test_a_state_of_another_shape_is_refused(cell: type[Recurrent], shapes: Any) -> None:
    case = Unrolled(cell(3), 2, 4, 2)
    with pytest.raises(ShapeError, match=f"{cell.__name__}.* takes a state of "):
        case.forward(tuple(np.zeros(shape) for shape in shapes))


def test_names_of_cells_on_a_command_line() -> None:
    assert dict(CELLS) == {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
