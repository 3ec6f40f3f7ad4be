"""Names, shapes, costs and outputs of the layers of a network."""

import math

import pytest
from photos import pixels
from small_models import network_of

from cnn_sign_digits.inspect.layer_info import (
    convolutions,
    feature_map_layers,
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
    Context,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    ReLU,
)
from nn_core.layers.chain import below
from nn_core.network import Network


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (Conv2D(8, 5, padding="same"), "Conv2D 5x5, 8"),
        (Conv2D(16, (3, 5), strides=2), "Conv2D 3x5 / 2, 16"),
        (MaxPool2D(8), "MaxPool2D 8x8"),
        (AveragePool2D(3, strides=2), "AveragePool2D 3x3 / 2"),
        (Dense(10), "Dense 10"),
        (Dropout(0.2), "Dropout 0.2"),
        (GlobalAveragePool2D(), "GlobalAverage"),
        (BatchNorm(), "BatchNorm"),
    ],
)
def test_short_names(layer: Layer, name: str) -> None:
    assert short_name(layer) == name


def test_convolutions_and_feature_map_layers_of_the_classic_network() -> None:
    network = network_of("classic")
    assert [short_name(network.layers[i]) for i in convolutions(network)] == ["Conv2D 5x5, 8", "Conv2D 5x5, 16"]
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
def test_the_shapes_are_those_of_a_training_step(preset: str) -> None:
    network = network_of(preset)
    found = layer_shapes(network)["layers"]
    contexts = list(network.chain.contexts(network.params, Context(needs_d_x=False)))
    _, grads = network.new_gradients()
    y: Array = network.validate_input(pixels(3))
    caches = []
    for i, context in enumerate(contexts):
        assert found[i]["forward"]["x"] == y.shape[1:]
        y, cache = network.layers[i].forward(y, below(network.params, i), context)
        assert found[i]["forward"]["y"] == y.shape[1:]
        caches.append(cache)
    d: Array | None = y
    for i in reversed(range(len(network))):
        backward = found[i]["backward"]
        if d is None:
            assert (backward["d_y"], backward["d_x"], backward["gradients"]) == (None, None, {})
            continue
        assert backward["d_y"] == d.shape[1:]
        views = below(network.params, i), below(grads, i)
        d = network.layers[i].backward(d, caches[i], *views, contexts[i])
        assert backward["d_x"] == (None if d is None else d.shape[1:])
        for name, shape in backward["gradients"].items():
            assert grads[f"{i}/{name}"].shape == shape
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
