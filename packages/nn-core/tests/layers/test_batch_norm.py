"""Batch normalization against its definition."""

import copy
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import oracles_2d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_call import LayerCall, run

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import GradientError, SettingError, ShapeError
from nn_core.gradient_check import check_layer
from nn_core.layers import BatchNorm, Cache, Chain, Context, Residual, Tanh
from nn_core.layers.batch_norm import join_moments
from nn_core.layers.context import BatchPart, Collective

STATISTICS = ("running_mean", "running_variance")
BatchShape = tuple[int, ...]


def shapes() -> st.SearchStrategy[BatchShape]:
    """Rows, sequences and images."""
    return st.one_of(
        st.tuples(st.integers(1, 6), st.integers(1, 4)),
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
    )


def oracle(call: LayerCall) -> dict[str, Array]:
    assert isinstance(call.layer, BatchNorm)
    gamma, beta = call.params["gamma"], call.params["beta"]
    return oracles_2d.batch_norm(call.x, gamma, beta, call.layer.epsilon, call.d_y)


@settings(max_examples=80, deadline=None)
@given(shape=shapes(), epsilon=st.sampled_from([1e-5, 1e-3, 1.0]), seed=st.integers(0, 2**32 - 1))
def test_training_is_its_definition(shape: BatchShape, epsilon: float, seed: int) -> None:
    call = LayerCall(BatchNorm(epsilon=epsilon), shape, seed=seed)
    call.x = 3 * call.x + 2
    expected = oracle(call)
    y, d_x = call.run()
    np.testing.assert_allclose(y, expected["y"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(d_x, expected["d_x"], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(call.grads["gamma"], expected["d_gamma"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(call.grads["beta"], expected["d_beta"], rtol=1e-8, atol=1e-10)
    # Under the running statistics, the batch's mean and unbiased variance.
    M = call.x.size // shape[-1]
    unbiased = expected["variance"] * M / (M - 1) if M > 1 else call.params["running_variance"]
    np.testing.assert_allclose(call.grads["running_mean"], expected["mean"], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(call.grads["running_variance"], unbiased, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (2, 3, 4, 2), (1, 5, 2, 3), (4, 6, 2)])
@pytest.mark.parametrize("training", [True, False])
def test_every_gradient_by_finite_differences(shape: BatchShape, training: bool) -> None:
    rng = np.random.default_rng(1)
    report = check_layer(BatchNorm(), rng.normal(size=shape), rng=rng, training=training)
    assert report.error <= 1e-6
    names = [array.name.rsplit(", ", 1)[-1] for array in report.arrays]
    assert names == ["the input x", "gamma", "beta"]


def test_the_checker_draws_running_statistics_unlike_those_of_a_fresh_layer() -> None:
    class Forgetful(BatchNorm):
        """Right on a fresh layer, whose running mean is 0 and whose variance is 1."""

        def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array:
            super().backward(d_y, cache, params, grads, context)
            d_x: Array = params["gamma"] * d_y / np.sqrt(1 + self.epsilon)
            return d_x

    rng = np.random.default_rng(2)
    with pytest.raises(GradientError, match="the input x"):
        check_layer(Forgetful(), rng.normal(size=(3, 2)), rng=rng, training=False)


def test_four_numbers_by_hand() -> None:
    # x = 1, 3, 5, 7: mean 4, variance (9 + 1 + 1 + 9) / 4 = 5; epsilon 4 makes the root 3, so
    # x_hat = -1, -1/3, 1/3, 1 and, with gamma 6 and beta 1, y = -5, -1, 3, 7.
    layer = BatchNorm(epsilon=4.0)
    x, d_y = np.array([[1.0], [3], [5], [7]]), np.array([[1.0], [0], [0], [3]])
    numbers = {"gamma": 6.0, "beta": 1.0, "running_mean": 8.0, "running_variance": 2.0}
    params = {name: np.array([number]) for name, number in numbers.items()}
    y, d_x, grads = run(layer, x, d_y, params)
    np.testing.assert_allclose(y.ravel(), [-5, -1, 3, 7], rtol=1e-15)
    # d_beta = 1 + 3 = 4, d_gamma = 1*-1 + 3*1 = 2,
    # d_x = 6/3 (d_y - 4/4 - x_hat 2/4) = 2 (1 - 1 + 1/2, -1 + 1/6, -1 - 1/6, 3 - 1 - 1/2).
    np.testing.assert_allclose(grads["beta"], [4])
    np.testing.assert_allclose(grads["gamma"], [2])
    np.testing.assert_allclose(d_x.ravel(), [1, -5 / 3, -7 / 3, 3])
    # The batch's values: the mean 4, and 5 * 4/3 = 20/3 unbiased.
    np.testing.assert_allclose(grads["running_mean"], [4])
    np.testing.assert_allclose(grads["running_variance"], [20 / 3])
    # In prediction: y = 6 (x - 8) / sqrt(2 + 4) + 1.
    y, d_x, grads = run(layer, x, d_y, params, Context(training=False))
    np.testing.assert_allclose(y.ravel(), 6 / np.sqrt(6) * np.array([-7, -5, -3, -1]) + 1)
    np.testing.assert_allclose(d_x.ravel(), 6 / np.sqrt(6) * np.array([1, 0, 0, 3]))
    np.testing.assert_allclose(grads["beta"], [4])
    np.testing.assert_allclose(grads["gamma"], [(-7 - 3) / np.sqrt(6)])
    for name in STATISTICS:
        assert np.isnan(grads[name]).all()  # not written


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (2, 3, 4, 2)])
def test_prediction_is_its_formula(shape: BatchShape) -> None:
    call = LayerCall(BatchNorm(), shape, training=False)
    p = call.params
    root = np.sqrt(p["running_variance"] + 1e-5)
    x_hat = (call.x - p["running_mean"]) / root
    y, d_x = call.run()
    axes = tuple(range(len(shape) - 1))
    np.testing.assert_allclose(y, p["gamma"] * x_hat + p["beta"], rtol=1e-12)
    np.testing.assert_allclose(d_x, p["gamma"] / root * call.d_y, rtol=1e-12)
    np.testing.assert_allclose(call.grads["gamma"], (call.d_y * x_hat).sum(axis=axes), rtol=1e-10)
    np.testing.assert_allclose(call.grads["beta"], call.d_y.sum(axis=axes), rtol=1e-10)


def test_the_steps_of_sequences_are_rows() -> None:
    steps, rows = LayerCall(BatchNorm(), (3, 4, 2)), LayerCall(BatchNorm(), (12, 2))
    rows.x, rows.d_y, rows.params = steps.x.reshape(12, 2), steps.d_y.reshape(12, 2), steps.params
    for received, expected in zip(steps.run(), rows.run(), strict=True):
        np.testing.assert_allclose(received.reshape(12, 2), expected, rtol=1e-12)
    for name, gradient in rows.grads.items():
        np.testing.assert_allclose(steps.grads[name], gradient, rtol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_the_first_layer_computes_no_d_x(training: bool) -> None:
    call = LayerCall(BatchNorm(), (4, 3), training=training, needs_d_x=False)
    assert call.backward(call.forward()[1]) is None


def test_one_number_has_a_mean_and_leaves_the_running_variance() -> None:
    call = LayerCall(BatchNorm(), (1, 3))
    y, d_x = call.run()
    np.testing.assert_array_equal(y, call.params["beta"][None])
    np.testing.assert_array_equal(d_x, np.zeros((1, 3)))
    np.testing.assert_array_equal(call.grads["running_mean"], call.x[0])
    np.testing.assert_array_equal(call.grads["running_variance"], call.params["running_variance"])


def test_a_constant_channel() -> None:
    call = LayerCall(BatchNorm(), (6, 2), dtype=np.float32)
    call.x[...] = 0.1
    y, d_x = call.run()
    np.testing.assert_allclose(y, np.tile(call.params["beta"], (6, 1)), atol=1e-4)
    assert np.isfinite(d_x).all()


def test_a_mean_far_from_zero_costs_no_digits() -> None:
    call = LayerCall(BatchNorm(), (500, 7, 5, 2), dtype=np.float32)
    call.x = call.x * np.float32(3) + np.float32(1000)
    double = LayerCall(BatchNorm(), (500, 7, 5, 2))
    double.x, double.d_y = call.x.astype(np.float64), call.d_y.astype(np.float64)
    double.params = {name: values.astype(np.float64) for name, values in call.params.items()}
    for received, expected in zip(call.run(), double.run(), strict=True):
        assert received.dtype == np.float32
        np.testing.assert_allclose(received, expected, atol=2e-3)
    for name, values in call.grads.items():
        np.testing.assert_allclose(values, double.grads[name], rtol=1e-3, atol=0.1)


@pytest.mark.parametrize("training", [True, False])
def test_images_that_are_not_contiguous(training: bool) -> None:
    call, scattered = (LayerCall(BatchNorm(), (3, 4, 2, 5), training=training) for _ in range(2))
    scattered.x, scattered.d_y = np.asfortranarray(call.x), np.asfortranarray(call.d_y)
    for received, wanted in zip(scattered.run(), call.run(), strict=True):
        np.testing.assert_allclose(received, wanted, rtol=1e-12, atol=1e-13)


class Shards(Collective):
    """What the shards of a batch exchange, each in a thread of its own."""

    def __init__(self, count: int) -> None:
        self.barrier = threading.Barrier(count, timeout=10)
        self.given: dict[int, tuple[Any, ...]] = {}
        self.here = threading.local()

    def gather(self, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        self.given[self.here.number] = copy.deepcopy(values)
        self.barrier.wait()
        gathered = [self.given[number] for number in sorted(self.given)]
        self.barrier.wait()
        return gathered


@pytest.mark.parametrize("cuts", [[0, 7], [0, 2, 7], [0, 3, 3, 6, 7], [0, 0, 7], [0, 1, 7, 7]])
@pytest.mark.parametrize("row", [(3,), (2, 3), (2, 4, 3)])
def test_parts_of_a_batch_are_normalized_as_the_whole(cuts: list[int], row: BatchShape) -> None:
    whole = LayerCall(BatchNorm(), (7, *row))
    y, d_x = whole.run()
    shards = Shards(len(cuts) - 1)
    found: dict[int, tuple[Array, Any, Mapping[str, Array]]] = {}

    def work(number: int) -> None:
        shards.here.number, rows = number, slice(cuts[number], cuts[number + 1])
        context = replace(whole.context, part=BatchPart(collective=shards))
        found[number] = run(whole.layer, whole.x[rows], whole.d_y[rows], whole.params, context)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(cuts) - 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parts = [found[number] for number in range(len(threads))]
    np.testing.assert_allclose(np.concatenate([part[0] for part in parts]), y, rtol=1e-12)
    np.testing.assert_allclose(np.concatenate([part[1] for part in parts]), d_x, rtol=1e-10, atol=1e-13)
    for name in ("gamma", "beta"):  # each part has its own share
        total = sum(part[2][name] for part in parts)
        np.testing.assert_allclose(total, whole.grads[name], rtol=1e-11)
    for name in STATISTICS:  # all parts have the batch's value, to the bit
        for part in parts:
            np.testing.assert_array_equal(part[2][name], parts[0][2][name])
            np.testing.assert_allclose(part[2][name], whole.grads[name], rtol=1e-12)


def test_joined_moments_by_hand() -> None:
    # 1, 3 and 8: means 2 and 8, squares 2 and 0; together mean 4, squares 9 + 1 + 16 = 26.
    parts = [(2, np.array([2.0]), np.array([2.0])), (1, np.array([8.0]), np.array([0.0]))]
    empty = (0, np.zeros(1), np.zeros(1))
    for cut in (parts, parts[::-1], [empty, *parts], [parts[0], empty, parts[1]]):
        M, mean, squares = join_moments(cut)
        assert (M, mean.item(), squares.item()) == (3, 4.0, 26.0)
    assert join_moments([empty, empty])[0] == 0


def test_what_it_declares() -> None:
    for shape in [(3,), (None, 3), (4, 5, 3)]:
        declared = BatchNorm(momentum=0.8).parameters(shape)
        found = [(n, p.shape, p.initializer, p.region, p.momentum) for n, p in declared.items()]
        assert found == [
            ("gamma", (3,), "ones", 1, None),
            ("beta", (3,), "zeros", 1, None),
            ("running_mean", (3,), "zeros", 2, 0.8),
            ("running_variance", (3,), "ones", 2, 0.8),
        ]
        assert BatchNorm().output_shape(shape) == shape
    assert BatchNorm().macs((4, 5, 3)) == 60
    assert BatchNorm().macs((None, 3)) == 3
    assert BatchNorm() == BatchNorm(momentum=0.9, epsilon=1e-5)


def test_it_depends_on_the_batch_unless_it_is_frozen() -> None:
    assert Residual((Tanh(), Chain((Residual((BatchNorm(),)),)))).batch_dependent
    assert not Chain((Tanh(), Residual((BatchNorm(trainable=False),)))).batch_dependent
    assert not Chain((Residual((BatchNorm(),), trainable=False),)).batch_dependent


@pytest.mark.parametrize("shape", [(), (4, None)])
def test_an_input_without_channels(shape: Shape) -> None:
    with pytest.raises(ShapeError, match="expected features on the last axis, got"):
        BatchNorm().output_shape(shape)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\), not 1.0"),
        ({"momentum": -0.1}, r"momentum must be in \[0, 1\)"),
        ({"epsilon": 0.0}, "epsilon must be positive, not 0.0"),
        ({"epsilon": float("nan")}, "epsilon must be positive, not nan"),
        ({"epsilon": float("inf")}, "epsilon must be positive, not inf"),
    ],
)
def test_invalid_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        BatchNorm(**settings)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_gives_the_type_of_its_input(dtype: npt.DTypeLike) -> None:
    call = LayerCall(BatchNorm(), (4, 3), dtype=dtype)
    assert all(array.dtype == dtype for array in call.run())
