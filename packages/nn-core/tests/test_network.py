"""A network by hand, its one vector, its errors, and many threads on the same weights."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import oracles
import pytest
from oracles import assert_close

from nn_core.arrays import Array
from nn_core.errors import SettingError, ShapeError
from nn_core.gradient_check import check_gradients
from nn_core.layers import (
    GELU,
    LAYERS,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
)
from nn_core.losses import (
    LOSSES,
    binary_cross_entropy,
    mean_squared_error,
    softmax_cross_entropy,
)
from nn_core.network import Network

DEEP: list[Layer] = [
    Flatten(),
    Dense(6, "he"),
    ReLU(),
    Dropout(0.7),
    Dense(5, "xavier"),
    Tanh(),
    Dense(4, "lecun"),
    LeakyReLU(0.1),
    Dense(4, "orthogonal"),
    GELU(),
    Dense(3),
    Sigmoid(),
    Dense(2),
]


def build(
    layers: Sequence[Layer],
    input_shape: Sequence[int],
    *,
    seed: int = 0,
    dtype: npt.DTypeLike = np.float64,
) -> Network:
    return Network(layers, input_shape=input_shape, rng=np.random.default_rng(seed), dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_2_2_1_network_by_hand(dtype: npt.DTypeLike) -> None:
    network = Network([Dense(2), ReLU(), Dense(1)], input_shape=(2,), dtype=dtype)
    hidden, _, output = network.parameter_views
    hidden["W"][...] = [[1.0, -1.0], [0.5, 0.25]]
    hidden["b"][...] = [0.5, -0.5]
    output["W"][...] = [[2], [-1]]
    output["b"][...] = [-4]
    x = np.array([[1, 2], [-1, 4]], dtype)
    targets = np.array([[2], [-1]], dtype)

    # Forward, one line an example:
    #   z = (1*1 + 2*0.5 + 0.5, 1*-1 + 2*0.25 - 0.5) = (2.5, -1.0)    h = (2.5, 0.0)
    #   z = (-1*1 + 4*0.5 + 0.5, -1*-1 + 4*0.25 - 0.5) = (1.5, 1.5)   h = (1.5, 1.5)
    #   y = 2.5*2 - 0.0*1 - 4 = 1.0 and 1.5*2 - 1.5*1 - 4 = -2.5
    # Loss: y - t = -1.0 and -1.5, so L = (1 + 2.25) / 2 and d_y = 2 (y - t) / 2.
    contexts = network.contexts(training=True, needs_d_x=True)
    y, caches = network.forward(x, contexts)
    np.testing.assert_array_equal(y, [[1], [-2.5]])
    value, d_y = mean_squared_error(y, targets)
    assert value == 1.625
    np.testing.assert_array_equal(d_y, [[-1], [-1.5]])
    d_x = network.backward(d_y, caches, contexts)

    # Output: d_W = h^T d_y = (2.5*-1 + 1.5*-1.5, 0*-1 + 1.5*-1.5), d_b = -1 - 1.5.
    hidden_gradients, _, output_gradients = network.gradient_views
    np.testing.assert_array_equal(output_gradients["W"], [[-4.75], [-2.25]])
    np.testing.assert_array_equal(output_gradients["b"], [-2.5])
    # d_h = d_y W^T = (-2, 1) and (-3, 1.5); the second unit slept through the first example:
    # d_z = (-2, 0) and (-3, 1.5).
    # Hidden: d_W = x^T d_z = ((1*-2 - 1*-3, -1*1.5), (2*-2 + 4*-3, 4*1.5)), d_b = d_z summed.
    np.testing.assert_array_equal(hidden_gradients["W"], [[1, -1.5], [-16, 6]])
    np.testing.assert_array_equal(hidden_gradients["b"], [-5, 1.5])
    # d_x = d_z W^T = (-2*1 + 0, -2*0.5 + 0) and (-3*1 + 1.5*-1, -3*0.5 + 1.5*0.25).
    np.testing.assert_array_equal(d_x, [[-2, -1], [-4.5, -1.125]])

    # Weights first, then biases, layer after layer.
    np.testing.assert_array_equal(network.parameters, [1, -1, 0.5, 0.25, 2, -1, 0.5, -0.5, -4])
    np.testing.assert_array_equal(network.gradients, [1, -1.5, -16, 6, -4.75, -2.25, -5, 1.5, -2.5])
    assert network.weight_count == 6


@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "sequence-cross-entropy"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("examples", [1, 5])
def test_every_gradient_of_a_deep_network(loss: str, training: bool, examples: int) -> None:
    rng = np.random.default_rng(9)
    outputs = 1 if loss == "binary-cross-entropy" else 2
    network = build([*DEEP[:-1], Dense(outputs)], (2, 3))
    network.parameters += rng.normal(scale=0.1, size=network.parameters.size)  # off the kinks at 0
    targets: Any = np.arange(examples) % 2
    if loss == "mean-squared-error":
        targets = rng.normal(size=(examples, outputs))
    x = rng.normal(size=(examples, 2, 3))
    report = check_gradients(network, x, targets, LOSSES[loss], rng=rng, training=training)
    assert report.error <= 1e-6
    assert len(report.arrays) == 1 + 2 * 6


def test_every_gradient_by_independent_differences() -> None:
    rng = np.random.default_rng(10)
    network = build(DEEP, (2, 3))
    network.parameters += rng.normal(scale=0.1, size=network.parameters.size)
    x, labels = rng.normal(size=(4, 2, 3)), np.array([0, 1, 1, 0])

    def evaluate() -> tuple[float, Array | None]:
        contexts = network.contexts(training=True, rng=np.random.default_rng(1), needs_d_x=True)
        logits, caches = network.forward(x, contexts)
        value, d_logits = softmax_cross_entropy(logits, labels)
        return value, network.backward(d_logits, caches, contexts)

    def loss() -> float:
        return evaluate()[0]

    _, d_x = evaluate()
    gradients, d_input = network.gradients.copy(), np.array(d_x)
    assert_close(gradients, oracles.finite_differences(loss, network.parameters))
    assert_close(d_input, oracles.finite_differences(loss, x))


# One vector


def test_views_are_windows_on_the_one_vector() -> None:
    network = build(DEEP, (2, 3))
    seen = np.zeros(network.parameters.size, int)
    for position, (views, gradients) in enumerate(
        zip(network.parameter_views, network.gradient_views, strict=True)
    ):
        for name, values in views.items():
            assert values.base is network.parameters
            assert gradients[name].base is network.gradients
            assert gradients[name].shape == values.shape
            start = (values.ctypes.data - network.parameters.ctypes.data) // values.itemsize
            seen[start : start + values.size] += 1
            is_weight = start < network.weight_count
            assert is_weight == (name == "W"), (position, name)
    assert (seen == 1).all()
    assert network.parameters.flags.c_contiguous


def test_views_of_another_vector_have_the_same_places() -> None:
    network = build(DEEP, (2, 3))
    numbers = np.arange(network.parameters.size, dtype=float)
    network.parameters[...] = numbers
    for ours, theirs in zip(network.parameter_views, network.views_of(numbers), strict=True):
        assert ours.keys() == theirs.keys()
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])
    assert network.views_of(numbers)[-1]["b"].base is numbers


def test_backward_fills_every_gradient_anew_and_touches_no_weight() -> None:
    network = build(DEEP, (2, 3))
    x, labels = np.random.default_rng(0).normal(size=(4, 2, 3)), np.array([0, 1, 1, 0])
    weights = network.parameters.copy()
    contexts = network.contexts()
    network.gradients[...] = np.nan
    value, logits = network.loss_and_gradients(x, labels, softmax_cross_entropy, contexts)
    first = network.gradients.copy()
    assert np.isfinite(first).all()
    assert value == softmax_cross_entropy(logits, labels)[0]
    network.loss_and_gradients(x, labels, softmax_cross_entropy, contexts)
    np.testing.assert_array_equal(network.gradients, first)
    np.testing.assert_array_equal(network.parameters, weights)


def test_the_same_seed_gives_the_same_weights() -> None:
    one, two, other = (build(DEEP, (2, 3), seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert not np.array_equal(one.parameters, other.parameters)
    two.parameters[...] = 0
    two.initialize(np.random.default_rng(5))
    np.testing.assert_array_equal(one.parameters, two.parameters)


def test_a_layer_more_at_the_end_changes_no_weight_before_it() -> None:
    short, long = build(DEEP[:3], (2, 3)), build(DEEP, (2, 3))
    np.testing.assert_array_equal(short.parameter_views[1]["W"], long.parameter_views[1]["W"])


def test_biases_begin_at_zero_and_weights_do_not() -> None:
    network = build(DEEP, (2, 3))
    assert network.parameters[: network.weight_count].all()
    assert not network.parameters[network.weight_count :].any()


def test_without_a_generator_all_is_zero() -> None:
    network = Network([Dense(3)], input_shape=(2,))
    assert not network.parameters.any()
    assert network.parameters.dtype == network.gradients.dtype == np.float32


# Shapes


def test_shapes_are_inferred_along_the_chain() -> None:
    network = build(DEEP[:5], (2, 3))
    assert network.shapes == [(2, 3), (6,), (6,), (6,), (6,), (5,)]
    assert network.output_shape == (5,)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Dense(3)], r"^layer 0, Dense\(units=3, initializer='he'\): .*, got \(2, 3\)"),
        ([ReLU(), Tanh(), Dense(3)], r"^layer 2, Dense\(units=3, .*, got \(2, 3\)"),
    ],
)
def test_a_layer_that_does_not_fit_is_named(layers: list[Layer], message: str) -> None:
    with pytest.raises(ShapeError, match=message) as caught:
        Network(layers, input_shape=(2, 3))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 2), (2,), (4, 2, 1)])
def test_a_batch_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    network = build([Dense(3)], (2,))
    with pytest.raises(ShapeError) as caught:
        network.forward(np.zeros(shape), network.contexts())
    assert str(shape) in str(caught.value)


def test_an_empty_chain_and_odd_number_types_are_refused() -> None:
    with pytest.raises(SettingError, match="at least one layer"):
        Network([], input_shape=(2,))
    for dtype in (np.int64, np.float16, np.complex128):
        with pytest.raises(SettingError, match=np.dtype(dtype).name):
            Network([Dense(1)], input_shape=(2,), dtype=dtype)


# The input's gradient


def test_the_inputs_gradient_is_computed_only_for_who_asks() -> None:
    for layers in ([Dense(2)], [Flatten(), ReLU(), Dense(2), ReLU(), Dense(2)]):
        network = build(layers, (3,))
        x, d_y = np.ones((2, 3)), np.ones((2, 2))
        with_d_x, without = network.contexts(needs_d_x=True), network.contexts()
        d_x = network.backward(d_y, network.forward(x, with_d_x)[1], with_d_x)
        gradients = network.gradients.copy()
        assert d_x is not None
        assert d_x.shape == x.shape
        network.gradients[...] = np.nan
        assert network.backward(d_y, network.forward(x, without)[1], without) is None
        np.testing.assert_array_equal(network.gradients, gradients)


def test_contexts_ask_for_d_x_only_behind_the_first_weights() -> None:
    network = build([Flatten(), ReLU(), Dense(2), ReLU(), Dense(2)], (3,))
    assert [c.needs_d_x for c in network.contexts()] == [False, False, False, True, True]
    assert all(c.needs_d_x for c in network.contexts(needs_d_x=True))


# Predicting


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 11])
def test_predict_over_slices_is_one_forward_pass(count: int) -> None:
    network = build(DEEP, (2, 3))
    x = np.random.default_rng(2).normal(size=(count, 2, 3))
    logits = network.predict(x, batch_size=4)
    assert logits.shape == (count, 2)
    assert logits.dtype == np.float64
    if count:
        whole, _ = network.forward(x, network.contexts())
        np.testing.assert_allclose(logits, whole, rtol=1e-12, atol=1e-14)


def test_predict_sees_no_more_than_a_slice_at_a_time() -> None:
    network = build([Dense(2), Tanh()], (3,))
    contexts = network.contexts()
    network.predict(np.zeros((100, 3)), batch_size=8, contexts=contexts)
    memory = contexts[1].scratch("y", (8, 2)).base
    assert memory is not None
    assert memory.size == 8 * 2


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (1, [1]),
        (3, [3]),
        (7, [2, 2, 3]),  # one for each thread, if the examples are enough for that
        (48, [12] * 4),
        (98, [19, 19, 20, 20, 20]),  # at most 24 together, and all about alike
    ],
)
def test_slices_of_a_prediction_are_larger_but_not_fewer_than_lanes(
    count: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network([Dense(2)], input_shape=(3,))
    network.predict_size = 24
    seen: list[int] = []
    forward = Dense.forward

    def watched(self: Dense, x: Array, *rest: Any) -> Any:
        seen.append(len(x))
        return forward(self, x, *rest)

    monkeypatch.setattr(Dense, "forward", watched)
    assert network.predict(np.zeros((count, 3))).shape == (count, 2)
    assert sorted(seen) == sizes
    seen.clear()
    network.predict(np.zeros((count, 3)), batch_size=2)
    assert max(seen) <= 2


def test_predict_returns_an_array_of_ones_own() -> None:
    network = build([Dense(2)], (3,))
    contexts = network.contexts()
    first = network.predict(np.ones((2, 3)), contexts=contexts)
    kept = first.copy()
    network.predict(np.full((2, 3), 5.0), contexts=contexts)
    np.testing.assert_array_equal(first, kept)


def test_predict_is_without_noise() -> None:
    network = build([Dropout(0.1)], (50,))
    x = np.ones((3, 50))
    np.testing.assert_array_equal(network.predict(x), x)


def test_numbers_of_another_precision_are_taken_and_left_alone() -> None:
    network = build(DEEP, (2, 3), dtype=np.float32)
    pixels: Any = np.random.default_rng(0).integers(255, size=(4, 2, 3), dtype=np.uint8)
    received = network.predict(pixels)
    assert received.dtype == np.float32
    np.testing.assert_array_equal(received, network.predict(pixels.astype(np.float64)))
    assert pixels.dtype == np.uint8


# Memory and threads


def test_a_context_is_used_again_from_step_to_step() -> None:
    network = build([Dense(2), Tanh(), Dense(1)], (3,))
    contexts = network.contexts(training=True)
    first, _ = network.forward(np.ones((4, 3)), contexts)
    second, _ = network.forward(np.zeros((4, 3)), contexts)
    assert second is first


def test_forward_passes_with_contexts_of_their_own_do_not_meet() -> None:
    network = build([Dense(40), Tanh(), Dense(40), ReLU(), Dense(5)], (30,))
    batches = np.random.default_rng(0).normal(size=(16, 64, 30))
    expected = [network.predict(x).copy() for x in batches]

    def repeat(i: int) -> bool:
        contexts = network.contexts()
        return all(
            np.array_equal(network.forward(batches[i], contexts)[0], expected[i]) for _ in range(30)
        )

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(repeat, range(16)))


def test_contexts_share_no_memory() -> None:
    network = build([Dense(2)], (3,))
    one, two = network.contexts(), network.contexts()
    first, _ = network.forward(np.ones((4, 3)), one)
    second, _ = network.forward(np.ones((4, 3)), two)
    assert not np.shares_memory(first, second)


# Values


def test_an_architecture_builds_the_same_network_again() -> None:
    network = build(DEEP, (2, 3))
    fields = json.loads(json.dumps(network.architecture()))
    layers = [LAYERS[row.pop("layer")](**row) for row in fields]
    assert tuple(layers) == network.layers
    twin = Network(layers, input_shape=(2, 3), dtype=np.float64)
    twin.parameters[...] = network.parameters
    x = np.random.default_rng(0).normal(size=(3, 2, 3))
    np.testing.assert_array_equal(twin.predict(x), network.predict(x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, 90.0, 88.0])
def test_logits_far_out_give_finite_losses_and_gradients(size: float, dtype: npt.DTypeLike) -> None:
    network = Network([Dense(1)], input_shape=(1,), dtype=dtype)
    network.parameter_views[0]["W"][...] = size
    x, labels = np.array([[1], [-1], [1], [-1]], dtype), np.array([1, 0, 0, 1])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, _ = network.loss_and_gradients(
            x, labels, binary_cross_entropy, network.contexts(training=True)
        )
    # Two of four are wrong by `size`; p - y is 0, 0, 1, -1 and x turns the last: (1 + 1) / 4.
    assert value == pytest.approx(size / 2, rel=1e-6)
    np.testing.assert_allclose(network.gradients, [0.5, 0], rtol=1e-6, atol=1e-7)
