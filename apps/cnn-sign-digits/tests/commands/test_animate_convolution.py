"""`cnn-sign animate-convolution` as it is typed."""

from pathlib import Path

import numpy as np
import pytest
from photos import photo, pixels
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from program import refusal, succeed
from small_models import network_of, save

from cnn_sign_digits.conv_demo.convolution import KERNELS, Convolution, gray_levels, vertical_edge
from cnn_sign_digits.model import INPUT_SHAPE
from nn_core.cli.images import read_image
from nn_core.layers import Context, Conv2D, Dense, GlobalAveragePool2D
from nn_core.network import Network

Written = list[tuple[Convolution, str]]


def animate(*arguments: object) -> str:
    result = succeed("animate-convolution", *arguments)
    assert result.stdout == ""
    return result.stderr


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    """Convolution and title of each animation, which is not written."""
    seen = []

    def write_animation(convolution: Convolution, path: Path, *, title: str) -> int:
        seen.append((convolution, title))
        return 1

    monkeypatch.setattr("cnn_sign_digits.conv_demo.animation.write_animation", write_animation)
    return seen


def test_a_looping_gif_with_a_frame_per_output_position(here: Path) -> None:
    assert animate("--image-size", 4) == "wrote convolution.gif, 4 frames\n"
    with Image.open(here / "convolution.gif") as made:
        assert isinstance(made, GifImageFile)
        assert (made.n_frames, made.info["loop"]) == (4, 0)
        times, frames = [], []
        for i in range(4):
            made.seek(i)
            times.append(made.info["duration"])
            frames.append(np.asarray(made.convert("RGB")).astype(int))
    assert times == [700, 700, 700, 3000]
    # The first number of the output is there from the first frame on, the last one in the last.
    height, width = frames[0].shape[:2]
    first = slice(int(0.17 * height), int(0.2 * height)), slice(int(0.66 * width), int(0.7 * width))
    last = slice(int(0.7 * height), int(0.75 * height)), slice(int(0.9 * width), int(0.95 * width))
    assert len({frame[first].tobytes() for frame in frames}) == 1
    assert len({frame[last].tobytes() for frame in frames[:3]}) == 1
    np.testing.assert_array_equal(frames[3][last][0, 0], frames[3][first][0, 0])  # 40 and 40
    assert not np.array_equal(frames[2][last], frames[3][last])
    assert sorted(path.name for path in here.iterdir()) == ["convolution.gif"]


def test_the_largest_is_small_enough(here: Path) -> None:
    photo(here / "photo.png", pixels(1)[0])
    large = ("--image-size", 9, "--padding", "same", "--kernel", "sharpen")
    assert "81 frames" in animate("photo.png", *large, "--figure", "large.gif")
    assert (here / "large.gif").stat().st_size < 2_000_000


def test_one_position_is_one_frame() -> None:
    assert animate("--image-size", 3) == "wrote convolution.gif, 1 frame\n"


def test_by_default_sobel_over_an_edge(written: Written) -> None:
    animate()
    ((convolution, title),) = written
    np.testing.assert_array_equal(convolution.image, vertical_edge(7))
    np.testing.assert_array_equal(convolution.kernel, KERNELS["sobel"])
    assert title == "sobel, stride 1, padding valid"


def test_a_photo_becomes_gray_levels(here: Path, written: Written) -> None:
    photo(here / "a.png", pixels(1, 50, 70, 3)[0])
    animate("a.png", "--image-size", 5, "--kernel", "blur", "--stride", 2, "--padding", "same")
    ((convolution, title),) = written
    expected = gray_levels(read_image(here / "a.png", (5, 5, 1), crop=True)[0, ..., 0])
    np.testing.assert_array_equal(convolution.image, expected)
    assert (convolution.stride, convolution.padding) == (2, "same")
    assert title == "blur over a.png, stride 2, padding same"


def test_a_learned_kernel_acts_on_gray_photos_as_in_the_network(here: Path, written: Written) -> None:
    network = network_of("classic")
    save(here / "model.h5", network)
    animate("--model", "model.h5", "--filter", 3)
    ((convolution, title),) = written
    assert title.startswith("filter 3 of model.h5")
    layer = Conv2D(8, 5)
    W = network.params["1/W"]
    gray = np.repeat(convolution.image[None, :, :, None], 3, axis=3).astype(np.float32)
    params = {"W": W, "b": np.zeros(8, np.float32)}
    y, _ = layer.forward(gray, params, Context())
    np.testing.assert_allclose(convolution.output(), y[0, :, :, 2], atol=0.005 * 10 * 25)
    assert isinstance(convolution, Convolution)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--kernel", "sobl"), 2, "unknown kernel 'sobl'; did you mean 'sobel'?"),
        (("--kernel", "blur", "--filter", 2), 2, "--kernel cannot be combined with --filter or --model"),
        (("--model", "model.h5", "--filter", 9), 2, "no filter 9; choose from 1 to 8"),
        (("--model", "model.h5", "--image-size", 4), 2, "the 5 x 5 kernel is larger than the 4 x 4"),
        (("--model", "large.h5"), 2, "the 9 x 9 kernels of this network exceed 7 x 7"),
        (("--image-size", 10), 2, "10 is not in the range 3<=x<=9"),
        (("--stride", 0), 2, "0 is not in the range"),
        (("--padding", "full"), 2, "'full' is not one of"),
        (("--figure", "a.png"), 2, "must end in .gif"),
        (("--figure", "no/a.gif"), 2, "no such folder"),
        (("a.gif", "--figure", "a.gif", "--force"), 2, "--figure would overwrite IMAGE"),
        (("--model", "a.gif", "--figure", "a.gif", "--force"), 2, "--figure would overwrite --model"),
        (("model.h5",), 1, "model.h5 is not an image"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(
    here: Path, arguments: tuple[object, ...], status: int, words: str
) -> None:
    save(here / "model.h5", network_of("classic"))
    layers = [Conv2D(2, 9), GlobalAveragePool2D(), Dense(10)]
    save(here / "large.h5", Network(layers, input_shape=INPUT_SHAPE))
    before = sorted(here.iterdir())
    assert words in refusal("animate-convolution", *arguments, status=status)
    assert sorted(here.iterdir()) == before
