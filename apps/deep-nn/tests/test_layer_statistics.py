"""Activations and gradients by layer, against numbers worked out by hand."""

import itertools
import math

import numpy as np
import pytest

from deep_nn.layer_statistics import (
    BINS,
    activation_bins,
    counts,
    fitting_initializer,
    gradient_bins,
    is_flat_at_both_ends,
    magnitude_counts,
    measure,
    steepest,
)
from nn_core.layers import ACTIVATIONS, Dense, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.losses import binary_cross_entropy, mean_squared_error
from nn_core.network import Network


def test_two_hidden_layers_by_loops() -> None:
    """a1 = tanh(w1 x), a2 = tanh(w2 a1), output = w3 a2, with one unit each; L = (output - y)^2."""
    w1, w2, w3 = 0.5, 2.0, -1.5
    network = Network([Dense(1), Tanh(), Dense(1), Tanh(), Dense(1)], input_shape=1, dtype=np.float64, initialize=False)
    for k, w in ((0, w1), (2, w2), (4, w3)):
        network.params[f"{k}/W"][...] = w
    xs, ys = [0.2, -1.0, 3.0], [1.0, 0.0, -2.0]

    a1, a2, d1, d2, d_w2 = [], [], [], [], 0.0
    for x, y in zip(xs, ys, strict=True):
        a1.append(math.tanh(w1 * x))
        a2.append(math.tanh(w2 * a1[-1]))
        d_output = 2 * (w3 * a2[-1] - y)
        d2.append(d_output * w3 * (1 - a2[-1] ** 2))
        d1.append(d2[-1] * w2 * (1 - a1[-1] ** 2))
        d_w2 += d2[-1] * a1[-1] / 3

    found = measure("by hand", network, np.array([xs]).T, np.array([ys]).T, mean_squared_error)
    first, second = found.layers
    assert (first.number, second.number) == (1, 2)
    for layer, a, d in ((first, a1, d1), (second, a2, d2)):
        np.testing.assert_allclose(layer.activations[:, 0], a, rtol=1e-12)
        np.testing.assert_allclose(layer.gradients[:, 0], d, rtol=1e-12)
    assert second.weight_gradient == pytest.approx(abs(d_w2), rel=1e-12)
    mean = sum(a2) / 3
    shown = second.to_dict(np.linspace(-1, 1, 3), np.array([1e-3, 1, 1e3]))
    assert shown["activations"]["std"] == pytest.approx(math.sqrt(sum((a - mean) ** 2 for a in a2) / 3))
    assert shown["activations"]["counts"] == [sum(a < 0 for a in a2), sum(a >= 0 for a in a2)]
    assert shown["gradients"]["counts"] == [sum(abs(d) < 1 for d in d2), sum(abs(d) >= 1 for d in d2)]


def test_a_deep_sigmoid_network_loses_at_least_three_quarters_of_the_gradient_in_each_layer() -> None:
    """With orthogonal weights, |dL/dz| shrinks by f'(z), which is at most 1/4."""
    layers = [layer for _ in range(6) for layer in (Dense(8, initializer="orthogonal"), Sigmoid())]
    network = Network([*layers, Dense(1)], input_shape=8, seed=0, dtype=np.float64)
    rng = np.random.default_rng(0)
    found = measure("", network, rng.normal(size=(20, 8)), rng.integers(2, size=20), binary_cross_entropy)
    sizes = [np.linalg.norm(layer.gradients) for layer in found.layers]
    assert all(size <= later / 4 for size, later in itertools.pairwise(sizes))


def test_saturated_and_dead_units() -> None:
    """tanh is saturated where 1 - y^2 < 0.02, which is |x| > 2.65; a ReLU unit is dead if no example passes."""
    x, y = np.array([[3.0, 1.0], [-3.0, -1.0], [2.6, -2.0], [0.0, -0.5]]), np.zeros((4, 1))
    identity = Network([Dense(2), Tanh(), Dense(1)], input_shape=2, dtype=np.float64, initialize=False)
    identity.params["0/W"][...] = np.eye(2)
    assert measure("", identity, x, y, mean_squared_error).layers[0].saturated == 2 / 8

    halved = Network([Dense(2), ReLU(), Dense(1)], input_shape=2, dtype=np.float64, initialize=False)
    halved.params["0/W"][...] = np.eye(2)
    halved.params["0/b"][1] = -1.0
    layer = measure("", halved, x, y, mean_squared_error).layers[0]
    assert layer.saturated is None
    assert layer.dead_units == 1 / 2

    halved.params["0/W"][...] = np.eye(2)[[0, 0]]
    halved.params["0/b"][...] = 0.0
    x = np.array([[1.0, 0.0], [-1.0, 0.0], [-2.0, 0.0]])
    assert measure("", halved, x, y[:3], mean_squared_error).layers[0].dead_units == 1 / 2

    steep = Network([Dense(2), Sigmoid(), Dense(1)], input_shape=2, dtype=np.float64, initialize=False)
    steep.params["0/W"][...] = np.eye(2)
    # y (1 - y) < 0.02 / 4, a fiftieth of the steepest slope, is |x| > 5.29
    x = np.array([[5.2, -5.4], [5.4, 0.0], [4.5, -4.5]])
    assert measure("", steep, x, y[:3], mean_squared_error).layers[0].saturated == 2 / 6


def test_which_functions_are_flat_at_both_ends() -> None:
    flat = {
        name for name in ("sigmoid", "tanh", "relu", "leaky-relu", "gelu") if is_flat_at_both_ends(ACTIVATIONS[name]())
    }
    assert flat == {"sigmoid", "tanh"}
    assert [fitting_initializer(function) for function in (Sigmoid(), Tanh(), ReLU())] == ["xavier", "xavier", "he"]
    assert steepest(Sigmoid()) == pytest.approx(1 / 4)
    assert steepest(LeakyReLU()) == 1


def test_bins_and_counts() -> None:
    rng = np.random.default_rng(0)
    network = Network([Dense(4), Tanh(), Dense(1)], input_shape=2, seed=0, dtype=np.float64)
    found = [measure("", network, rng.normal(size=(9, 2)), rng.integers(2, size=9), binary_cross_entropy)]
    bins = activation_bins(Tanh(), found, 1.0)
    assert len(bins) == BINS + 1
    np.testing.assert_allclose(bins, -bins[::-1], atol=1e-12)
    assert bins[BINS // 2] < 0 < bins[BINS // 2 + 1]
    lowest = found[0].layers[0].activations.min()
    assert activation_bins(LeakyReLU(), found, 1.0)[[0, -1]].tolist() == [lowest, 3.0]
    assert activation_bins(LeakyReLU(), found, 0.1)[[0, -1]] == pytest.approx([-0.3, 0.3])
    values = np.array([-5.0, -0.5, 0.5, 0.7, np.inf])
    assert counts(values, np.array([-1.0, 0.0, 1.0])).tolist() == [2, 3]
    assert magnitude_counts(np.array([0.0, 1e-9, -0.5, 2.0]), np.array([0.1, 1.0, 10.0])).tolist() == [1, 1]
    decades = np.log10(gradient_bins(found)[[0, -1]])
    np.testing.assert_allclose(decades, decades.round())


def test_gradients_that_are_all_zero_have_bins_too() -> None:
    network = Network([Dense(2, initializer="zeros"), Tanh(), Dense(1, initializer="zeros")], input_shape=2, seed=0)
    found = [measure("zeros", network, np.ones((3, 2)), np.array([0, 1, 1]), binary_cross_entropy)]
    bins = gradient_bins(found)
    assert magnitude_counts(found[0].layers[0].gradients, bins).sum() == 0
