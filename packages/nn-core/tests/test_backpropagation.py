"""What each layer computes in a forward and a backward pass, against loops and finite differences."""

import math

import numpy as np
import pytest

from nn_core.backpropagation import backpropagate
from nn_core.layers import Dense, Dropout, Embedding, LastStep, ReLU, SimpleRNN, Tanh
from nn_core.losses import binary_cross_entropy, mean_squared_error, softmax_cross_entropy
from nn_core.network import Network
from nn_core.reference import Reference


def test_two_layers_by_hand() -> None:
    """z = x w, a = relu(z), output = v . a, L = mean of (output - y)^2 over two examples."""
    network = Network([Dense(2), ReLU(), Dense(1)], input_shape=1, dtype=np.float64, initialize=False)
    network.params["0/W"][...] = [[2.0, -1.0]]
    network.params["2/W"][...] = [[3.0], [5.0]]
    x, y = np.array([[1.0], [-2.0]]), np.array([[4.0], [11.0]])

    found = backpropagate(network, x, y, mean_squared_error)

    # x = 1:  z = (2, -1), a = (2, 0), output 6, error 2, and d_output = 2 * error = 4
    # x = -2: z = (-4, 2), a = (0, 2), output 10, error -1, and d_output = -2
    assert found.outputs[0].tolist() == [[2, -1], [-4, 2]]
    assert found.outputs[1].tolist() == [[2, 0], [0, 2]]
    assert found.outputs[2].tolist() == [[6], [10]]
    assert found.loss == (2**2 + 1**2) / 2
    assert found.d_outputs[2].tolist() == [[4], [-2]]
    assert found.d_outputs[1].tolist() == [[12, 20], [-6, -10]]  # d_output times v
    assert found.d_outputs[0].tolist() == [[12, 0], [0, -10]]  # zero where z < 0
    # d_w = mean of x d_z: (1 * 12 + -2 * 0) / 2 and (1 * 0 + -2 * -10) / 2
    assert found.gradients["0/W"].tolist() == [[6, 10]]
    assert found.gradients["2/W"].tolist() == [[(2 * 4 + 0) / 2], [(0 + 2 * -2) / 2]]


def test_each_layers_gradient_matches_finite_differences() -> None:
    rng = np.random.default_rng(0)
    network = Network([Dense(4), Tanh(), Dense(3), Tanh(), Dense(3)], input_shape=2, rng=rng, dtype=np.float64)
    x, y = rng.normal(size=(5, 2)), rng.integers(3, size=5)
    found = backpropagate(network, x, y, softmax_cross_entropy)

    def rest(k: int, output: np.ndarray) -> float:
        """The total loss if layer k puts out something else."""
        for i in range(k + 1, len(network)):
            output = network[i](output)
        return softmax_cross_entropy.total(output, y)[0]

    h = 1e-6
    for k, output in enumerate(found.outputs):
        for at in ((0, 0), (4, 2)):
            above, below = output.copy(), output.copy()
            above[at] += h
            below[at] -= h
            assert found.d_outputs[k][at] == pytest.approx((rest(k, above) - rest(k, below)) / (2 * h), rel=1e-5)


def test_loss_and_gradients_are_those_of_a_training_step() -> None:
    rng = np.random.default_rng(1)
    network = Network([Dense(4), Tanh(), Dense(1)], input_shape=2, rng=rng, dtype=np.float64)
    x, y = rng.normal(size=(7, 2)), rng.integers(2, size=7)
    found = backpropagate(network, x, y, binary_cross_entropy)
    expected = Reference(network).loss_and_gradients(x, y, binary_cross_entropy)
    assert found.loss == pytest.approx(expected.loss, rel=1e-12)
    for name, gradient in network.named(expected.gradients).items():
        np.testing.assert_allclose(found.gradients[name], gradient, rtol=1e-10, atol=1e-15)


def test_steps_of_padding_add_nothing() -> None:
    rng = np.random.default_rng(2)
    layers = [Embedding(5, 3), SimpleRNN(4), LastStep(), Dense(2)]
    network = Network(layers, input_shape=(None,), rng=rng, dtype=np.float64, padding=0)
    y = np.array([0, 1])
    padded = backpropagate(network, np.array([[1, 2, 0, 0], [3, 4, 0, 0]]), y, softmax_cross_entropy)
    expected = backpropagate(network, np.array([[1, 2], [3, 4]]), y, softmax_cross_entropy)
    assert padded.loss == pytest.approx(expected.loss, rel=1e-12)
    for name, gradient in expected.gradients.items():
        np.testing.assert_allclose(padded.gradients[name], gradient, rtol=1e-10, atol=1e-15)


def test_frozen_layers_and_dropout_pass_everything_on() -> None:
    network = Network([Dense(4), Dropout(0.5), Dense(1)], input_shape=2, seed=0).freeze(0)
    found = backpropagate(network, np.ones((3, 2)), np.array([0, 1, 1]), binary_cross_entropy)
    assert np.array_equal(found.outputs[1], found.outputs[0])
    assert np.array_equal(found.d_outputs[1], found.d_outputs[0])
    assert set(found.gradients) == {"2/W", "2/b"}
    assert math.isfinite(found.loss)
