"""Names, shapes, costs and outputs of the layers of a network."""

import math

import numpy as np
import pytest
from photos import pixels
from small_models import network_of

from cnn_sign_digits.inspect.layer_info import (
    convolutions,
    feature_map_layers,
    layer_outputs,
    layer_shapes,
    pick,
    shapes_table,
    short_name,
)
from nn_core.arrays import Array
from nn_core.errors import DataError, SettingError
from nn_core.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    ReLU,
)
from nn_core.network import Network


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (Conv2D(8, 5, padding="same"), "Conv2D 5x5, 8"),
        (Conv2D(16, (3, 5), stride=2), "Conv2D 3x5 / 2, 16"),
        (MaxPool2D(8), "MaxPool2D 8x8"),
        (AveragePool2D(3, 2), "AveragePool2D 3x3 / 2"),
        (Dense(10), "Dense 10"),
        (Dropout(0.8), "Dropout 0.2"),
        (GlobalAveragePool2D(), "GlobalAverage"),
        (BatchNorm(), "BatchNorm"),
    ],
)
def test_short_names(layer: Layer, name: str) -> None:
    assert short_name(layer) == name


def test_convolutions_and_feature_map_layers_of_the_classic_network() -> None:
    network = network_of("classic")
    assert [short_name(network.layers[i]) for i in convolutions(network)] == [
        "Conv2D 5x5, 8",
        "Conv2D 5x5, 16",
    ]
    assert [short_name(network.layers[i]) for i in feature_map_layers(network)] == [
        "ReLU",
        "MaxPool2D 8x8",
        "ReLU",
        "MaxPool2D 4x4",
    ]


def test_an_activation_after_a_dense_layer_has_no_feature_maps() -> None:
    assert feature_map_layers(Network([Dense(3), ReLU()], input_shape=(4,))) == []


def test_pick_counts_from_one() -> None:
    assert pick([3, 7], 1, "convolution") == 3
    assert pick([3, 7], 2, "convolution") == 7
    with pytest.raises(SettingError, match="no convolution 3; choose from 1 to 2"):
        pick([3, 7], 3, "convolution")
    with pytest.raises(SettingError, match="no convolution 2; choose from 1"):
        pick([3], 2, "convolution")
    with pytest.raises(DataError, match="the network has no convolution"):
        pick([], 1, "convolution")


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_the_last_output_is_the_prediction(preset: str) -> None:
    network, x = network_of(preset), pixels(2)
    outputs, caches = layer_outputs(network, x)
    np.testing.assert_allclose(outputs[-1], network.predict(x), rtol=1e-4, atol=1e-4)
    assert [y.shape[1:] for y in outputs] == network.shapes[1:]
    assert len(caches) == len(network.layers)


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_the_shapes_are_those_of_a_training_step(preset: str) -> None:
    network = network_of(preset)
    found = layer_shapes(network)["layers"]
    contexts = network.contexts(training=True, rng=np.random.default_rng(0))
    outputs, caches = layer_outputs(network, pixels(3), contexts)
    assert [layer["forward"]["y"] for layer in found] == [y.shape[1:] for y in outputs]
    d: Array | None = outputs[-1]
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


def test_the_costs_of_the_classic_network_by_hand() -> None:
    # Weights 5*5*3*8 + 8 = 608, 5*5*8*16 + 16 = 3,216, 2*2*16*10 + 10 = 650: 4,474 of 4 bytes.
    # A multiply-add per weight and output position: 64*64 * 600, 8*8 * 3,200, 640; one per input of
    # the first layer, 64*64*3.
    lines = shapes_table(layer_shapes(network_of("classic"))).splitlines()
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
def test_the_table_fits_on_a_screen(preset: str) -> None:
    assert max(map(len, shapes_table(layer_shapes(network_of(preset))).splitlines())) <= 124
