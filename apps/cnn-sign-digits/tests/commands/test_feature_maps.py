"""`feature-maps`: what is in the figure."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from figures import Figures, images_of, texts_of
from program import PHOTOS, refusal, signs_file, succeed
from small_models import network_of

from cnn_sign_digits.inspect.receptive_field import receptive_field
from cnn_sign_digits.inspect.top_patches import top_patches
from cnn_sign_digits.model import read_photo
from nn_core.plots.styles import LEAST_POINTS

CLASSIC, ACCURATE = "classic.h5", "accurate.h5"


def values_of(picture: Any) -> Any:
    """The values of a mosaic that are not gaps."""
    filled = np.ma.filled(np.ma.asarray(picture, np.float64), np.nan)
    return filled[np.isfinite(filled)]


def test_a_figure_is_written(here: Path) -> None:
    result = succeed("feature-maps", "photo.png", "--model", CLASSIC)
    assert (result.stdout, result.stderr) == ("", "wrote feature-maps.png\n")
    assert (here / "feature-maps.png").read_bytes().startswith(b"\x89PNG")


def test_a_row_for_each_layer_beside_the_photo(here: Path, figures: Figures) -> None:
    succeed("feature-maps", "photo.png", "--model", ACCURATE)
    photo, *rows = images_of(figures[0])
    np.testing.assert_array_equal(photo, read_photo(here / "photo.png")[0])
    assert len(rows) == 8
    first = network_of("accurate").activations(read_photo(here / "photo.png"))[3][0]
    shown = values_of(rows[0])
    np.testing.assert_allclose(shown.max(), first[..., :11].max() / first.max(), rtol=1e-5)
    assert shown.min() >= 0
    texts = texts_of(figures[0])
    assert [text.splitlines()[0] for text in texts if "\n" in text][:3] == [
        "convolution 1",
        "MaxPool2D 2x2",
        "convolution 2",
    ]
    assert [text for text in texts if text.isdigit()] == [str(k) for k in range(1, 12)]
    assert figures[0].get_suptitle() == "Feature maps of each layer, the first 11"


def test_all_feature_maps_of_one_layer(here: Path, figures: Figures) -> None:
    succeed("feature-maps", "photo.png", "--model", CLASSIC, "--layer", 2)
    maps = network_of("classic").activations(read_photo(here / "photo.png"))[5][0]
    shown = values_of(images_of(figures[0])[1]).reshape(-1)
    np.testing.assert_allclose(np.unique(shown), np.unique(maps), rtol=1e-6)
    assert texts_of(figures[0]) == [str(k) for k in range(1, 17)]
    assert figures[0].get_suptitle() == "Convolution 2: 16 feature maps of 8 x 8"
    assert figures[0].axes[-1].get_ylabel() == "activation"


def test_a_slide_has_no_small_text(here: Path, figures: Figures) -> None:
    succeed("feature-maps", "photo.png", "--model", ACCURATE, "--layer", 5, "--style", "slide")
    texts = [text for axes in figures[0].axes for text in axes.texts]
    assert len(texts) <= 128
    assert min(text.get_fontsize() for text in texts) >= LEAST_POINTS
    assert f"{len(texts)} " in figures[0].get_suptitle()


@pytest.mark.parametrize(("layer", "index", "convolution"), [(1, 2, 1), (2, 5, 4)])
def test_a_filter_with_its_input_kernel_map_and_patches(
    here: Path, figures: Figures, layer: int, index: int, convolution: int
) -> None:
    data = signs_file(here / "signs.h5", names=("0", "1", "2"))
    succeed("feature-maps", "photo.png", "--model", CLASSIC, "--layer", layer, "--filter", 2, "--data", data)
    network, x = network_of("classic"), read_photo(here / "photo.png")
    outputs = network.activations(x)
    before, kernel, feature_map, *patches = images_of(figures[0])
    if convolution == 1:
        np.testing.assert_array_equal(before, x[0])
    else:
        np.testing.assert_allclose(np.unique(values_of(before)), np.unique(outputs[3][0]), rtol=1e-6)
    W = network.params[f"{convolution}/W"][..., 1]
    np.testing.assert_allclose(np.unique(values_of(kernel)), np.unique(W), rtol=1e-6)
    np.testing.assert_allclose(feature_map, outputs[index][0][..., 1], rtol=1e-6)
    expected = top_patches(network, index, 1, PHOTOS)
    assert len(patches) == 9
    for patch, found in zip(patches, expected, strict=True):
        np.testing.assert_array_equal(patch[..., :3], found.pixels)
    frame = figures[0].axes[0].patches
    row, column = np.unravel_index(feature_map.argmax(), feature_map.shape)
    (strongest,) = [axes.patches[0] for axes in figures[0].axes if axes.get_title(loc="left").startswith("map after")]
    assert strongest.get_xy() == (column - 0.5, row - 0.5)  # type: ignore[attr-defined]
    if convolution == 1:
        rows, columns = receptive_field(network, index).window((int(row), int(column)))
        assert frame[0].get_xy() == (columns.start - 0.5, rows.start - 0.5)  # type: ignore[attr-defined]
    side = receptive_field(network, index).size[0]
    (subtitle,) = [part.get_suptitle() for part in figures[0].subfigs if part.get_suptitle()]
    assert subtitle == (
        f"Patches of 30 photos (signs.h5 (test_set)) that excite it most, {side} x {side} pixels, and the activation"
    )


def test_the_patches_are_of_synthetic_hands_by_default(
    here: Path, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnn_sign_digits.commands.feature_maps.HANDS", "synthetic:count=10")
    succeed("feature-maps", "photo.png", "--model", ACCURATE, "--filter", 24, "--style", "dark")
    (subtitle,) = [part.get_suptitle() for part in figures[0].subfigs if part.get_suptitle()]
    assert subtitle.startswith("Patches of 10 synthetic hands that excite it most, 5 x 5 pixels")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--layer", 3), "no convolution 3; choose from 1 to 2"),
        (("--filter", 9), "no filter 9; choose from 1 to 8"),
        (("--layer", 2, "--filter", 17), "no filter 17; choose from 1 to 16"),
        (("--data", "synthetic"), "--data needs --filter"),
    ],
)
def test_errors(here: Path, arguments: tuple[object, ...], words: str) -> None:
    assert refusal("feature-maps", "photo.png", "--model", CLASSIC, *arguments, status=2).startswith(words)
