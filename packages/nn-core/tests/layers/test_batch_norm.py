"""Batch normalization against its definition, and the running statistics of a network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import oracles_2d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn_core import checkpoint
from nn_core.arrays import Array, Shape
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.gradient_check import check_gradients, check_layer
from nn_core.layers import (
    BatchNorm,
    Context,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    ReLU,
)
from nn_core.layers import windows as windows_module
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import OPTIMIZERS, optimizer
from nn_core.training.callbacks import Callback, RestoreBestWeights
from nn_core.training.trainer import Recipe, Trainer

STATISTICS = ("running_mean", "running_variance")


def memory(array: npt.NDArray[Any]) -> int:
    """Bytes of all that an array was cut from."""
    return array.nbytes if array.base is None else array.base.nbytes


class Call:
    """A BatchNorm layer with arrays around it, drawn from a seed."""

    def __init__(
        self,
        layer: BatchNorm,
        shape: Shape,
        *,
        training: bool = True,
        seed: int = 0,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        rng = np.random.default_rng(seed)
        C = shape[-1]
        self.layer = layer
        self.x: Array = rng.normal(2, 3, size=shape).astype(dtype)
        self.d_y: Array = rng.normal(size=shape).astype(dtype)
        self.params: dict[str, Array] = {
            "gamma": rng.normal(size=C).astype(dtype),
            "beta": rng.normal(size=C).astype(dtype),
            "running_mean": rng.normal(size=C).astype(dtype),
            "running_variance": rng.uniform(0.5, 2, size=C).astype(dtype),
        }
        self.grads = {name: np.full_like(values, np.nan) for name, values in self.params.items()}
        self.context = Context(dtype, training=training)

    def run(self) -> tuple[Array, Array]:
        y, cache = self.layer.forward(self.x, self.params, self.context)
        y = y.copy()
        d_x = self.layer.backward(self.d_y, cache, self.params, self.grads, self.context)
        assert d_x is not None
        return y, d_x.copy()

    def oracle(self) -> dict[str, Array]:
        gamma, beta = self.params["gamma"], self.params["beta"]
        return oracles_2d.batch_norm(self.x, gamma, beta, self.layer.epsilon, self.d_y)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.one_of(
        st.tuples(st.integers(1, 6), st.integers(1, 4)),
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
    ),
    epsilon=st.sampled_from([1e-5, 1e-3, 1.0]),
    momentum=st.sampled_from([0.0, 0.5, 0.9]),
    seed=st.integers(0, 2**32 - 1),
    budget=st.sampled_from([1, 100, 2**20]),
)
def test_training_is_its_definition(
    shape: Shape, epsilon: float, momentum: float, seed: int, budget: int
) -> None:
    call = Call(BatchNorm(momentum, epsilon), shape, seed=seed)
    expected = call.oracle()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows_module, "SLICE_BYTES", budget)
        y, d_x = call.run()
    np.testing.assert_allclose(y, expected["y"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(d_x, expected["d_x"], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(call.grads["gamma"], expected["d_gamma"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(call.grads["beta"], expected["d_beta"], rtol=1e-8, atol=1e-10)
    # running - move = momentum running + (1 - momentum) batch.
    M = call.x.size // shape[-1]
    after = {name: call.params[name] - call.grads[name] for name in STATISTICS}
    np.testing.assert_allclose(
        after["running_mean"],
        momentum * call.params["running_mean"] + (1 - momentum) * expected["mean"],
        rtol=1e-10,
        atol=1e-12,
    )
    before = call.params["running_variance"]
    unbiased = expected["variance"] * M / (M - 1) if M > 1 else before
    np.testing.assert_allclose(
        after["running_variance"], momentum * before + (1 - momentum) * unbiased, rtol=1e-10
    )


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (2, 3, 4, 2), (1, 5, 2, 3), (4, 6, 2)])
@pytest.mark.parametrize("training", [True, False])
def test_every_gradient_by_finite_differences(shape: Shape, training: bool) -> None:
    rng = np.random.default_rng(1)
    report = check_layer(BatchNorm(), rng.normal(size=shape), rng=rng, training=training)
    assert report.error <= 1e-6
    names = [array.name.rsplit(", ", 1)[-1] for array in report.arrays]
    assert names == ["the input x", "gamma", "beta"]


def test_the_checker_sees_running_statistics_that_are_not_those_of_a_fresh_layer() -> None:
    class ForgetsThem(BatchNorm):
        """Right on a fresh layer, whose running mean is 0 and whose variance is 1."""

        def backward(self, d_y: Array, cache: Any, params: Any, grads: Any, context: Any) -> Array:
            super().backward(d_y, cache, params, grads, context)
            d_x: Array = params["gamma"] * d_y / np.sqrt(1 + self.epsilon)
            return d_x

    rng = np.random.default_rng(2)
    with pytest.raises(Exception, match="the input x"):
        check_layer(ForgetsThem(), rng.normal(size=(3, 2)), rng=rng, training=False)


def test_four_numbers_by_hand() -> None:
    # x = 1, 3, 5, 7: mean 4, variance (9 + 1 + 1 + 9) / 4 = 5; epsilon 4 makes the root 3, so
    # x_hat = -1, -1/3, 1/3, 1 and, with gamma 6 and beta 1, y = -5, -1, 3, 7.
    call = Call(BatchNorm(momentum=0.75, epsilon=4.0), (4, 1))
    call.x = np.array([[1.0], [3], [5], [7]])
    call.d_y = np.array([[1.0], [0], [0], [3]])
    call.params = {
        "gamma": np.array([6.0]),
        "beta": np.array([1.0]),
        "running_mean": np.array([8.0]),
        "running_variance": np.array([2.0]),
    }
    y, d_x = call.run()
    np.testing.assert_allclose(y.ravel(), [-5, -1, 3, 7], rtol=1e-15)
    # d_beta = 1 + 3 = 4, d_gamma = 1*-1 + 3*1 = 2,
    # d_x = 6/3 (d_y - 4/4 - x_hat 2/4) = 2 (1 - 1 + 1/2, -1 + 1/6, -1 - 1/6, 3 - 1 - 1/2).
    np.testing.assert_allclose(call.grads["beta"], [4])
    np.testing.assert_allclose(call.grads["gamma"], [2])
    np.testing.assert_allclose(d_x.ravel(), [1, -5 / 3, -7 / 3, 3])
    # Running: 8 - 1/4 (8 - 4) = 7, and 2 - 1/4 (2 - 20/3) with 5 * 4/3 = 20/3 unbiased.
    np.testing.assert_allclose(call.grads["running_mean"], [1])
    np.testing.assert_allclose(call.grads["running_variance"], [-14 / 12])
    # In use: y = 6 (x - 8) / sqrt(2 + 4) + 1.
    call.context = Context(np.float64)
    y, d_x = call.run()
    np.testing.assert_allclose(y.ravel(), 6 / np.sqrt(6) * np.array([-7, -5, -3, -1]) + 1)
    np.testing.assert_allclose(d_x.ravel(), 6 / np.sqrt(6) * np.array([1, 0, 0, 3]))
    np.testing.assert_allclose(call.grads["beta"], [4])
    np.testing.assert_allclose(call.grads["gamma"], [(-7 - 3) / np.sqrt(6)])
    for name in STATISTICS:
        np.testing.assert_array_equal(call.grads[name], [0])


@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4, 2)])
def test_evaluation_is_its_formula(shape: Shape) -> None:
    call = Call(BatchNorm(), shape, training=False)
    p = call.params
    root = np.sqrt(p["running_variance"] + 1e-5)
    x_hat = (call.x - p["running_mean"]) / root
    y, d_x = call.run()
    axes = tuple(range(len(shape) - 1))
    np.testing.assert_allclose(y, p["gamma"] * x_hat + p["beta"], rtol=1e-12)
    np.testing.assert_allclose(d_x, p["gamma"] / root * call.d_y, rtol=1e-12)
    np.testing.assert_allclose(call.grads["gamma"], (call.d_y * x_hat).sum(axis=axes), rtol=1e-10)
    np.testing.assert_allclose(call.grads["beta"], call.d_y.sum(axis=axes), rtol=1e-10)
    assert not call.grads["running_mean"].any()
    assert not call.grads["running_variance"].any()


@pytest.mark.parametrize("training", [True, False])
def test_the_first_layer_saves_d_x(training: bool) -> None:
    call = Call(BatchNorm(), (4, 3), training=training)
    call.run()
    expected = {name: values.copy() for name, values in call.grads.items()}
    call.context.needs_d_x = False
    _, cache = call.layer.forward(call.x, call.params, call.context)
    assert call.layer.backward(call.d_y, cache, call.params, call.grads, call.context) is None
    for name, values in expected.items():
        np.testing.assert_array_equal(call.grads[name], values)


def test_one_number_has_a_mean_and_no_variance() -> None:
    call = Call(BatchNorm(), (1, 3))
    y, d_x = call.run()
    np.testing.assert_array_equal(y, call.params["beta"][None])
    np.testing.assert_array_equal(d_x, np.zeros((1, 3)))
    assert not call.grads["running_variance"].any()
    assert call.grads["running_mean"].all()


def test_a_channel_that_is_all_the_same() -> None:
    call = Call(BatchNorm(), (6, 2), dtype=np.float32)
    call.x[...] = 0.1
    y, d_x = call.run()
    np.testing.assert_allclose(y, np.tile(call.params["beta"], (6, 1)), atol=1e-4)
    assert np.isfinite(d_x).all()


def test_a_mean_far_from_zero_costs_no_digits() -> None:
    call = Call(BatchNorm(), (500, 7, 5, 2), dtype=np.float32)
    double = Call(BatchNorm(), (500, 7, 5, 2))
    call.x += np.float32(1000)
    double.x = call.x.astype(np.float64)
    double.d_y = call.d_y.astype(np.float64)
    double.params = {name: values.astype(np.float64) for name, values in call.params.items()}
    (y, d_x), (expected, expected_x) = call.run(), double.run()
    assert y.dtype == d_x.dtype == np.float32
    np.testing.assert_allclose(y, expected, atol=2e-3)
    np.testing.assert_allclose(d_x, expected_x, atol=2e-3)
    for name, values in call.grads.items():
        np.testing.assert_allclose(values, double.grads[name], rtol=1e-3, atol=0.1)


@pytest.mark.parametrize("training", [True, False])
def test_maps_that_do_not_lie_in_one_piece(training: bool) -> None:
    call = Call(BatchNorm(), (3, 4, 2, 5), training=training)
    expected = call.run()
    call.x, call.d_y = np.asfortranarray(call.x), np.asfortranarray(call.d_y)
    for received, wanted in zip(call.run(), expected, strict=True):
        np.testing.assert_allclose(received, wanted, rtol=1e-12, atol=1e-13)


def test_working_memory_does_not_grow_with_the_batch() -> None:
    sizes = []
    for count in (128, 256):
        call = Call(BatchNorm(), (count, 16, 16, 16), dtype=np.float32)
        call.run()
        buffers = call.context._buffers.items()
        sizes.append({name: memory(a) for name, a in buffers if name not in ("y", "d_x")})
    assert sizes[0] == sizes[1]


def test_what_it_declares() -> None:
    declared = BatchNorm().parameters((4, 5, 3))
    found = [(n, p.shape, p.initializer, p.decays, p.trained) for n, p in declared.items()]
    assert found == [
        ("gamma", (3,), "ones", False, True),
        ("beta", (3,), "zeros", False, True),
        ("running_mean", (3,), "zeros", False, False),
        ("running_variance", (3,), "ones", False, False),
    ]
    assert BatchNorm().output_shape((4, 5, 3)) == (4, 5, 3)
    assert BatchNorm().multiply_adds((4, 5, 3)) == 60
    assert BatchNorm() == BatchNorm(0.9, 1e-5)


def test_an_input_without_channels() -> None:
    with pytest.raises(ShapeError, match="expected channels on the last axis, got"):
        BatchNorm().output_shape(())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"momentum": 1.0}, r"momentum lies in \[0, 1\), not 1.0"),
        ({"momentum": -0.1}, r"momentum lies in \[0, 1\)"),
        ({"epsilon": 0.0}, "epsilon must be positive, not 0.0"),
        ({"epsilon": float("nan")}, "epsilon must be positive, not nan"),
        ({"epsilon": float("inf")}, "epsilon must be positive, not inf"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        BatchNorm(**settings)


# In a network

X = np.random.default_rng(20).normal(1, 2, size=(22, 6, 6, 2)).astype(np.float32)
Y = np.arange(22) % 3
LAYERS: list[Layer] = [
    Conv2D(4, 3, padding="same"),
    BatchNorm(momentum=0.8),
    ReLU(),
    Dropout(0.8, whole_maps=True),
    MaxPool2D(2),
    Conv2D(5, 2),
    BatchNorm(),
    ReLU(),
    GlobalAveragePool2D(),
    Dense(3),
]


def small_network(dtype: npt.DTypeLike = np.float32) -> Network:
    return Network(LAYERS, input_shape=(6, 6, 2), rng=np.random.default_rng(3), dtype=dtype)


def small_trainer(
    network: Network | None = None, *callbacks: Callback, rule: str = "adam", **recipe: Any
) -> Trainer:
    """Five steps an epoch, the last of two examples."""
    recipe = {"batch_size": 5, "l2": 0.01, "clip_norm": 0.1} | recipe
    return Trainer(
        small_network() if network is None else network,
        X,
        Y,
        Recipe(softmax_cross_entropy, optimizer(rule), **recipe),
        epochs=3,
        rng=np.random.default_rng(4),
        validation=(X[:7], Y[:7]),
        callbacks=callbacks,
    )


@pytest.mark.parametrize("training", [True, False])
def test_every_gradient_of_a_network(training: bool) -> None:
    rng = np.random.default_rng(5)
    network = small_network(np.float64)
    network.parameters += rng.uniform(0, 0.2, size=network.parameters.size)
    report = check_gradients(
        network, X[:5], Y[:5], softmax_cross_entropy, rng=rng, training=training
    )
    assert report.error <= 1e-6
    assert len(report.arrays) == 1 + 5 * 2
    assert not any("running" in array.name for array in report.arrays)


def test_running_statistics_stand_at_the_end_of_the_vector() -> None:
    network = small_network()
    sizes = {"weights": 3 * 3 * 2 * 4 + 2 * 2 * 4 * 5 + 5 * 3, "others": 4 + 8 + 5 + 10 + 3}
    assert network.weight_count == sizes["weights"]
    assert network.trained_count == sum(sizes.values())
    assert network.parameters.size == network.gradients.size == network.trained_count + 8 + 10
    numbers = np.arange(network.parameters.size)
    views = network.views_of(numbers.astype(np.float32))
    order = [views[i][name][0] for i in (1, 6) for name in STATISTICS]
    start = network.trained_count
    assert order == [start, start + 4, start + 8, start + 13]
    for i in (1, 6):
        for name in ("gamma", "beta"):
            assert network.weight_count <= views[i][name][0] < network.trained_count
    tail = network.parameters[start:]
    np.testing.assert_array_equal(tail, [0] * 4 + [1] * 4 + [0] * 5 + [1] * 5)
    assert network.summary().parameters == network.parameters.size


def test_a_network_without_them_trains_all_that_it_has() -> None:
    network = Network([Dense(3)], input_shape=(2,), rng=np.random.default_rng(0))
    assert network.trained_count == network.parameters.size
    kept = network.parameters.copy()
    network.gradients[...] = 1
    network.fold_statistics()
    np.testing.assert_array_equal(network.parameters, kept)


def test_folding_moves_the_statistics_alone() -> None:
    network = small_network()
    kept = network.parameters.copy()
    network.gradients[...] = 0.25
    network.fold_statistics()
    n = network.trained_count
    np.testing.assert_array_equal(network.parameters[:n], kept[:n])
    np.testing.assert_array_equal(network.parameters[n:], kept[n:] - 0.25)


# Whatever an optimizer does to the rest, the statistics go their own way.
@pytest.mark.parametrize("rule", [*OPTIMIZERS, "adamw:weight_decay=0.9"])
@pytest.mark.parametrize(
    "recipe", [{}, {"l2": 5.0}, {"clip_norm": 1e-3}, {"clip_value": 1e-4}], ids=str
)
def test_a_step_leaves_the_statistics_to_the_batch(rule: str, recipe: dict[str, float]) -> None:
    settings: dict[str, Any] = {"l2": 0.0, "clip_norm": None} | recipe
    trainer = small_trainer(rule=rule, **settings)
    network = trainer.network
    for view in (network.parameter_views[1], network.parameter_views[6]):
        view["running_mean"] += 3
    twin = small_network()
    twin.parameters[...] = network.parameters
    order = np.random.default_rng(4).spawn(2)[0].permutation(len(X))[:5]
    noise = np.random.default_rng(4).spawn(2)[1]
    contexts = twin.contexts(training=True, rng=noise)
    outputs, x = {}, X[order]
    for i, layer in enumerate(twin.layers):
        outputs[i] = x
        x = layer.forward(x, twin.parameter_views[i], contexts[i])[0].copy()
    trainer.step()
    for i, momentum in [(1, 0.8), (6, 0.9)]:
        rows = outputs[i].reshape(-1, outputs[i].shape[-1]).astype(np.float64)
        mean, variance = rows.mean(axis=0), rows.var(axis=0, ddof=1)
        before, after = twin.parameter_views[i], network.parameter_views[i]
        np.testing.assert_allclose(
            after["running_mean"],
            momentum * before["running_mean"] + (1 - momentum) * mean,
            rtol=1e-5,
            atol=1e-5,
        )
        np.testing.assert_allclose(
            after["running_variance"],
            momentum * before["running_variance"] + (1 - momentum) * variance,
            rtol=1e-5,
        )
    assert not np.array_equal(
        network.parameters[: network.trained_count], twin.parameters[: network.trained_count]
    )


def test_moves_of_the_statistics_do_not_count_in_the_norm() -> None:
    # The same step whether the running statistics are near or far from the batch's.
    steps = []
    for far in (0.0, 1e6):
        trainer = small_trainer(clip_norm=0.5, rule="gradient-descent")
        network = trainer.network
        for i in (1, 6):
            network.parameter_views[i]["running_mean"][...] += far
        trainer.step()
        steps.append(network.parameters[: network.trained_count].copy())
    np.testing.assert_array_equal(steps[0], steps[1])


def test_slots_are_as_long_as_what_is_trained() -> None:
    trainer = small_trainer()
    for values in trainer.recipe.optimizer.state().values():
        assert values.size == trainer.network.trained_count


def test_running_statistics_come_to_those_of_the_data() -> None:
    network = Network([BatchNorm(momentum=0.9)], input_shape=(3,), rng=np.random.default_rng(0))
    x = np.random.default_rng(1).normal([5, -2, 0], [1, 3, 0.1], size=(4000, 3)).astype("f4")
    recipe = Recipe(lambda y, t: (0.0, np.zeros_like(y)), optimizer("adam"), batch_size=100)
    Trainer(network, x, Y[:1].repeat(4000), recipe, epochs=3, rng=np.random.default_rng(2)).run()
    view = network.parameter_views[0]
    np.testing.assert_allclose(view["running_mean"], [5, -2, 0], atol=0.2)
    np.testing.assert_allclose(view["running_variance"], [1, 9, 0.01], rtol=0.15)


def test_small_batches_estimate_the_variance_without_bias() -> None:
    # The mean of 20,000 unbiased variances of two numbers each; the biased ones would give 1/2.
    network = Network([BatchNorm(momentum=0.0)], input_shape=(1,), rng=np.random.default_rng(0))
    contexts = network.contexts(training=True)
    rng, found = np.random.default_rng(1), []
    for _ in range(20):
        x = rng.normal(size=(2000, 1)).astype(np.float32)
        for pair in x.reshape(-1, 2, 1)[:200]:
            _, caches = network.forward(pair, contexts)
            network.backward(np.zeros((2, 1), np.float32), caches, contexts)
            network.fold_statistics()
            found.append(network.parameter_views[0]["running_variance"].item())
    assert np.mean(found) == pytest.approx(1.0, abs=0.12)


def test_in_use_examples_do_not_know_of_each_other() -> None:
    network = small_network(np.float64)
    together = network.predict(X)
    for n in range(3):
        np.testing.assert_allclose(network.predict(X[n : n + 1])[0], together[n], rtol=1e-10)


def bits(trainer: Trainer) -> dict[str, bytes]:
    columns = {k: np.array(v) for k, v in trainer.history.columns.items() if k != "seconds"}
    arrays = columns | trainer.recipe.optimizer.state() | {"w": trainer.network.parameters}
    return {name: values.tobytes() for name, values in arrays.items()}


class Interruption(Exception):
    """What a run of these tests is interrupted by."""


class InterruptAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step_count == self.step:
            raise Interruption


@pytest.mark.parametrize("step", [1, 4, 5, 7, 14])
@pytest.mark.parametrize("rule", ["adam", "gradient-descent"])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, step: int, rule: str) -> None:
    whole = small_trainer(rule=rule)
    whole.run()
    first = small_trainer(None, InterruptAt(step), rule=rule)
    with pytest.raises(Interruption):
        first.run()
    path = tmp_path / "run.h5"
    checkpoint.save(path, first.network, program="test", details={}, trainer=first)
    stored = checkpoint.load(path, program="test")
    assert stored.network.layers == first.network.layers
    assert stored.run is not None
    second = small_trainer(stored.network, rule=rule)
    stored.run.resume(second)
    second.run()
    assert bits(second) == bits(whole)


def test_the_best_weights_are_kept_with_their_statistics(tmp_path: Path) -> None:
    keeper = RestoreBestWeights()
    trainer = small_trainer(None, keeper)
    trainer.run()
    assert keeper.parameters is not None
    assert keeper.parameters.size == trainer.network.parameters.size
    path = tmp_path / "run.h5"
    best = keeper.parameters - 0.01
    checkpoint.save(
        path, trainer.network, program="test", details={}, trainer=trainer, best=np.abs(best)
    )
    stored = checkpoint.load(path, program="test")
    np.testing.assert_array_equal(stored.network.parameters, np.abs(best))
    assert stored.run is not None
    np.testing.assert_array_equal(stored.run.parameters, trainer.network.parameters)


# Slices of a batch through the whole network


def dense_network() -> Network:
    layers = [Conv2D(3, 3), ReLU(), MaxPool2D(2), Conv2D(2, 2), ReLU(), GlobalAveragePool2D()]
    rng = np.random.default_rng(6)
    return Network([*layers, Dense(3)], input_shape=(6, 6, 2), rng=rng, dtype=np.float64)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 22])
def test_a_batch_in_slices_is_the_batch(count: int) -> None:
    x, labels = X[:count], Y[:count]
    whole, sliced = dense_network(), dense_network()
    assert whole.slice_size > 22
    sliced.slice_size = sliced.predict_size = 3
    value, logits = whole.loss_and_gradients(x, labels, softmax_cross_entropy, whole.contexts())
    contexts = sliced.contexts()
    received, received_logits = sliced.loss_and_gradients(
        x, labels, softmax_cross_entropy, contexts
    )
    assert received == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(received_logits, logits, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(sliced.gradients, whole.gradients, rtol=1e-10, atol=1e-14)
    assert memory(contexts[0].scratch("y", (1, 1))) <= 3 * 4 * 4 * 3 * 8
    contexts = sliced.contexts()
    received_logits = sliced.predict(x, contexts=contexts)
    np.testing.assert_allclose(received_logits, whole.predict(x), rtol=1e-12, atol=1e-14)
    assert memory(contexts[0].scratch("y", (1, 1))) <= 3 * 4 * 4 * 3 * 8


@pytest.mark.parametrize("training", [True, False])
def test_a_batch_that_is_normalized_in_lanes_is_the_batch(training: bool) -> None:
    layers = [layer for layer in LAYERS if not isinstance(layer, Dropout)]
    whole, lanes = (
        Network(layers, input_shape=(6, 6, 2), rng=np.random.default_rng(3), dtype=np.float64)
        for _ in range(2)
    )
    lanes.slice_size = 3

    def run(network: Network) -> tuple[float, Array]:
        contexts = network.contexts(training=training)
        return network.loss_and_gradients(X, Y, softmax_cross_entropy, contexts)

    value, logits = run(whole)
    received, received_logits = run(lanes)
    assert received == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(received_logits, logits, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(lanes.gradients, whole.gradients, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    ("make", "slices"),
    [
        # 8 MiB over the bytes of all layers' outputs: 64x64x8 twice, ... ; and a network whose
        # parameters, 4 MB, outweigh what a batch makes.
        (lambda: Network([Conv2D(8, 5, padding="same"), ReLU()], input_shape=(64, 64, 3)), 32),
        (lambda: Network([Dense(1000), Dense(10)], input_shape=(1000,)), 8005),
    ],
)
def test_the_size_of_a_slice(make: Callable[[], Network], slices: int) -> None:
    assert make().slice_size == pytest.approx(slices, rel=0.02)


@pytest.mark.parametrize("layers", [[BatchNorm(), Dense(2)], [BatchNorm(), ReLU(), Dense(2)]])
def test_a_batch_of_no_examples_is_refused_by_the_loss(layers: list[Layer]) -> None:
    network = Network(layers, input_shape=(3,), rng=np.random.default_rng(0))
    contexts = network.contexts(training=True)
    with pytest.raises(DataError, match="at least one example"):
        network.loss_and_gradients(
            np.ones((0, 3)), np.ones(0, int), softmax_cross_entropy, contexts
        )
