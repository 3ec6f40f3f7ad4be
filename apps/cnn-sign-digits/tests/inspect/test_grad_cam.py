"""Grad-CAM: its gradient by finite differences, its heat map where the evidence is known."""

import numpy as np
import pytest
from photos import pixels
from small_models import network_of

from cnn_sign_digits.inspect.grad_cam import center_of_mass, grad_cam, maps_and_gradient, target_layer
from nn_core.arrays import Array
from nn_core.errors import DataError
from nn_core.finite_differences import check_function
from nn_core.layers import Conv2D, Dense, Flatten, GlobalAveragePool2D, ReLU
from nn_core.network import Network


def logits_above(network: Network, last: int, maps: Array) -> Array:
    """The logits for the output of layer `last`."""
    for i in range(last + 1, len(network)):
        maps = network[i](maps)
    return maps


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_the_gradient_is_that_of_the_layers_above_by_finite_differences(preset: str) -> None:
    network, label = network_of(preset, np.float64), 7
    maps, d_maps = maps_and_gradient(network, pixels(1), label)
    maps, d_maps = maps[None].copy(), d_maps[None].copy()
    target = target_layer(network)
    report = check_function(
        lambda: float(logits_above(network, target, maps)[0, label]),
        {"maps": maps},
        {"maps": d_maps},
        rng=np.random.default_rng(0),
        largest=2000,
    )
    assert report.error < 1e-6
    assert np.abs(d_maps).max() > 1e-3


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_the_heat_map_is_the_published_formula(preset: str) -> None:
    network, x, label = network_of(preset, np.float64), pixels(1), 2
    heat = grad_cam(network, x, label)
    maps, d_maps = maps_and_gradient(network, x, label)
    h, w, K = maps.shape
    assert heat.shape == (h, w)
    alpha = [sum(d_maps[i, j, k] for i in range(h) for j in range(w)) / (h * w) for k in range(K)]
    expected = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            expected[i, j] = max(0.0, sum(alpha[k] * maps[i, j, k] for k in range(K)))
    np.testing.assert_allclose(heat, expected / expected.max(), rtol=1e-9, atol=1e-12)
    assert heat.max() == 1


def test_the_target_is_the_last_activation_before_the_pool() -> None:
    classic, accurate = network_of("classic"), network_of("accurate")
    assert target_layer(classic) == 5
    assert isinstance(classic.layers[5], ReLU)
    assert isinstance(accurate.layers[target_layer(accurate)], ReLU)
    assert isinstance(accurate.layers[target_layer(accurate) + 1], GlobalAveragePool2D)


def test_the_network_is_left_as_it_was() -> None:
    network = network_of("accurate")
    before = network.vector.copy()
    grad_cam(network, pixels(1), 0)
    np.testing.assert_array_equal(network.vector, before)


def test_evidence_in_a_corner_is_found_there_and_not_for_the_other_class() -> None:
    # One feature map: the mean of red, green and blue. Class 0 is bright, class 1 dark.
    layers = [Conv2D(1, 1), ReLU(), GlobalAveragePool2D(), Dense(2)]
    network = Network(layers, input_shape=(16, 16, 3), dtype=np.float64)
    network.params["0/W"][...] = 1 / 3
    network.params["3/W"][...] = [[1.0, -1.0]]
    x = np.zeros((1, 16, 16, 3), np.uint8)
    x[0, 2:5, 11:14] = 200
    heat = grad_cam(network, x, 0)
    expected = np.zeros((16, 16))
    expected[2:5, 11:14] = 1
    np.testing.assert_allclose(heat, expected)
    assert center_of_mass(heat, (64, 64)) == pytest.approx((4 * 3.5, 4 * 12.5))
    against = grad_cam(network, x, 1)
    assert (against == 0).all()
    assert center_of_mass(against, (64, 64)) is None


def test_the_center_of_mass_of_a_constant_map_is_the_middle() -> None:
    assert center_of_mass(np.ones((8, 8)), (64, 64)) == pytest.approx((32, 32))
    assert center_of_mass(np.ones((3, 5)), (64, 32)) == pytest.approx((32, 16))


def test_a_network_without_convolutions_is_refused() -> None:
    network = Network([Flatten(), Dense(2)], input_shape=(4, 4, 3))
    with pytest.raises(DataError, match="no convolution"):
        grad_cam(network, pixels(1, 4, 4, 3), 0)
