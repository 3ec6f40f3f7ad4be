"""`cnn-sign animate-convolution` as it is typed."""

import numpy as np
import pytest
from program import refusal, succeed
from photos import photo, pixels
from PIL import Image
from small_models import INPUT_SHAPE, network_of, save

from cnn_sign_digits.conv_demo.convolution import KERNELS, Sliding, levels, pattern
from nn_core.cli.images import read_image
from nn_core.layers import Conv2D, Dense, GlobalAveragePool2D
from nn_core.network import Network


def film(*arguments):
    result = succeed("animate-convolution", *arguments)
    assert result.stdout == ""
    return result.stderr


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def filmed(monkeypatch):
    """What is filmed, instead of the film."""
    seen = []

    def write_film(sliding, path, *, title):
        seen.append((sliding, title))
        return 1

    monkeypatch.setattr("cnn_sign_digits.convolution_film.write_film", write_film)
    return seen


def test_a_film_with_a_frame_for_each_number_that_goes_round(here):
    assert film("--size", 4) == "wrote convolution.gif, 4 frames\n"
    with Image.open(here / "convolution.gif") as made:
        assert (made.format, made.n_frames, made.info["loop"]) == ("GIF", 4, 0)
        times, frames = [], []
        for i in range(made.n_frames):
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


def test_the_largest_is_small_enough(here):
    photo(here / "photo.png", pixels(1)[0])
    large = ("--size", 9, "--padding", "same", "--kernel", "sharpen")
    assert "81 frames" in film("photo.png", *large, "--figure", "large.gif")
    assert (here / "large.gif").stat().st_size < 2_000_000


def test_one_place_is_one_frame():
    assert film("--size", 3) == "wrote convolution.gif, 1 frame\n"


def test_by_default_sobel_over_an_edge(filmed):
    film()
    ((sliding, title),) = filmed
    np.testing.assert_array_equal(sliding.image, pattern(7))
    np.testing.assert_array_equal(sliding.kernel, KERNELS["sobel"])
    assert title == "sobel, stride 1, padding valid"


def test_a_photo_becomes_levels_of_grey(here, filmed):
    photo(here / "a.png", pixels(1, 50, 70, 3)[0])
    film("a.png", "--size", 5, "--kernel", "blur", "--stride", 2, "--padding", "same")
    ((sliding, title),) = filmed
    expected = levels(read_image(here / "a.png", (5, 5, 1), crop=True)[0, ..., 0])
    np.testing.assert_array_equal(sliding.image, expected)
    assert (sliding.stride, sliding.padding) == (2, "same")
    assert title == "blur over a.png, stride 2, padding same"


def test_a_learned_kernel_answers_a_grey_photo_as_the_network_would(here, filmed):
    network = network_of("classic")
    save(here / "model.h5", network)
    film("--kernel", "model.h5", "--filter", 3)
    ((sliding, title),) = filmed
    assert title.startswith("filter 3 of model.h5")
    layer = Conv2D(8, 5)
    W = network.parameter_views[1]["W"]
    gray = np.repeat(sliding.image[None, :, :, None], 3, axis=3).astype(np.float32)
    params = {"W": W, "b": np.zeros(8, np.float32)}
    y, _ = layer.forward(gray, params, network.contexts()[1])
    np.testing.assert_allclose(sliding.output(), y[0, :, :, 2], atol=0.005 * 10 * 25)
    assert isinstance(sliding, Sliding)


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("--kernel", "sobl"), 2, "'sobl' is no kernel and no file; did you mean 'sobel'?"),
        (("--kernel", "blur", "--filter", 2), 2, "--filter is for a MODEL"),
        (("--kernel", "model.h5", "--filter", 9), 2, "no filter 9; it has 1 to 8"),
        (("--kernel", "model.h5", "--size", 4), 2, "a kernel of 5 x 5 does not fit into 4 x 4"),
        (("--kernel", "large.h5"), 2, "are 9 x 9: too large to write out"),
        (("--size", 10), 2, "10 is not in the range 3<=x<=9"),
        (("--stride", 0), 2, "0 is not in the range"),
        (("--padding", "full"), 2, "'full' is not one of"),
        (("--figure", "a.png"), 2, "must end in .gif"),
        (("--figure", "no/a.gif"), 2, "there is no folder"),
        (("a.gif", "--figure", "a.gif"), 2, "--figure would overwrite IMAGE"),
        (("--kernel", "a.gif", "--figure", "a.gif"), 2, "--figure would overwrite --kernel"),
        (("model.h5",), 1, "model.h5 is not a picture"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_leaves_nothing(here, arguments, status, told):
    save(here / "model.h5", network_of("classic"))
    layers = [Conv2D(2, 9), GlobalAveragePool2D(), Dense(10)]
    save(here / "large.h5", Network(layers, input_shape=INPUT_SHAPE))
    before = sorted(here.iterdir())
    assert told in refusal("animate-convolution", *arguments, status=status)
    assert sorted(here.iterdir()) == before
