"""The shapes that `cnn-sign shapes` lists are those of a real pass."""

import math

import numpy as np
import pytest
from photos import pixels
from small_models import network_of

from cnn_sign_digits.inspect.layer_info import answers
from cnn_sign_digits.shapes import shapes_of, shapes_table


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_they_are_the_shapes_of_a_step_of_training(preset):
    network = network_of(preset)
    found = shapes_of(network)["layers"]
    contexts = network.contexts(training=True, rng=np.random.default_rng(0))
    outputs, caches = answers(network, pixels(3), contexts)
    assert [layer["forward"]["y"] for layer in found] == [y.shape[1:] for y in outputs]
    d = outputs[-1]
    for i in reversed(range(len(network.layers))):
        backward = found[i]["backward"]
        if d is None:
            assert (backward["d_y"], backward["d_x"], backward["gradients"]) == (None, None, {})
            continue
        assert backward["d_y"] == d.shape[1:]
        views = network.parameter_views[i], network.gradient_views[i]
        d = network.layers[i].backward(d, caches[i], *views, contexts[i])
        assert backward["d_x"] == (None if d is None else d.shape[1:])
        for name, shape in backward["gradients"].items():
            assert network.gradient_views[i][name].shape == shape
    gradients = [shape for layer in found for shape in layer["backward"]["gradients"].values()]
    assert sum(map(math.prod, gradients)) == network.trained_count


def test_the_classic_network_by_hand():
    # Weights 5*5*3*8 + 8 = 608, 5*5*8*16 + 16 = 3,216, 2*2*16*10 + 10 = 650: 4,474 of 4 bytes.
    # A multiply-add for each weight and place: 64*64 * 600, 8*8 * 3,200, 640; one for each
    # number of the first layer, 64*64*3.
    lines = shapes_table(shapes_of(network_of("classic"))).splitlines()
    cells = [line.split("  ") for line in lines]
    table = [[cell.strip() for cell in row if cell.strip()] for row in cells]
    assert table[1] == ["InstanceNorm", "Nx64x64x3 -> Nx64x64x3", "- -> -", "0", "0", "12,288"]
    assert table[2] == [
        "Conv2D 5x5, 8",
        "Nx64x64x3 -> Nx64x64x8",
        "Nx64x64x8 -> -",
        "W 5x5x3x8, b 8",
        "608",
        "2,432",
        "2,457,600",
    ]
    assert table[5] == [
        "Conv2D 5x5, 16",
        "Nx8x8x8 -> Nx8x8x16",
        "Nx8x8x16 -> Nx8x8x8",
        "W 5x5x8x16, b 16",
        "3,216",
        "12,864",
        "204,800",
    ]
    assert table[-1] == ["total", "4,474", "17,896", "2,675,328"]


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_the_table_fits_on_a_screen(preset):
    assert max(map(len, shapes_table(shapes_of(network_of(preset))).splitlines())) <= 122
