"""Receptive fields against perturbed pixels, and the patches that excite a filter most."""

import numpy as np
import pytest
from photos import pixels, rng
from small_models import network_of

from cnn_sign_digits.inspect.layer_info import feature_map_layers
from cnn_sign_digits.inspect.receptive_field import receptive_field
from cnn_sign_digits.inspect.top_patches import crop, top_patches
from nn_core.layers import AveragePool2D, Conv2D, MaxPool2D, ReLU
from nn_core.network import Network

CHAINS = (
    [Conv2D(2, 3), ReLU(), MaxPool2D(2), Conv2D(2, (3, 2), strides=(2, 1))],
    [Conv2D(1, 5, strides=2, padding="same"), MaxPool2D(2), Conv2D(1, 3, padding="same"), MaxPool2D(2)],
    [AveragePool2D(3, strides=2, padding=1), Conv2D(1, 3, dilation=2, padding=(1, 2)), ReLU()],
)


@pytest.mark.parametrize("layers", CHAINS, ids=range(len(CHAINS)))
def test_it_is_the_pixels_that_change_the_output(layers: list[Conv2D]) -> None:
    """With positive weights, every pixel that is made large raises all that it can reach."""
    network = Network(layers, input_shape=(19, 17, 1), seed=0, dtype=np.float64)
    network.vector[...] = 0.1 + np.abs(network.vector)
    last = len(layers) - 1
    rows, columns = network.shapes[-1][:2]
    x = np.zeros((19 * 17, 19, 17, 1))
    x.reshape(19 * 17, -1)[np.diag_indices(19 * 17)] = 1e6
    y, y0 = network(x)[..., 0], network(np.zeros((1, 19, 17, 1)))[0, :, :, 0]
    field = receptive_field(network, last)
    for position in np.ndindex(rows or 0, columns or 0):
        changed = (y[(slice(None), *position)] != y0[position]).reshape(19, 17)
        window = [range(max(part.start, 0), part.stop) for part in field.window((position[0], position[1]))]
        expected = np.zeros((19, 17), bool)
        expected[window[0].start : window[0].stop, window[1].start : window[1].stop] = True
        assert not (changed & ~expected).any()
        if layers is not CHAINS[2]:  # a dilated kernel leaves gaps
            np.testing.assert_array_equal(changed, expected)


@pytest.mark.parametrize(
    ("preset", "sizes"), [("classic", [5, 12, 44, 68]), ("accurate", [5, 7, 15, 19, 35, 51, 59, 91])]
)
def test_the_presets_by_hand(preset: str, sizes: list[int]) -> None:
    network = network_of(preset)
    fields = [receptive_field(network, i) for i in feature_map_layers(network)]
    assert [field.size for field in fields] == [(size, size) for size in sizes]
    assert fields[0].start == ((-2, -2) if preset == "classic" else (-1, -1))


def test_a_window_that_leaves_the_photo() -> None:
    photo = pixels(1, 4, 4, 3)[0]
    part, outside = crop(photo, slice(-1, 2), slice(3, 6))
    assert outside.tolist() == [[True] * 3, [False, True, True], [False, True, True]]
    np.testing.assert_array_equal(part[1:, 0], photo[:2, 3])
    assert not part[outside].any()
    part, outside = crop(photo, slice(3, 6), slice(-2, 1))
    assert outside.tolist() == [[True, True, False], [True] * 3, [True] * 3]
    assert not part[outside].any()


@pytest.mark.parametrize(("preset", "layer"), [("classic", 2), ("accurate", 7)])
def test_the_patches_are_where_the_map_is_largest(preset: str, layer: int) -> None:
    network, x = network_of(preset), pixels(6, seed=3)
    found = top_patches(network, layer, 1, x, 4)
    maps = network.activations(x)[layer][..., 1]
    highest = maps.max(axis=(1, 2))
    assert [patch.photo for patch in found] == np.argsort(-highest)[:4].tolist()
    for patch in found:
        np.testing.assert_allclose(patch.value, highest[patch.photo], rtol=1e-4)
        np.testing.assert_allclose(maps[patch.photo][patch.position], highest[patch.photo], rtol=1e-4)
        field = receptive_field(network, layer)
        assert patch.pixels.shape == (*field.size, 3)
        inside = crop(x[patch.photo], *field.window(patch.position))[0]
        np.testing.assert_array_equal(patch.pixels, inside)


def test_a_patch_excites_the_filter_by_itself() -> None:
    """The first convolution sees nothing but the patch."""
    network = Network([Conv2D(3, 3), ReLU()], input_shape=(8, 11, 3), seed=1)
    x = rng(2).integers(0, 256, (5, 8, 11, 3), dtype=np.uint8).astype(np.float32)
    for patch in top_patches(network, 1, 2, x, 3):  # type: ignore[arg-type]
        W = network.params["0/W"][..., 2]
        np.testing.assert_allclose(patch.value, max(0.0, float((patch.pixels * W).sum())), rtol=1e-4)
