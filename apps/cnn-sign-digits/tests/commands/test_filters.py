"""`filters`: what is in the figure."""

from pathlib import Path

import numpy as np
from figures import Figures, images_of, texts_of
from program import refusal, succeed
from small_models import network_of, save

from cnn_sign_digits.model import INPUT_SHAPE
from nn_core.layers import Dense, Flatten
from nn_core.network import Network

CLASSIC, ACCURATE = "classic.h5", "accurate.h5"


def test_a_figure_is_written(here: Path) -> None:
    result = succeed("filters", "--model", CLASSIC)
    assert (result.stdout, result.stderr) == ("", "wrote filters.png\n")
    assert (here / "filters.png").read_bytes().startswith(b"\x89PNG")


def test_the_first_are_in_color_around_gray(here: Path, figures: Figures) -> None:
    succeed("filters", "--model", CLASSIC)
    W = network_of("classic").params["1/W"]
    pictures = images_of(figures[0])
    assert len(pictures) == W.shape[3] == 8
    for f, picture in enumerate(pictures):
        kernel = W[..., f]
        expected = 0.5 + kernel / (2 * np.abs(kernel).max())
        np.testing.assert_allclose(picture, expected, atol=1e-6)
        assert 0 <= picture.min() <= picture.max() <= 1


def test_a_large_layer_says_how_many_are_shown(here: Path, figures: Figures) -> None:
    succeed("filters", "--model", ACCURATE, "--layer", 4)
    W = network_of("accurate").params["12/W"]
    assert W.shape == (3, 3, 80, 80)
    pictures = images_of(figures[0])
    assert len(pictures) == 16 * 16
    largest = np.abs(W[..., 1]).max()  # of all its channels, shown or not
    np.testing.assert_allclose(pictures[17], 0.5 + W[:, :, 1, 1] / (2 * largest), atol=1e-6)
    assert "first 16 of 80 filters (rows), first 16 of 80 input channels (columns)" in (texts_of(figures[0])[0])


def test_a_small_layer_is_shown_completely(here: Path, figures: Figures) -> None:
    succeed("filters", "--model", CLASSIC, "--layer", 2)
    assert len(images_of(figures[0])) == 16 * 8
    assert "16 filters (rows), 8 input channels (columns)" in texts_of(figures[0])[0]


def test_a_filter_of_zeros_is_gray(here: Path, figures: Figures) -> None:
    network = network_of("classic")
    network.params["1/W"][...] = 0
    save(here / "zeros.h5", network)
    succeed("filters", "--model", "zeros.h5")
    assert all((picture == 0.5).all() for picture in images_of(figures[0]))


def test_a_missing_layer(here: Path) -> None:
    line = refusal("filters", "--model", CLASSIC, "--layer", 3, status=2)
    assert line == "no convolution 3; choose from 1 to 2"


def test_a_network_without_convolutions(here: Path) -> None:
    save(here / "flat.h5", Network([Flatten(), Dense(10)], input_shape=INPUT_SHAPE))
    assert "the network has no convolution" in refusal("filters", "--model", "flat.h5", status=1)
    assert "no activation or pooling layer" in refusal("feature-maps", "photo.png", "--model", "flat.h5", status=1)
    assert "no convolution" in refusal("explain", "photo.png", "--model", "flat.h5", status=1)
