"""A network taken apart: names, stages and answers of its layers."""

import numpy as np
import pytest
from photos import pixels
from small_models import network_of

from cnn_sign_digits.inspect.layer_info import answers, brief, convolutions, pick, stages
from nn_core.errors import DataError, SettingError
from nn_core.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePool2D,
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
        (Dropout(0.8), "Dropout 0.8"),
        (GlobalAveragePool2D(), "GlobalAverage"),
        (BatchNorm(), "BatchNorm"),
    ],
)
def test_a_layer_in_few_words(layer, name):
    assert brief(layer) == name


def test_convolutions_and_stages_of_the_classic_network():
    network = network_of("classic")
    assert [brief(network.layers[i]) for i in convolutions(network)] == [
        "Conv2D 5x5, 8",
        "Conv2D 5x5, 16",
    ]
    assert [brief(network.layers[i]) for i in stages(network)] == [
        "ReLU",
        "MaxPool2D 8x8",
        "ReLU",
        "MaxPool2D 4x4",
    ]


def test_an_activation_of_no_maps_is_no_stage():
    assert stages(Network([Dense(3), ReLU()], input_shape=(4,))) == []


def test_pick_counts_from_one():
    assert pick([3, 7], 1, "convolution") == 3
    assert pick([3, 7], 2, "convolution") == 7
    with pytest.raises(SettingError, match="no convolution 3; it has 1 to 2"):
        pick([3, 7], 3, "convolution")
    with pytest.raises(SettingError, match="no convolution 2; it has 1 alone"):
        pick([3], 2, "convolution")
    with pytest.raises(DataError, match="no convolution to look at"):
        pick([], 1, "convolution")


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_the_last_answer_is_what_the_network_predicts(preset):
    network, x = network_of(preset), pixels(2)
    outputs, caches = answers(network, x)
    np.testing.assert_allclose(outputs[-1], network.predict(x), rtol=1e-4, atol=1e-4)
    assert [y.shape[1:] for y in outputs] == network.shapes[1:]
    assert len(caches) == len(network.layers)
