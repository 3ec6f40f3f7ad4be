"""Plots of layers can be read in every style, with few and with many layers and initializers."""

from pathlib import Path
from typing import Any

import pytest
from command_line import succeed
from matplotlib.figure import Figure

from nn_core.plots import figure_files
from nn_core.plots.legibility import flaws
from nn_core.plots.styles import LEAST_POINTS

SLIDE, SMALL = ("--style", "slide"), ("--size", "5x4")
DEEP = ("--hidden", ",".join(["8"] * 12), "--activation", "gelu", "--data", "moons:points=60")
MANY = ("zeros", "orthogonal:gain=30", "normal:scale=0.001", "normal:scale=9", "ones")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved."""
    figures: list[Figure] = []
    save = figure_files.save_figure

    def keep(figure: Figure, path: Path, **looks: Any) -> None:
        save(figure, path, **looks)
        least = LEAST_POINTS if figure.get_figwidth() > 13 and figure.get_figheight() > 7 else 0.0
        assert flaws(figure, least_points=least) == []
        figures.append(figure)

    monkeypatch.setattr(figure_files, "save_figure", keep)
    return figures


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("he", "--hidden", "5"), id="one cell"),
        pytest.param((*SLIDE, *DEEP, *MANY), id="many on a slide", marks=pytest.mark.slow),
        pytest.param((*SMALL, *DEEP, *MANY), id="many in a small figure", marks=pytest.mark.slow),
    ],
)
def test_activations(arguments: tuple[object, ...], tmp_path: Path, drawn: list[Figure]) -> None:
    succeed("activation-histograms", *arguments, "--figure", tmp_path / "a.png")
    assert len(drawn) == 1


def test_gradients(tmp_path: Path, drawn: list[Figure]) -> None:
    files = ("--figure", tmp_path / "a.png", "--gradients", tmp_path / "g.png")
    succeed("activation-histograms", *SLIDE, "zeros", "normal", "--hidden", "8,8,8", *files)
    assert drawn[1].axes[0].get_xscale() == "log"
    of_normal = [patch.get_data().values.sum() for patch in drawn[1].axes[-1].patches]  # type: ignore[attr-defined]
    assert 0.5 < of_normal[0] <= 1, "bars are fractions of all gradients of a layer"


@pytest.mark.parametrize("looks", [SLIDE, pytest.param(SMALL, marks=pytest.mark.slow)], ids=["slide", "small"])
def test_gradient_norms(looks: tuple[object, ...], tmp_path: Path, drawn: list[Figure]) -> None:
    short = ("--epochs", 1, "--seeds", 1, "--data", "moons:points=60", "--figure", tmp_path / "n.png")
    succeed("compare-initializers", "zeros", "he", "--hidden", ",".join(["4"] * 40), *short, *looks)
    loss, norms = drawn[0].axes
    assert norms.get_position().width == pytest.approx(loss.get_position().width, rel=0.1)
