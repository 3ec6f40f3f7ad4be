"""Figures: written whole, in the format of their ending, without a screen."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from toy_runs import leftovers

from nn_core.plots import log_scale_if_wide, new_figure, save_figure, tidy

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
from pathlib import Path
from nn_core.training.history import History
from nn_core import plots
assert "matplotlib" not in sys.modules, "matplotlib is imported by who draws"
history = History()
history.append({"epoch": 1.0, "training_loss": 0.5, "training_accuracy": 0.5})
plots.save_figure(history.plot("one epoch"), Path(sys.argv[1]))
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
    axes = new_figure(1, 1).subplots()
    tidy(axes, x="epoch", y="loss (nats)", title="Loss")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss (nats)")
    assert axes.get_title("left") == "Loss"
    visible = {side: spine.get_visible() for side, spine in axes.spines.items()}
    assert visible == {"left": True, "bottom": True, "top": False, "right": False}
