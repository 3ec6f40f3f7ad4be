"""The checker passes right gradients, and catches each way of being wrong."""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.arrays import Array, Arrays
from nn_core.errors import GradientError
from nn_core.finite_differences import GradientReport
from nn_core.gradient_check import check_gradients, check_layer, check_loss
from nn_core.layers import (
    BatchNorm,
    Cache,
    Chain,
    Context,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    ReLU,
    Residual,
    Sigmoid,
    Tanh,
)
from nn_core.losses import binary_cross_entropy, mean_squared_error, softmax_cross_entropy
from nn_core.network import Network


class Tampered(Dense):
    """A Dense layer whose gradients are right until `tamper` has been at them."""

    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        raise NotImplementedError

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        d_x = super().backward(d_y, cache, params, grads, context)
        assert d_x is not None
        self.tamper(d_x, cache, d_y, params["W"], grads)
        return d_x


class DividesByNTwice(Tampered):
    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        grads["W"][...] /= len(x)
        grads["b"][...] /= len(x)


class ForgetsTheBias(Tampered):
    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        grads["b"][...] = 0


class TakesTheMeanForTheBias(Tampered):
    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        grads["b"][...] = d_y.mean(axis=0)


class ForgetsToTranspose(Tampered):
    """Goes unseen by shapes, since the layer is square."""

    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        d_x[...] = d_y @ W


class SwapsTheAxes(Tampered):
    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        grads["W"][...] = d_y.T @ x


class LosesTheSign(Tampered):
    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        d_x[...] *= -1


class IsNaNSomewhere(Tampered):
    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        grads["W"][1, 2] = np.nan


class IsInfiniteSomewhere(Tampered):
    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        grads["W"][1, 2] = np.inf


class IsSlightlyOff(Tampered):
    """In one number, by one part in 100,000."""

    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        grads["W"][2, 0] *= 1 + 1e-5


class IsWrongInOneNumber(Tampered):
    def tamper(self, d_x: Array, x: Array, d_y: Array, W: Array, grads: Arrays) -> None:
        grads["W"][-1, -1] += 0.01


class DropoutWithoutItsMask(Dropout):
    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        return d_y


class DropoutThatScalesForwardOnly(Dropout):
    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        d_x: Array = d_y * (cache > 0)
        return d_x


class ReLUWithASlopeAtZero(ReLU):
    """Wrong at the kink alone, where nothing between 0 and 1 would be."""

    at_zero: ClassVar[float] = 2.0

    def derivative(self, x: Array, y: Array) -> Array:
        return np.where(x == 0, self.at_zero, super().derivative(x, y))


class ReLUWithAGentleSlopeAtZero(ReLUWithASlopeAtZero):
    at_zero: ClassVar[float] = 0.3


class ReLUOfSlopeOne(ReLU):
    def derivative(self, x: Array, y: Array) -> Array:
        return np.ones_like(x)


SQUARE = (2, 3)  # two examples of three features, into three units


def check(layer: Layer, shape: tuple[int, ...] = SQUARE, seed: int = 1) -> GradientReport:
    rng = np.random.default_rng(seed)
    return check_layer(layer, rng.normal(size=shape), rng=rng)


@pytest.mark.parametrize(
    ("layer", "argument"),
    [
        (DividesByNTwice(3), "layer 0, DividesByNTwice(units=3, initializer='he'), W[0, 0]"),
        (ForgetsTheBias(3), "layer 0, ForgetsTheBias(units=3, initializer='he'), b[0]"),
        (TakesTheMeanForTheBias(3), "b[0]"),
        (ForgetsToTranspose(3), "the input x[0, 0]"),
        (SwapsTheAxes(3), "W[0, 1]"),
        (LosesTheSign(3), "the input x[0, 0]"),
        (IsNaNSomewhere(3), "W[1, 2]"),
        (IsInfiniteSomewhere(3), "W[1, 2]"),
        (IsSlightlyOff(3), "W[2, 0]"),
        (IsWrongInOneNumber(3), "W[2, 2]"),
        (DropoutWithoutItsMask(0.5), "the input x["),
        (DropoutThatScalesForwardOnly(0.5), "the input x["),
        (ReLUOfSlopeOne(), "the input x["),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Layer) else "",
)
def test_a_wrong_gradient_is_found_and_named(layer: Layer, argument: str) -> None:
    with pytest.raises(GradientError) as caught:
        check(layer)
    message = str(caught.value)
    assert argument in message
    assert "expected" in message
    assert "received" in message
    assert "\n" not in message


def plain_sum(y: Array, targets: npt.NDArray[Any]) -> tuple[float, Array]:
    return float(y.sum()), np.ones_like(y)


def test_the_message_in_full() -> None:
    # y = x W + b summed with weights 1: dL/dW[i, j] = x[0, i], and this one says 0 + 0.01 more.
    network = Network([IsWrongInOneNumber(1)], input_shape=(2,), dtype=np.float64)
    with pytest.raises(GradientError) as caught:
        check_gradients(network, np.array([[3.0, 0.5]]), np.zeros(1), plain_sum, rng=np.random.default_rng(0))
    assert str(caught.value) == (
        "layer 0, IsWrongInOneNumber(units=1, initializer='he'), W[1, 0]: expected 0.5 by finite "
        "differences, received 0.51 (relative error 2.0e-02)"
    )


def test_the_layer_at_fault_is_named_by_its_place() -> None:
    rng = np.random.default_rng(0)
    network = Network([Flatten(), Dense(4), Tanh(), ForgetsTheBias(3)], input_shape=(2, 2), rng=rng)
    with pytest.raises(GradientError, match=r"^layer 3, ForgetsTheBias\(.*\), b\[0\]:"):
        check_gradients(network, rng.normal(size=(5, 2, 2)), np.arange(5) % 3, softmax_cross_entropy, rng=rng)


def test_a_layer_inside_others_is_named_by_its_path() -> None:
    layer = Residual((Dense(4), Chain((Tanh(), ForgetsTheBias(4)))))
    with pytest.raises(GradientError, match=r"^layer 0/1/1, ForgetsTheBias\(.*\), b\[0\]:"):
        check(layer, (3, 4))
    names = [array.name for array in check(Residual((Dense(4), BatchNorm())), (5, 4)).arrays]
    assert names == [
        "the input x",
        "layer 0/0, Dense(units=4, initializer='he'), W",
        "layer 0/0, Dense(units=4, initializer='he'), b",
        "layer 0/1, BatchNorm(momentum=0.9, epsilon=1e-05), gamma",
        "layer 0/1, BatchNorm(momentum=0.9, epsilon=1e-05), beta",
    ]


def test_what_is_frozen_has_no_gradient_to_check() -> None:
    report = check(Chain((ForgetsTheBias(3, trainable=False), BatchNorm(trainable=False))))
    assert [array.name for array in report.arrays] == ["the input x"]


def test_tied_parameters_are_moved_together() -> None:
    rng = np.random.default_rng(0)
    layers = [Dense(3), Tanh(), Dense(3)]
    network = Network(layers, input_shape=(3,), rng=rng, tied={"2/W": "0/W"})
    report = check_gradients(network, rng.normal(size=(4, 3)), np.arange(4) % 3, softmax_cross_entropy, rng=rng)
    assert [array.name.rsplit(", ", 1)[-1] for array in report.arrays] == ["the input x", "W", "b", "b"]


def test_a_layer_that_gives_no_d_x() -> None:
    class Silent(Dense):
        def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
            super().backward(d_y, cache, params, grads, context)
            return None

    with pytest.raises(GradientError, match="the input x: backward returned no gradient"):
        check(Silent(2))


def test_without_training_a_forgotten_mask_makes_no_difference() -> None:
    rng = np.random.default_rng(0)
    check_layer(DropoutWithoutItsMask(0.5), rng.normal(size=(2, 3)), rng=rng, training=False)


# Large arrays


@pytest.mark.parametrize("seed", range(5))
def test_one_wrong_number_among_thousands_is_found(seed: int) -> None:
    with pytest.raises(GradientError, match=r"W, random direction 0: expected .* received"):
        check(IsWrongInOneNumber(60), (2, 50), seed)


def test_large_arrays_are_checked_along_directions_and_small_ones_number_by_number() -> None:
    report = check(Dense(3), (1, 67))
    counts = {array.name.rsplit(", ", 1)[-1]: array.numbers for array in report.arrays}
    assert counts == {"the input x": 67, "W": 3, "b": 3}
    assert check(Dense(2), (1, 100)).arrays[1].numbers == 200  # as many as are still "small"


def test_what_counts_as_large_can_be_set() -> None:
    rng = np.random.default_rng(0)
    network = Network([Dense(2)], input_shape=(3,), rng=rng)
    x, targets = rng.normal(size=(2, 3)), rng.normal(size=(2, 2))
    few = check_gradients(network, x, targets, mean_squared_error, rng=rng, largest=2)
    assert [array.numbers for array in few.arrays] == [3, 3, 2]


def test_the_tolerance_can_be_set() -> None:
    rng = np.random.default_rng(0)
    network = Network([IsSlightlyOff(3)], input_shape=(3,), rng=rng)
    x, targets = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    report = check_gradients(network, x, targets, mean_squared_error, rng=rng, tolerance=1e-4)
    assert 9e-6 < report.error < 1.1e-5


# Kinks


def kinky(layer: Layer) -> GradientReport:
    x = np.array([[1.0, 0.0, -2.0], [0.5, -1.0, 3.0]])
    return check_layer(layer, x, rng=np.random.default_rng(0))


def test_a_kink_is_reported_and_is_no_failure() -> None:
    report = kinky(ReLU())
    assert report.arrays[0].kinks == ("[0, 1]",)
    assert report.arrays[0].numbers == 5
    first, second = str(report).splitlines()
    assert first.startswith("the input x (2, 3): 5 compared, max relative error ")
    assert second == "  1 at a kink: [0, 1]"


def test_any_slope_between_left_and_right_may_be_chosen_at_a_kink() -> None:
    assert kinky(ReLUWithAGentleSlopeAtZero()).arrays[0].kinks == ("[0, 1]",)


def test_a_slope_outside_left_and_right_is_wrong_even_at_a_kink() -> None:
    with pytest.raises(GradientError) as caught:
        kinky(ReLUWithASlopeAtZero())
    message = str(caught.value)
    assert message.startswith("the input x[0, 1]: at a kink, expected between ")
    assert "received" in message


def test_an_example_of_zeros_in_a_fresh_network_is_no_failure() -> None:
    # With biases at zero every unit of it stands on its kink, and one number moves them all.
    rng = np.random.default_rng(0)
    x = np.vstack([np.zeros((1, 4)), rng.normal(size=(7, 4))])
    layers = [Dense(10), LeakyReLU(), Dense(5), LeakyReLU(), Dense(1)]
    for seed in range(5):
        network = Network(layers, input_shape=(4,), rng=np.random.default_rng(seed))
        check_gradients(network, x, np.arange(8) % 2, binary_cross_entropy, rng=rng)


def test_a_point_nearby_is_near() -> None:
    """The biases of the last layer, 50, stay what they are but for some thousandths."""
    outputs: list[Array] = []

    def watched(output: Array, targets: Array) -> tuple[float, Array]:
        outputs.append(output.copy())
        return mean_squared_error(output, targets)

    rng = np.random.default_rng(0)
    x = np.vstack([np.zeros((1, 4)), 0.1 * rng.normal(size=(3, 4))])
    network = Network([Dense(10), LeakyReLU(), Dense(5), LeakyReLU(), Dense(1)], input_shape=(4,), rng=rng)
    network.params["4/b"][...] = 50.0
    assert check_gradients(network, x, np.zeros((4, 1)), watched, rng=rng).nearby
    np.testing.assert_allclose(outputs, 50.0, atol=1.0)


# Losses


def test_a_loss_that_divides_twice_is_found() -> None:
    def twice(logits: Array, labels: npt.NDArray[Any]) -> tuple[float, Array]:
        value, d_logits = binary_cross_entropy(logits, labels)
        return value, d_logits / len(labels)

    rng = np.random.default_rng(0)
    with pytest.raises(GradientError, match=r"^logits\[0, 0\]: expected"):
        check_loss(twice, rng.normal(size=(3, 1)), np.array([0, 1, 1]), rng=rng)


def test_a_loss_without_its_minus_sign_is_found() -> None:
    def upside_down(predictions: Array, targets: npt.NDArray[Any]) -> tuple[float, Array]:
        value, d_predictions = mean_squared_error(predictions, targets)
        return -value, d_predictions

    rng = np.random.default_rng(0)
    with pytest.raises(GradientError, match="logits"):
        check_loss(upside_down, rng.normal(size=(3, 2)), np.zeros((3, 2)), rng=rng)


def test_saturated_units_in_a_large_sum_are_no_failure() -> None:
    # Slopes near 1e-9 beside a sum of hundreds: what is left is rounding, not an error.
    for seed in range(20):
        rng = np.random.default_rng(seed)
        check_layer(Sigmoid(), rng.normal(scale=50, size=(40, 5)), rng=rng)


# What it leaves alone, and what it draws


def test_the_network_and_the_data_are_left_as_they_were() -> None:
    rng = np.random.default_rng(0)
    network = Network([Dense(3), ReLU(), Dropout(0.5), Dense(2)], input_shape=(4,), rng=rng)
    parameters = network.vector.copy()
    x, labels = rng.normal(size=(5, 4)), np.arange(5) % 2
    kept_x, kept_labels = x.copy(), labels.copy()
    x.flags.writeable = labels.flags.writeable = False
    check_gradients(network, x, labels, softmax_cross_entropy, rng=rng)
    check_loss(softmax_cross_entropy, x, labels, rng=rng)
    np.testing.assert_array_equal(network.vector, parameters)
    np.testing.assert_array_equal(x, kept_x)
    np.testing.assert_array_equal(labels, kept_labels)


def test_noise_is_the_same_in_every_evaluation() -> None:
    rng = np.random.default_rng(0)
    network = Network([Dense(20), Dropout(0.5), Tanh(), Dense(1)], input_shape=(3,), rng=rng)
    report = check_gradients(network, rng.normal(size=(6, 3)), np.arange(6) % 2, binary_cross_entropy, rng=rng)
    assert report.error <= 1e-6


def test_noise_comes_from_the_generator_that_was_handed_in() -> None:
    network = Network([Dropout(0.5)], input_shape=(10,), dtype=np.float64)

    def seen(seed: int) -> Array:
        outputs: list[Array] = []

        def loss(y: Array, targets: npt.NDArray[Any]) -> tuple[float, Array]:
            outputs.append(y.copy())
            return plain_sum(y, targets)

        rng = np.random.default_rng(seed)
        check_gradients(network, np.ones((3, 10)), np.zeros(3), loss, rng=rng)
        return outputs[0]

    np.testing.assert_array_equal(seen(0), seen(0))
    assert not np.array_equal(seen(0), seen(1))


def test_the_report_has_a_line_for_each_array_and_the_worst_of_all() -> None:
    report = check(Dense(3))
    assert len(str(report).splitlines()) == 3
    assert report.error == max(array.error for array in report.arrays)
    assert [array.shape for array in report.arrays] == [(2, 3), (3, 3), (3,)]
    assert [array.numbers for array in report.arrays] == [6, 9, 3]
