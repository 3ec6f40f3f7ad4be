"""Fused recurrent layers and embeddings: values, gradients and states of the layers one by one."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_close

from nn_core.arrays import Array, Arrays
from nn_core.engine.engine import Engine
from nn_core.engine.fused import try_fuse
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.embedding import SMALL
from nn_core.engine.plan import Plan
from nn_core.engine.workspace import Workspace
from nn_core.errors import DataError, ShapeError
from nn_core.layers import GRU, LSTM, Chain, Context, Dense, Dropout, Embedding, Layer, SimpleRNN
from nn_core.layers.base import State
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.reference import Reference

CELLS: list[Layer] = [SimpleRNN(4), GRU(4), LSTM(4)]
RUNS: dict[str, tuple[Layer, ...]] = {
    **{type(cell).__name__: (cell,) for cell in CELLS},
    **{f"embedded {type(cell).__name__}": (Embedding(7, 3), cell) for cell in CELLS},
    "embedding": (Embedding(7, 3),),
    "large embedding": (Embedding(SMALL + 1, 3),),
}
runs = pytest.mark.parametrize("layers", RUNS.values(), ids=RUNS)
embedded = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: type(cell).__name__)


class Outcome(NamedTuple):
    """Copies of all that a pass gives."""

    y: Array
    state: State
    d_x: Array | None
    d_state: State
    grads: dict[str, Array]


class Case:
    """A batch for some layers, with parameters, states and gradients, drawn from a seed."""

    def __init__(
        self,
        layers: tuple[Layer, ...],
        N: int,
        T: int,
        *,
        seed: int = 0,
        dtype: npt.DTypeLike = np.float64,
        time_major: bool = False,
    ) -> None:
        rng = np.random.default_rng(seed)

        def draw(shape: tuple[int, ...]) -> Array:
            return rng.normal(size=shape).astype(dtype)

        self.chain = Chain(layers)
        shape: tuple[int | None, ...] = (None,) if layers[0].takes_integers else (None, 3)
        found = try_fuse(layers, 0, shape, "training")
        assert found is not None
        self.fused = found
        assert len(found.layers) == len(layers)
        self.x: npt.NDArray[Any]
        if layers[0].takes_integers:
            self.x = rng.integers(7, size=(N, T))
        else:
            self.x = draw((N, T, 3))
        if time_major:
            self.x = np.ascontiguousarray(self.x.swapaxes(0, 1)).swapaxes(0, 1)
        declared = self.chain.parameters(shape)
        self.params: Arrays = {name: draw(each.shape) for name, each in declared.items()}
        self.d_y = draw((N, T, *(size for size in self.chain.output_shape(shape) if size)))
        zeros = self.chain.initial_state(N, shape, dtype)
        self.state, self.d_state = (
            tuple(tuple(draw(array.shape) for array in part) for part in zeros) for _ in range(2)
        )

    def run(self, layer: Chain, workspace: Workspace, *, needs_d_x: bool = True, d_state: bool = True) -> Outcome:
        context = Context(needs_d_x=needs_d_x)
        grads = {name: np.full_like(values, np.nan) for name, values in self.params.items()}
        beyond = self.d_state if d_state else ()
        if isinstance(layer, Fused):
            y, left, cache = layer.forward_fused_with_state(self.x, self.state, self.params, context, workspace)
            y = y.copy()
            d_x, d_initial = layer.backward_fused_with_state(
                self.d_y, beyond, cache, self.params, grads, context, workspace
            )
        else:
            y, left, cache = layer.forward_with_state(self.x, self.state, self.params, context)
            d_x, d_initial = layer.backward_with_state(self.d_y, beyond, cache, self.params, grads, context)
        return Outcome(y, left, None if d_x is None else d_x.copy(), d_initial, grads)


def assert_same(found: Any, expected: Any, tolerance: float) -> None:
    """Arrays, or tuples and mappings of them, equal up to a part of the largest number."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected:
            assert_same(found[name], expected[name], tolerance)
    elif isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other, tolerance)
    elif expected is None:
        assert found is None
    else:
        assert found.dtype == expected.dtype
        scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


@runs
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("time_major", [False, True])
def test_it_equals_its_layers_from_any_state_in_one_workspace(
    layers: tuple[Layer, ...], dtype: type[np.floating], tolerance: float, time_major: bool
) -> None:
    workspace = Workspace()
    for N, T in ((3, 5), (1, 1), (4, 2), (0, 3), (2, 7), (1, 9), (5, 1), (3, 5)):
        for needs_d_x, d_state in ((True, True), (False, True), (True, False)):
            case = Case(layers, N, T, seed=N + T, dtype=dtype, time_major=time_major)
            options = {"needs_d_x": needs_d_x, "d_state": d_state}
            expected = case.run(case.chain, workspace, **options)
            assert_same(case.run(case.fused, workspace, **options), expected, tolerance)


@runs
@settings(max_examples=30, deadline=None)
@given(N=st.integers(0, 5), T=st.integers(1, 6), seed=st.integers(0, 99))
def test_it_equals_its_layers(layers: tuple[Layer, ...], N: int, T: int, seed: int) -> None:
    case = Case(layers, N, T, seed=seed)
    assert_same(case.run(case.fused, Workspace()), case.run(case.chain, Workspace()), tolerance=1e-12)


@runs
def test_states_are_arrays_of_their_own(layers: tuple[Layer, ...]) -> None:
    workspace, case = Workspace(), Case(layers, 2, 4)
    first = case.run(case.fused, workspace)
    kept = [array.copy() for part in (*first.state, *first.d_state) for array in part]
    case.x, case.state, case.d_state = case.x[::-1], first.state, first.d_state
    case.run(case.fused, workspace)
    now = [array for part in (*first.state, *first.d_state) for array in part]
    for array, copy in zip(now, kept, strict=True):
        np.testing.assert_array_equal(array, copy)


@runs
def test_nothing_that_is_given_is_changed(layers: tuple[Layer, ...]) -> None:
    case = Case(layers, 2, 4)
    states = [array for part in (*case.state, *case.d_state) for array in part]
    arrays = [case.x, case.d_y, *case.params.values(), *states]
    before = [array.copy() for array in arrays]
    case.run(case.fused, Workspace())
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@runs
def test_as_a_chain_it_has_memory_of_its_own(layers: tuple[Layer, ...]) -> None:
    case = Case(layers, 2, 4)
    context, expected = Context(), case.run(case.chain, Workspace())
    y, left, cache = case.fused.forward_with_state(case.x, case.state, case.params, context)
    case.fused.forward_with_state(case.x[::-1], case.state, case.params, context)
    grads = {name: np.full_like(values, np.nan) for name, values in case.params.items()}
    d_x, d_state = case.fused.backward_with_state(case.d_y, case.d_state, cache, case.params, grads, context)
    assert_same(Outcome(y, left, d_x, d_state, grads), expected, 1e-12)


@runs
def test_what_follows_from_constant_weights_is_computed_once(layers: tuple[Layer, ...]) -> None:
    case = Case(layers, 3, 2)
    expected = case.run(case.chain, Workspace())
    frozen, free = Workspace(frozen=True), Workspace()
    for _ in range(2):
        for workspace in (frozen, free):
            assert_same(case.run(case.fused, workspace), expected, 1e-12)
    case.params = {name: 0.5 * values for name, values in case.params.items()}
    expected = case.run(case.chain, Workspace())
    assert_same(case.run(case.fused, free), expected, 1e-12)


@embedded
def test_far_out_nothing_is_said_and_the_numbers_are_right(cell: Layer) -> None:
    case = Case((cell,), 2, 4)
    case.params = {name: 1e4 * values for name, values in case.params.items()}
    expected = case.run(case.chain, Workspace())
    assert_same(case.run(case.fused, Workspace()), expected, 1e-12)


@embedded
def test_a_frozen_predictor_steps_as_the_reference_does_at_once(cell: Layer) -> None:
    rng = np.random.default_rng(0)
    network = Network([Embedding(7, 3), cell, Dense(7)], input_shape=(None,), rng=rng)
    x = rng.integers(7, size=(3, 6))
    expected, expected_state = Reference(network).predict(x)
    predictor, state = Engine(network).frozen(), None
    for t in range(6):
        y, state = predictor.predict(x[:, t : t + 1], state)
        assert_close(y[:, 0], expected[:, t], relative=1e-4)
    assert_same(state, expected_state, 1e-5)


@embedded
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradients_of_a_deep_network_are_those_of_the_reference(cell: Layer, dropout: float) -> None:
    rng = np.random.default_rng(0)
    layers = [Embedding(7, 3), cell, Dropout(dropout), cell, Dense(5), cell, Dense(7)]
    network = Network(layers, input_shape=(None,), rng=rng, dtype=np.float64)
    x, y = rng.integers(7, size=(2, 4, 5))
    y[0, 3:] = -1
    state = None
    for step in range(2):  # the second step begins where the first one ended
        expected, found = (
            backend.loss_and_gradients(x, y, softmax_cross_entropy, state=state, seed=(0, step))
            for backend in (Reference(network), Engine(network, shards=2))
        )
        assert found.loss == pytest.approx(expected.loss, rel=1e-12)
        assert_same(found.gradients, expected.gradients, 1e-12)
        assert_same(found.state, expected.state, 1e-12)
        state = expected.state


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        ([Embedding(256, 3), SimpleRNN(2)], ["EmbeddedRecurrent"]),
        ([Embedding(257, 3), SimpleRNN(2)], ["FusedEmbedding", "SimpleRNNScan"]),
        ([Embedding(9, 3), Dropout(0.1), GRU(2)], ["FusedEmbedding", "Dropout", "GRUScan"]),
        ([Embedding(9, 3), LSTM(2), GRU(2)], ["EmbeddedRecurrent", "GRUScan"]),
        ([Embedding(9, 3), GRU(2, reset_after=False)], ["FusedEmbedding", "GRU"]),
        ([Embedding(9, 3, trainable=False), LSTM(2)], ["FusedEmbedding", "LSTMScan"]),
    ],
    ids=str,
)
def test_which_layers_are_fused(layers: list[Layer], names: list[str]) -> None:
    network = Network(layers, input_shape=(None,))
    plan = Plan.of(network, "training")
    assert [type(node.fused or node.layers[0]).__name__ for node in plan.nodes] == names


@pytest.mark.parametrize("layers", [list(RUNS["embedding"]), list(RUNS["embedded GRU"])], ids=str)
@pytest.mark.parametrize("token", [-1, 7])
def test_what_is_not_a_token_is_refused(layers: list[Layer], token: int) -> None:
    network = Network(layers, input_shape=(None,))
    with pytest.raises(DataError, match=f"token {token} is outside 0 to 6"):
        Engine(network).predict(np.array([[0, token]]))


@pytest.mark.parametrize("name", [name for name in RUNS if not name.endswith("embedding")])
def test_a_state_of_another_shape_is_refused(name: str) -> None:
    layers = RUNS[name]
    case = Case(layers, 2, 3)
    case.state = tuple(tuple(array[:1] for array in part) for part in case.state)
    with pytest.raises(ShapeError, match="takes a state of shapes"):
        case.run(case.fused, Workspace())


def test_tokens_of_any_axes() -> None:
    layer = Embedding(7, 3)
    rng = np.random.default_rng(0)
    params = {"0/W": rng.normal(size=(7, 3))}
    for shape in ((4,), (2, 5), (2, 3, 4), (0,), (0, 3)):
        found = try_fuse([layer], 0, shape[1:], "training")
        assert found is not None
        x: Any = rng.integers(7, size=shape)
        d_y = rng.normal(size=(*shape, 3))
        results = []
        for chain in (Chain((layer,)), found):
            grads = {"0/W": np.full((7, 3), np.nan)}
            y, cache = chain.forward(x, params, Context())
            assert chain.backward(d_y, cache, params, grads, Context()) is None
            results.append((y, grads["0/W"]))
        assert_same(results[1], results[0], 1e-12)
