"""The reference: a network worked out by hand, gradients by differences, parts of a batch."""

from typing import Any

import numpy as np
import numpy.typing as npt
import oracles
import pytest
from networks import CASES
from oracles import assert_close
from test_network import DEEP, build

from nn_core.gradient_check import check_gradients
from nn_core.layers import Dense, Dropout, ReLU
from nn_core.losses import LOSSES, binary_cross_entropy, mean_squared_error, softmax_cross_entropy
from nn_core.losses import loss as loss_named
from nn_core.network import Network
from nn_core.reference import PREDICT_ROWS, Reference


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_2_2_1_network_by_hand(dtype: npt.DTypeLike) -> None:
    network = Network([Dense(2), ReLU(), Dense(1)], input_shape=(2,), dtype=dtype)
    network.params["0/W"][...] = [[1.0, -1.0], [0.5, 0.25]]
    network.params["0/b"][...] = [0.5, -0.5]
    network.params["2/W"][...] = [[2], [-1]]
    network.params["2/b"][...] = [-4]
    x = np.array([[1, 2], [-1, 4]], dtype)
    targets = np.array([[2], [-1]], dtype)

    # Forward, one line an example:
    #   z = (1*1 + 2*0.5 + 0.5, 1*-1 + 2*0.25 - 0.5) = (2.5, -1.0)    h = (2.5, 0.0)
    #   z = (-1*1 + 4*0.5 + 0.5, -1*-1 + 4*0.25 - 0.5) = (1.5, 1.5)   h = (1.5, 1.5)
    #   y = 2.5*2 - 0.0*1 - 4 = 1.0 and 1.5*2 - 1.5*1 - 4 = -2.5
    np.testing.assert_array_equal(Reference(network).predict(x)[0], [[1], [-2.5]])
    # Loss: y - t = -1.0 and -1.5, so L = (1 + 2.25) / 2 and d_y = 2 (y - t) / 2.
    result = Reference(network).loss_and_gradients(x, targets, mean_squared_error)
    assert result.loss == 1.625
    # Output: d_W = h^T d_y = (2.5*-1 + 1.5*-1.5, 0*-1 + 1.5*-1.5), d_b = -1 - 1.5.
    # d_h = d_y W^T = (-2, 1) and (-3, 1.5); the second unit is silent in the first example:
    # d_z = (-2, 0) and (-3, 1.5).
    # Hidden: d_W = x^T d_z = ((1*-2 - 1*-3, -1*1.5), (2*-2 + 4*-3, 4*1.5)), d_b = d_z summed.
    # In the vector weights come first, then biases, layer after layer.
    np.testing.assert_array_equal(network.vector, [1, -1, 0.5, 0.25, 2, -1, 0.5, -0.5, -4])
    np.testing.assert_array_equal(result.gradients, [1, -1.5, -16, 6, -4.75, -2.25, -5, 1.5, -2.5])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("examples", [1, 5])
def test_every_gradient_of_a_deep_network(loss: str, training: bool, examples: int) -> None:
    rng = np.random.default_rng(9)
    outputs = 1 if loss == "binary-cross-entropy" else 2
    network = build([*DEEP[:-1], Dense(outputs)], (2, 3))
    network.vector += rng.normal(scale=0.1, size=network.vector.size)  # off the kinks at 0
    targets: Any = np.arange(examples) % 2
    if loss == "mean-squared-error":
        targets = rng.normal(size=(examples, outputs))
    x = rng.normal(size=(examples, 2, 3))
    report = check_gradients(network, x, targets, loss_named(loss), rng=rng, training=training)
    assert report.error <= 1e-6
    assert len(report.arrays) == 1 + 2 * 6


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_gradient_by_independent_differences(case: Any) -> None:
    network = case.network()
    trained = network.vector[: network.trained_count]
    reference = Reference(network)
    gradients = case.run(reference, 4).gradients[: network.trained_count]
    rng = np.random.default_rng(0)
    for index in rng.choice(trained.size, size=min(25, trained.size), replace=False):
        one = trained[index : index + 1]
        expected = oracles.finite_differences(lambda: case.run(reference, 4).loss, one)
        assert_close(gradients[index : index + 1], expected)
    assert not case.run(reference, 4).gradients[network.statistics_end :].any()


def test_a_batch_without_targets_has_no_loss_and_no_gradient() -> None:
    case = CASES["padded sequences"]
    network = case.network()
    x, y = case.batch(np.random.default_rng(0), 3)
    result = Reference(network).loss_and_gradients(x, np.full_like(y, -1), case.loss)
    assert result.loss == 0.0
    assert not result.gradients.any()


def test_the_gradients_are_new_and_the_weights_untouched() -> None:
    network = build(DEEP, (2, 3))
    weights = network.vector.copy()
    x, labels = np.random.default_rng(0).normal(size=(4, 2, 3)), np.array([0, 1, 1, 0])
    first = Reference(network).loss_and_gradients(x, labels, softmax_cross_entropy, seed=(1, 2))
    again = Reference(network).loss_and_gradients(x, labels, softmax_cross_entropy, seed=(1, 2))
    other = Reference(network).loss_and_gradients(x, labels, softmax_cross_entropy, seed=(1, 3))
    np.testing.assert_array_equal(first.gradients, again.gradients)
    assert not np.shares_memory(first.gradients, again.gradients)
    assert other.loss != first.loss
    np.testing.assert_array_equal(network.vector, weights)


@pytest.mark.parametrize("count", [0, 1, PREDICT_ROWS, PREDICT_ROWS + 1])
def test_predictions_in_parts_are_one_forward_pass(count: int) -> None:
    network = build(DEEP, (2, 3))
    x = np.random.default_rng(2).normal(size=(count, 2, 3))
    output, _ = Reference(network).predict(x)
    assert output.shape == (count, 2)
    np.testing.assert_allclose(output, network.activations(x)[-1], rtol=1e-12)


def test_predictions_are_without_noise() -> None:
    x = np.ones((3, 50))
    network = build([Dropout(0.9)], (50,))
    np.testing.assert_array_equal(Reference(network).predict(x)[0], x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, 90.0, 88.0])
def test_logits_far_out_give_finite_losses_and_gradients(size: float, dtype: npt.DTypeLike) -> None:
    network = Network([Dense(1)], input_shape=(1,), dtype=dtype)
    network.params["0/W"][...] = size
    x, labels = np.array([[1], [-1], [1], [-1]], dtype), np.array([1, 0, 0, 1])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        result = Reference(network).loss_and_gradients(x, labels, binary_cross_entropy)
    # Two of four are wrong by `size`; p - y is 0, 0, 1, -1 and x turns the last: (1 + 1) / 4.
    assert result.loss == pytest.approx(size / 2, rel=1e-6)
    np.testing.assert_allclose(result.gradients, [0.5, 0], rtol=1e-6, atol=1e-7)
