"""`cnn-sign animate-convolution` as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from photos import photo, pixels
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from program import refusal, succeed
from small_models import network_of, save

from cnn_sign_digits.conv_demo.convolution import Convolution, colored_edges, levels, vertical_edge
from cnn_sign_digits.conv_demo.kernels import KERNELS
from cnn_sign_digits.conv_demo.scenes import BackwardScene, ForwardScene
from cnn_sign_digits.model import INPUT_SHAPE
from nn_core.cli.images import read_image
from nn_core.layers import Context, Conv2D, Dense, GlobalAveragePool2D
from nn_core.network import Network
from nn_core.plots import FigureFile, new_figure, styled
from nn_core.plots.styles import LEAST_POINTS

Written = list[tuple[Any, str, FigureFile]]
SMALL = ("--size", "4x3", "--dpi", 30)


def animate(*arguments: object) -> str:
    result = succeed("animate-convolution", *arguments)
    assert result.stdout == ""
    return result.stderr.splitlines()[-1]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    """Scene (not drawn), title and file of each animation, which is not written."""
    seen: Written = []

    def write_animation(file: FigureFile, draw: Callable[[Figure], Any], *, title: str, folder: Path | None) -> int:
        seen.append((draw, title, file))
        return 1

    monkeypatch.setattr("cnn_sign_digits.conv_demo.animation.write_animation", write_animation)
    return seen


def convolution_of(written: Written) -> Convolution:
    convolution = written[-1][0].keywords["convolution"]
    assert isinstance(convolution, Convolution)
    return convolution


def test_a_looping_gif_with_a_frame_per_output_position(here: Path) -> None:
    assert animate("--image-size", 4, *SMALL) == "wrote convolution.gif, 4 frames"
    with Image.open(here / "convolution.gif") as made:
        assert isinstance(made, GifImageFile)
        assert (made.n_frames, made.info["loop"], made.size) == (4, 0, (120, 90))
        labels = [axes["labels"][0] for axes in json.loads(made.info["comment"])]  # of what the last frame shows
        assert labels == ["input x, 4 x 4", "kernel W", "output y, 2 x 2", "window * W"]
        times, frames = [], []
        for i in range(4):
            made.seek(i)
            times.append(made.info["duration"])
            frames.append(np.asarray(made.convert("RGB")).tobytes())
    assert times == [700, 700, 700, 3000]
    assert len(set(frames)) == 4
    assert sorted(path.name for path in here.iterdir()) == ["convolution.gif"]


def test_the_same_command_writes_the_same_bytes(here: Path) -> None:
    for name in ("a.gif", "b.gif"):
        animate("--image-size", 3, "--backward", *SMALL, "--figure", name)
    assert (here / "a.gif").read_bytes() == (here / "b.gif").read_bytes()


def test_the_steps_as_numbered_files(here: Path) -> None:
    assert animate("--image-size", 4, *SMALL, "--frames", "steps") == "wrote steps, 4 PNG files"
    names = [f"step-0{number}.png" for number in range(1, 5)]
    assert sorted(path.name for path in (here / "steps").iterdir()) == names
    for name in names:
        with Image.open(here / "steps" / name) as step:
            assert step.size == (120, 90)
    assert "is not empty" in refusal("animate-convolution", "--frames", "steps", status=2)


def test_a_single_step(here: Path) -> None:
    for number, name in ((1, "a.png"), (4, "b.svg")):
        last = () if number == 4 else ("--step", number)
        assert animate("--image-size", 4, *last, *SMALL, "--figure", name) == f"wrote {name}, step {number} of 4"
    assert (here / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (here / "b.svg").read_text()


def test_a_video_without_ffmpeg(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    line = refusal("animate-convolution", "--figure", "a.mp4", status=2)
    assert (
        line == "an .mp4 file needs ffmpeg: install it, or python -m pip install imageio-ffmpeg; or write a .gif file"
    )
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_video_by_a_program(here: Path, monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    """A script in place of ffmpeg counts the frames and writes its arguments."""
    program = here / "programs" / "ffmpeg"
    program.parent.mkdir()
    script = 'for last; do :; done\nls "${last%/*}" | wc -l > "$last"\necho "$@" >> "$last"\n'
    program.write_text("#!/bin/sh\n" + ("echo no codec >&2\nexit 1\n" if fails else script))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    arguments = ("--image-size", 4, *SMALL, "--figure", "a.mp4")
    if fails:
        line = refusal("animate-convolution", *arguments, status=1)
        assert "ffmpeg could not write a.mp4: no codec" in line
        assert not (here / "a.mp4").exists()
        return
    assert animate(*arguments) == "wrote a.mp4, 4 frames"
    count, command = (here / "a.mp4").read_text().splitlines()
    assert int(count) in (7, 8)  # the last one is repeated; the shell may have made the output already
    assert "-framerate 1000/700" in command


def test_the_largest_is_small_enough(here: Path) -> None:
    photo(here / "photo.png", pixels(1)[0])
    large = ("--image-size", 9, "--padding", "same", "--stride", 5, "--kernel", "sharpen", "--style", "slide")
    assert "4 frames" in animate("photo.png", *large, "--figure", "large.gif")
    assert (here / "large.gif").stat().st_size < 250_000
    with Image.open(here / "large.gif") as made:
        assert made.size == (1920, 1080)


def test_by_default_sobel_over_an_edge(written: Written) -> None:
    animate()
    ((scene, title, file),) = written
    assert scene.func is ForwardScene
    np.testing.assert_array_equal(convolution_of(written).image, vertical_edge(7))
    np.testing.assert_array_equal(convolution_of(written).kernel[..., 0], KERNELS["sobel"])
    assert title == "Each output is the sum of 9 products: sobel"
    assert file == FigureFile(Path("convolution.gif"))


def test_the_looks_are_those_of_all_figures(written: Written) -> None:
    animate("--style", "dark", "--size", "8x5", "--dpi", 50, "--title", "mine", "--figure", "a.mp4")
    assert written[0][2] == FigureFile(Path("a.mp4"), "dark", (8.0, 5.0), 50, "mine")


def test_a_kernel_of_ones_own(here: Path, written: Written) -> None:
    animate("--kernel", "1,2;-3,0.5")
    assert convolution_of(written).kernel[..., 0].tolist() == [[1, 2], [-3, 0.5]]
    assert "2 x 2 kernel" in written[0][1]
    np.save(here / "a.npy", np.arange(27.0).reshape(3, 3, 3))
    animate("--kernel", "a.npy")
    convolution = convolution_of(written)
    np.testing.assert_array_equal(convolution.kernel, np.arange(27.0).reshape(3, 3, 3))
    np.testing.assert_array_equal(convolution.image, colored_edges(5))


def test_a_photo_becomes_levels(here: Path, written: Written) -> None:
    photo(here / "a.png", pixels(1, 50, 70, 3)[0])
    for channels in (1, 3):
        settings = ("--image-size", 5, "--kernel", "blur", "--stride", 2, "--padding", "same")
        animate("a.png", *settings, "--channels", channels)
        convolution = convolution_of(written)
        expected = levels(read_image(here / "a.png", (5, 5, channels), crop=True)[0])
        np.testing.assert_array_equal(convolution.image, expected)
        assert (convolution.stride, convolution.padding) == (2, "same")
    assert written[0][1] == "Each output is the sum of 9 products: blur over a.png, stride 2"


@pytest.mark.parametrize("channels", [1, 3])
def test_a_learned_kernel_acts_as_in_the_network(here: Path, written: Written, channels: int) -> None:
    network = network_of("classic")
    save(here / "model.h5", network)
    animate("--model", "model.h5", "--filter", 3, "--channels", channels)
    convolution = convolution_of(written)
    assert "filter 3 of model.h5" in written[0][1]
    x = np.broadcast_to(convolution.image, (*convolution.image.shape[:2], 3))[None].astype(np.float32)
    params = {"W": network.params["1/W"], "b": np.zeros(8, np.float32)}
    y, _ = Conv2D(8, 5).forward(x, params, Context())
    np.testing.assert_allclose(convolution.output(), y[0, :, :, 2], atol=0.005 * 10 * 75)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_forward_scene_shows_each_step(channels: int) -> None:
    image = vertical_edge(4) if channels == 1 else colored_edges(4)
    kernel = np.repeat(KERNELS["sobel"][..., None], channels, axis=2)
    convolution = Convolution(image, kernel)
    with styled("slide"):
        scene = ForwardScene(new_figure(13.3, 7.5), convolution)
        scene.show(2)
        step = list(convolution.steps())[2]
        for c, grid in enumerate(scene.products):
            np.testing.assert_array_equal(grid.image.get_array(), step.products[..., c])
            texts = [text.get_text() for text in grid.texts]
            assert texts == [f"{value:g}".replace("-0", "0") for value in step.products[..., c].ravel()]
        shown = np.ma.filled(scene.result.image.get_array(), np.nan)
        np.testing.assert_array_equal(np.isnan(shown).ravel(), [False, False, False, True])
        assert all(frame.get_xy() == (-0.5, 0.5) for frame in scene.windows)
        assert scene.lines.text.get_text().startswith("output 3 of 4: y[1, 0]")


@pytest.mark.parametrize("backward", [False, True])
def test_a_stride_moves_the_window_farther_than_the_output(backward: bool) -> None:
    convolution = Convolution(vertical_edge(5), KERNELS["sobel"][..., None], stride=2)
    with styled("paper"):
        figure = new_figure(11, 6.6)
        scene = BackwardScene(figure, convolution, np.ones((2, 2))) if backward else ForwardScene(figure, convolution)
        scene.show(3)
        assert all(frame.get_xy() == (1.5, 1.5) for frame in scene.windows)
        assert scene.position.get_xy() == (0.5, 0.5)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_backward_scene_shows_each_step(channels: int) -> None:
    image = vertical_edge(4) if channels == 1 else colored_edges(4)
    kernel = np.repeat(KERNELS["sobel"][..., None], channels, axis=2)
    convolution, d_y = Convolution(image, kernel), np.array([[1.0, -2], [0, 3]])
    with styled("dark"):
        scene = BackwardScene(new_figure(13.3, 7.5), convolution, d_y)
        scene.show(1)
        step = list(convolution.backward_steps(d_y))[1]
        for c in range(channels):
            np.testing.assert_array_equal(scene.d_W[c].image.get_array(), step.d_W[..., c])
            np.testing.assert_array_equal(scene.d_x[c].image.get_array(), step.d_p[..., c])
        if channels == 1:
            window, to_W, to_x = (np.asarray(grid.image.get_array()) for grid in scene.added)
            np.testing.assert_array_equal(to_W, -2 * window)
            np.testing.assert_array_equal(to_x, -2 * kernel[..., 0])
            assert scene.added[1].axes.get_title(loc="left") == "(-2) * window"
        assert "d_W += (-2) * window of x" in scene.lines.text.get_text()


@pytest.mark.parametrize(("side", "channels", "backward"), [(9, 1, False), (5, 3, True), (9, 1, True)])
def test_no_text_on_a_slide_is_small_and_none_exceeds_its_square(side: int, channels: int, backward: bool) -> None:
    rng = np.random.default_rng(0)
    convolution = Convolution(
        rng.integers(0, 11, (side, side, channels)).astype(float), rng.normal(size=(3, 3, channels)), 1, "same"
    )
    with styled("slide"):
        figure = new_figure(40 / 3, 7.5)
        scene: Any = BackwardScene(figure, convolution, rng.normal(size=(side, side))) if backward else None
        scene = scene or ForwardScene(figure, convolution)
        scene.show(4)
        figure.draw_without_rendering()
        texts = [text for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()]
        assert min(text.get_fontsize() for text in texts) >= LEAST_POINTS
        for axes in figure.axes:
            square = axes.transData.transform([(0, 0), (1, 1)])
            width = abs(square[1, 0] - square[0, 0])
            assert all(text.get_window_extent().width < width for text in axes.texts if text.get_text())


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--kernel", "sobl"), 2, "unknown kernel 'sobl'; did you mean 'sobel'?"),
        (("--kernel", "1,2;3"), 2, "all rows must have as many numbers"),
        (("--kernel", "none.csv"), 1, "no such file: none.csv"),
        (("--kernel", "two.npy"), 2, "the kernel has 2 channels; choose 1 or 3"),
        (("--kernel", "three.npy", "--channels", 1), 2, "the kernel has 3 channels, the input has 1"),
        (("--kernel", "blur", "--filter", 2), 2, "--kernel cannot be combined with --filter or --model"),
        (("--model", "model.h5", "--filter", 9), 2, "no filter 9; choose from 1 to 8"),
        (("--model", "model.h5", "--image-size", 4), 2, "the 5 x 5 kernel is larger than the 4 x 4"),
        (("--model", "large.h5"), 2, "the 9 x 9 kernel exceeds 7 x 7"),
        (("--image-size", 10), 2, "10 is not in the range 3<=x<=9"),
        (("--stride", 0), 2, "0 is not in the range"),
        (("--padding", "full"), 2, "'full' is not one of"),
        (("--channels", 2), 2, "'2' is not one of"),
        (("--step", 2), 2, "--step needs a still --figure, such as step.png"),
        (("--step", 26, "--figure", "a.png"), 2, "no step 26; choose from 1 to 25"),
        (("--frames", "new", "--figure", "a.png"), 2, "--frames needs an animation"),
        (("--frames", "model.h5"), 2, "is not a folder"),
        (("--frames", "no/new"), 2, "no such folder: 'no'"),
        (("--figure", "a.webp"), 2, "must end in .gif or .mp4 or .png"),
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
    for channels, name in ((2, "two"), (3, "three")):
        np.save(here / f"{name}.npy", np.ones((3, 3, channels)))
    layers = [Conv2D(2, 9), GlobalAveragePool2D(), Dense(10)]
    save(here / "large.h5", Network(layers, input_shape=INPUT_SHAPE))
    before = sorted(here.iterdir())
    assert words in refusal("animate-convolution", *arguments, status=status)
    assert sorted(here.iterdir()) == before
