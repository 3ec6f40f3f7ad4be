"""Figures: written whole, in the format of their ending, without a screen."""

import errno
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from toy_runs import leftovers

from nn_core.errors import DataWarning, SettingError
from nn_core.plots import (
    FigureFile,
    add_legend,
    canvas,
    cell_text_size,
    drawing,
    log_scale,
    log_scale_if_wide,
    new_figure,
    percent_axis,
    series,
    styled,
    tidy,
)
from nn_core.plots.figure_files import SUMMARY_KEY, save_figure
from nn_core.plots.styles import LEAST_POINTS

BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}
ENDINGS = {".png": b"IEND\xaeB`\x82", ".svg": b"</svg>", ".pdf": b"%%EOF"}


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf", "A.PNG"])
def test_the_ending_chooses_the_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    figure = new_figure(2, 1)
    figure.subplots().plot([1, 2])
    save_figure(figure, path)
    content = path.read_bytes()
    assert content.startswith(BEGINNINGS[path.suffix.lower()])
    assert content.rstrip().endswith(ENDINGS[path.suffix.lower()])
    assert list(tmp_path.iterdir()) == [path]


def test_a_figure_has_the_size_asked_for(tmp_path: Path) -> None:
    save_figure(new_figure(2, 1), tmp_path / "a.png")
    header = (tmp_path / "a.png").read_bytes()[16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == (300, 150)


def test_a_full_disk_leaves_the_earlier_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.png"
    path.write_bytes(b"earlier")
    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="No space left") as caught:
        save_figure(new_figure(1, 1), path)
    assert path.read_bytes() == b"earlier"
    assert leftovers(tmp_path) == []
    assert str(path) in str(caught.value)


def test_it_needs_neither_a_screen_nor_pyplot(tmp_path: Path) -> None:
    program = """
import sys
import warnings
from pathlib import Path
from nn_core.training.history import History
from nn_core.plots.figure_files import save_figure
assert "matplotlib" not in sys.modules, "matplotlib is imported by who draws"
history = History()
history.append({"epoch": 1.0, "training_loss": 0.5, "training_accuracy": 0.5})
save_figure(history.plot("one epoch"), Path(sys.argv[1]))
assert "matplotlib.pyplot" not in sys.modules, "pyplot keeps figures and looks for a screen"
"""
    environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(tmp_path / "a.png")],
        env=environment | {"MPLBACKEND": "tkagg"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "a.png").is_file()


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1.0, 100.0], "log"),
        ([1.0, 2.0], "linear"),
        ([0.0, 1.0, 100.0], "linear"),
        ([-1.0, 1.0, 100.0], "linear"),
        ([1.0, 100.0, np.nan], "linear"),
        ([1.0, 100.0, np.inf], "linear"),
        ([], "linear"),
    ],
)
def test_wide_positive_values_get_a_logarithmic_axis(values: list[float], scale: str) -> None:
    axes = new_figure(1, 1).subplots()
    log_scale_if_wide(axes, values)
    assert axes.get_yscale() == scale


def test_axes_are_labelled_and_lose_the_frame_that_says_nothing() -> None:
    with styled("paper"):
        axes = new_figure(1, 1).subplots()
        tidy(axes, x="epoch", y="loss (nats)", title="Loss")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss (nats)")
    assert axes.get_title("left") == "Loss"
    visible = {side: spine.get_visible() for side, spine in axes.spines.items()}
    assert visible == {"left": True, "bottom": True, "top": False, "right": False}


def test_a_matplotlibrc_file_has_no_effect(tmp_path: Path) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"text.usetex": True, "font.size": 40.0}):
        with drawing(tmp_path / "a.png", 2, 1, title="loss $x$") as figure:
            assert not mpl.rcParams["text.usetex"]
            figure.subplots().set_xlabel("step")
        assert mpl.rcParams["text.usetex"], "the settings of a notebook are restored"


@pytest.mark.parametrize("style", ["slide", "dark"])
def test_a_slide_has_1920_by_1080_pixels_and_text_of_14_points(tmp_path: Path, style: str) -> None:
    from matplotlib.text import Text
    from PIL import Image

    with drawing(FigureFile(tmp_path / "a.png", style), 2, 1, title="Loss", note="one seed") as figure:
        axes = figure.subplots()
        lines = axes.plot([1, 2], **series(0))
        tidy(axes, x="step", y="loss")
        log_scale(axes)
        add_legend(figure, lines, ["adam"], title="optimizer")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (1920, 1080)
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= LEAST_POINTS


def test_the_user_chooses_size_dpi_and_title(tmp_path: Path) -> None:
    from PIL import Image

    file = FigureFile(tmp_path / "a.jpg", "dark", (3.0, 2.0), 50, "mine")
    with drawing(file, 9, 9, title="ours") as figure:
        figure.subplots()
    assert figure.get_suptitle() == "mine"
    with Image.open(tmp_path / "a.jpg") as image:
        assert (image.size, image.format) == ((150, 100), "JPEG")


def test_too_many_pixels_are_refused(tmp_path: Path) -> None:
    file = FigureFile(tmp_path / "a.png", size=(100.0, 1.0), dpi=1200)
    with pytest.raises(SettingError, match="120,000 pixels is too long"), drawing(file, 1, 1):
        pass
    assert list(tmp_path.iterdir()) == []


def test_series_differ_by_more_than_their_color() -> None:
    with styled("paper"):
        looks = [series(i) for i in range(32)]
    assert len({(look["color"], look["linestyle"]) for look in looks}) == 32
    for i in range(25):
        assert len({look["marker"] for look in looks[i : i + 8]}) >= 7
        assert looks[i]["linestyle"] != looks[i + 1]["linestyle"]


def test_a_legend_of_many_series_stays_inside(tmp_path: Path) -> None:
    with drawing(tmp_path / "a.png", 11, 4.5, title="many") as figure:
        axes = figure.subplots()
        lines = [axes.plot([i, 2 * i], **series(i))[0] for i in range(25)]
        legend = add_legend(figure, lines, [f"variant {i}" for i in range(25)], title="variant")
    box = legend.get_window_extent()
    assert box.y0 >= 0
    assert box.y1 <= figure.bbox.y1
    assert box.x1 <= figure.bbox.x1


def test_a_fraction_of_one_ends_the_axis() -> None:
    with styled("paper"):
        figure = new_figure(3, 3)
        axes = figure.subplots()
        axes.plot([0.4, 1.0], marker="o")
        percent_axis(axes)
        figure.draw_without_rendering()
        assert axes.get_ylim()[1] == 1.0
        assert [label.get_text() for label in axes.get_yticklabels()][-1] == "100%"


def test_a_picture_says_what_it_shows(tmp_path: Path) -> None:
    from PIL import Image

    def shown(values: list[float]) -> str:
        with drawing(tmp_path / "a.png", 2, 1) as figure:
            figure.subplots().plot(values)
        with Image.open(tmp_path / "a.png") as image:
            return str(image.info[SUMMARY_KEY])

    assert '"lines":[[2,1.0,3.0,2.0]]' in shown([1, 3])
    assert shown([1, 3]) == shown([1, 3]) != shown([1, 4])


class TestCharacters:
    """U+10FFFD, for private use, stands for Chinese."""

    def test_without_a_font_code_points_and_a_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("nn_core.plots.fonts._installed_fonts", lambda: iter([]))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with drawing(tmp_path / "a.png", 3, 2, title="class \U0010fffd") as figure:
                axes = figure.subplots()
                axes.set_xticks([0, 1], labels=["cat", "\U0010fffd"])
        assert [each.category for each in caught] == [DataWarning]
        assert "install one, for example the package fonts-noto" in str(caught[0].message)
        assert figure.get_suptitle() == "class U+10FFFD"
        figure.draw_without_rendering()
        assert [label.get_text() for label in axes.get_xticklabels()] == ["cat", "U+10FFFD"]

    def test_any_installed_font_is_used(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        font = font_with(0x10FFFD, tmp_path / "private.ttf")
        monkeypatch.setattr("nn_core.plots.fonts._installed_fonts", lambda: iter([str(font)]))
        with drawing(tmp_path / "a.png", 3, 2, title="class \U0010fffd") as figure:
            figure.subplots()
        assert figure.get_suptitle() == "class \U0010fffd"


def font_with(code: int, path: Path) -> Path:
    """A font of one square."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    for i, point in enumerate([(0, 0), (500, 0), (500, 500), (0, 500)]):
        (pen.lineTo if i else pen.moveTo)(point)
    pen.closePath()
    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({code: "square"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (600, 0), "square": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Private", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


@pytest.mark.parametrize(("title", "shown"), [(None, "seen"), ("mine", "mine"), ("", "")])
def test_a_title_written_within_the_block(tmp_path: Path, title: str | None, shown: str) -> None:
    with drawing(FigureFile(tmp_path / "a.png", title=title), 4, 3) as figure:
        figure.subplots()
        figure.suptitle("seen")
    assert figure.get_suptitle() == shown


def test_a_canvas_has_the_looks_of_a_file_and_is_not_written(tmp_path: Path) -> None:
    with canvas(FigureFile(tmp_path / "a.gif", "slide", dpi=72), 4, 3) as figure:
        assert (tuple(figure.get_size_inches()), figure.dpi) == ((40 / 3, 7.5), 72)
    assert list(tmp_path.iterdir()) == []


def test_the_largest_text_that_fits_in_cells() -> None:
    with styled("paper"):
        figure = new_figure(4, 4)
        axes = figure.subplots()
        figure.draw_without_rendering()
        sizes = ("large", "medium", "small")
        assert cell_text_size(axes, 3, 3, 4, sizes=sizes) == "large"
        assert cell_text_size(axes, 14, 14, 3, sizes=sizes) == "small"
        assert cell_text_size(axes, 30, 30, 4, sizes=sizes) is None
