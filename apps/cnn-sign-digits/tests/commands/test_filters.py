"""`filters`: what is in the figure."""

from pathlib import Path

import numpy as np
import pytest
from figures import Figures, images_of, texts_of
from program import refusal, succeed
from small_models import network_of, save

from cnn_sign_digits.model import INPUT_SHAPE
from nn_core.layers import Dense, Flatten
from nn_core.network import Network
from nn_core.plots.styles import LEAST_POINTS

CLASSIC, ACCURATE = "classic.h5", "accurate.h5"


def test_a_figure_is_written(here: Path) -> None:
    result = succeed("filters", "--model", CLASSIC)
    assert (result.stdout, result.stderr) == ("", "wrote filters.png\n")
    assert (here / "filters.png").read_bytes().startswith(b"\x89PNG")


def test_a_map_for_each_channel_on_one_scale_around_zero(here: Path, figures: Figures) -> None:
    succeed("filters", "--model", CLASSIC)
    W = network_of("classic").params["1/W"]
    axes = figures[0].axes[0]
    (image,) = axes.images
    largest = np.abs(W).max()
    np.testing.assert_allclose(image.get_clim(), (-largest, largest))
    assert image.get_cmap().name == "RdBu_r"
    maps = np.ma.filled(image.get_array(), np.nan).reshape(8, 6, 3, 6)[:, 1:, :, 1:]
    np.testing.assert_array_equal(maps.transpose(1, 3, 2, 0), W)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["red", "green", "blue"]
    assert [label.get_text() for label in axes.get_yticklabels()] == [str(f) for f in range(1, 9)]
    assert figures[0].get_suptitle() == "Weights of convolution 1, 5 x 5: 8 filters"
    assert figures[0].axes[-1].get_ylabel() == "weight"


def test_filters_of_color_stand_beside_each_other(here: Path, figures: Figures) -> None:
    succeed("filters", "--model", ACCURATE)
    numbers = [label.get_text() for axes in figures[0].axes[:-1] for label in axes.get_yticklabels()]
    assert numbers == [str(f) for f in range(1, 25)]


def test_a_large_layer_says_how_many_are_shown(here: Path, figures: Figures) -> None:
    succeed("filters", "--model", ACCURATE, "--layer", 4)
    W = network_of("accurate").params["12/W"]
    assert W.shape == (3, 3, 80, 80)
    (image,) = figures[0].axes[0].images
    maps = np.ma.filled(image.get_array(), np.nan).reshape(16, 4, 16, 4)[:, 1:, :, 1:]
    np.testing.assert_array_equal(maps.transpose(1, 3, 2, 0), W[:, :, :16, :16])
    assert "first 16 of 80 filters, first 16 of 80 input channels" in figures[0].get_suptitle()


def test_a_slide_has_fewer_and_says_so(here: Path, figures: Figures) -> None:
    succeed("filters", "--model", ACCURATE, "--style", "slide")
    assert "first 21 of 24 filters" in figures[0].get_suptitle()
    texts = [text for axes in figures[0].axes for text in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    assert min(text.get_fontsize() for text in texts) >= LEAST_POINTS


def test_one_filter_with_its_weights(here: Path, figures: Figures) -> None:
    succeed("filters", "--model", CLASSIC, "--filter", 3)
    W = network_of("classic").params["1/W"][..., 2]
    pictures = images_of(figures[0])
    assert len(pictures) == 3
    for c, picture in enumerate(pictures):
        np.testing.assert_array_equal(picture, W[..., c])
    numbers = [float(text) for text in texts_of(figures[0])]
    np.testing.assert_allclose(numbers, W.transpose(2, 0, 1).ravel(), atol=0.0051)


def test_one_filter_of_many_channels_shows_the_largest(here: Path, figures: Figures) -> None:
    succeed("filters", "--model", ACCURATE, "--layer", 3, "--filter", 2, "--style", "dark")
    W = network_of("accurate").params["9/W"][..., 1]
    largest = np.sort(np.argsort(-np.abs(W).max(axis=(0, 1)))[:8])
    for picture, c in zip(images_of(figures[0]), largest, strict=True):
        np.testing.assert_array_equal(picture, W[..., c])
    assert "the 8 of 48 input channels with the largest weights" in figures[0].get_suptitle().replace("\n", " ")
    assert figures[0].axes[0].get_title(loc="left") == f"channel {largest[0] + 1}"


def test_a_filter_of_zeros(here: Path, figures: Figures) -> None:
    network = network_of("classic")
    network.params["1/W"][...] = 0
    save(here / "zeros.h5", network)
    succeed("filters", "--model", "zeros.h5")
    assert figures[0].axes[0].images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--layer", 3), "no convolution 3; choose from 1 to 2"), (("--filter", 9), "no filter 9; choose from 1 to 8")],
)
def test_a_missing_layer_or_filter(here: Path, arguments: tuple[object, ...], words: str) -> None:
    assert refusal("filters", "--model", CLASSIC, *arguments, status=2) == words


def test_a_network_without_convolutions(here: Path) -> None:
    save(here / "flat.h5", Network([Flatten(), Dense(10)], input_shape=INPUT_SHAPE))
    assert "the network has no convolution" in refusal("filters", "--model", "flat.h5", status=1)
    assert "the network has no convolution" in refusal("feature-maps", "photo.png", "--model", "flat.h5", status=1)
    assert "no convolution" in refusal("explain", "photo.png", "--model", "flat.h5", status=1)
