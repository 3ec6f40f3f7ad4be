"""`explain`: report, JSON and figure."""

from pathlib import Path

import numpy as np
import pytest
from figures import Figures
from photos import photo
from PIL import Image
from program import json_of, refusal, succeed
from small_models import save

from cnn_sign_digits.model import INPUT_SHAPE
from cnn_sign_digits.presets import NORM
from nn_core.layers import Conv2D, Dense, GlobalAveragePool2D, ReLU
from nn_core.network import Network

CLASSIC, ACCURATE = "classic.h5", "accurate.h5"


def corner_model(path: Path) -> Path:
    """Brightness is evidence for class 3, and against the other classes."""
    layers = [NORM, Conv2D(1, 1), ReLU(), GlobalAveragePool2D(), Dense(10)]
    network = Network(layers, input_shape=INPUT_SHAPE)
    network.params["1/W"][...] = 1
    network.params["4/W"][...] = -1
    network.params["4/W"][0, 3] = 5
    return save(path, network)


@pytest.fixture
def corner(here: Path) -> Path:
    corner_model(here / "corner.h5")
    image = np.full((64, 64, 3), 10, np.uint8)
    image[8:16, 40:56] = 250
    photo(here / "corner.png", image)
    return here


def test_the_report_has_the_prediction_and_the_center_of_the_evidence(corner: Path) -> None:
    result = succeed("explain", "corner.png", "--model", "corner.h5")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("corner.png: 3, ")
    assert lines[1] == "evidence for 3 is centered at row 12, column 48 of 64 x 64 pixels"
    assert lines[2] == "Grad-CAM of the 64 x 64 feature maps after Conv2D 1x1, 1 > ReLU"
    assert result.stderr == "wrote explain.png\n"
    assert (corner / "explain.png").read_bytes().startswith(b"\x89PNG")


def test_a_class_without_evidence(corner: Path) -> None:
    report = succeed("explain", "corner.png", "--model", "corner.h5", "--class", "5").stdout
    assert report.splitlines()[1].startswith("explained class: 5, ")
    assert report.splitlines()[2] == "no evidence for 5"
    found = json_of("explain", "corner.png", "--model", "corner.h5", "--class", "5")
    assert found["class"] == "3"
    assert found["explained"]["class"] == "5"
    assert found["center"] is None


def test_json_agrees_with_predict(here: Path) -> None:
    found = json_of("explain", "photo.png", "--model", ACCURATE)
    (predicted,) = json_of("predict", "photo.png", "--model", ACCURATE)
    assert {key: found[key] for key in ("file", "class", "probability", "top")} == {
        key: predicted[key] for key in ("file", "class", "probability", "top")
    }
    heat_map = np.array(found["heat_map"])
    assert heat_map.shape == (4, 4)
    assert (heat_map.min() >= 0, heat_map.max()) == (True, 1)
    assert 0 <= found["center"]["row"] <= 64
    assert found["layers"] == ["Conv2D 3x3, 128", "BatchNorm", "ReLU"]


def test_the_figure_has_photo_heat_map_overlay_and_predictions(corner: Path, figures: Figures) -> None:
    succeed("explain", "corner.png", "--model", "corner.h5", "--class", "5")
    first, second, third, last = figures[0].axes[:4]
    assert np.asarray(first.images[0].get_array()).shape == (64, 64, 3)
    assert (np.asarray(second.images[0].get_array()) == 0).all()
    assert np.asarray(third.images[0].get_array()).shape == (64, 64, 3)
    names = [label.get_text() for label in last.get_yticklabels()]
    assert names[0] == "3"
    assert names[3] == "5"  # explained, and not among the three likeliest
    assert len(last.patches) == 4


def test_an_unknown_class(here: Path) -> None:
    line = refusal("explain", "photo.png", "--model", CLASSIC, "--class", "25", status=2)
    assert "no class '25'; did you mean '5'?" in line
    assert not (here / "explain.png").exists()


@pytest.mark.parametrize(
    ("mode", "size", "name"),
    [
        ("RGB", (1, 1), "dot.png"),
        ("RGBA", (70, 40), "clear.png"),
        ("L", (30, 90), "gray.png"),
        ("RGB", (60, 60), "a$\\x^$b.png"),
    ],
)
def test_images_of_any_mode_and_name(here: Path, mode: str, size: tuple[int, int], name: str) -> None:
    Image.new(mode, size).save(here / name)
    for command in ("explain", "feature-maps"):
        succeed(command, name, "--model", CLASSIC)
