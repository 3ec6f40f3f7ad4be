"""`feature-maps`: what is in the figure."""

from pathlib import Path

import numpy as np
import pytest
from figures import Figures, images_of, texts_of
from program import refusal, succeed
from small_models import network_of

from cnn_sign_digits.model import read_photo

CLASSIC, ACCURATE = "classic.h5", "accurate.h5"


def test_a_figure_is_written(here: Path) -> None:
    result = succeed("feature-maps", "photo.png", "--model", CLASSIC)
    assert (result.stdout, result.stderr) == ("", "wrote feature-maps.png\n")
    assert (here / "feature-maps.png").read_bytes().startswith(b"\x89PNG")


def test_a_row_per_layer_below_the_photo(here: Path, figures: Figures) -> None:
    succeed("feature-maps", "photo.png", "--model", ACCURATE)
    pictures = images_of(figures[0])
    assert pictures[0].shape == (64, 64, 3)
    sides = [len(picture) for picture in pictures[1:]]
    assert sides == [side for side in (32, 16, 16, 8, 8, 8, 4, 4) for _ in range(16)]
    assert any("8 ReLU: first 16 of 128 feature maps, 4 x 4" in t for t in texts_of(figures[0]))


def test_they_are_the_outputs_of_the_layers(here: Path, figures: Figures) -> None:
    succeed("feature-maps", "photo.png", "--model", CLASSIC, "--layer", 2)
    network = network_of("classic")
    x = read_photo(here / "photo.png")
    outputs = network.activations(x)
    pictures = images_of(figures[0])
    np.testing.assert_array_equal(pictures[0], x[0])
    np.testing.assert_array_equal(np.stack(pictures[1:], axis=2), outputs[3][0])


def test_all_maps_of_one_layer_on_one_scale(here: Path, figures: Figures) -> None:
    succeed("feature-maps", "photo.png", "--model", ACCURATE, "--layer", 8)
    (axes,) = figures[0].axes
    assert len(axes.images) == 1 + 128
    scales = {image.get_clim() for image in axes.images[1:]}
    ((low, high),) = scales
    assert low == 0
    assert high == pytest.approx(max(image.max() for image in images_of(figures[0])[1:]))


def test_a_missing_layer(here: Path) -> None:
    line = refusal("feature-maps", "photo.png", "--model", CLASSIC, "--layer", 9, status=2)
    assert line == "no activation or pooling layer 9; choose from 1 to 4"
