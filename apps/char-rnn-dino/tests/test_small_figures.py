"""Figures of a few inches show less, but what they show can be read."""

from pathlib import Path
from typing import Any

import pytest
from commands import DINO
from matplotlib.figure import Figure

from nn_core.plots.axes import lay_out
from nn_core.plots.legibility import flaws

SMALL = ("--size", "4x3")


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures, which are not saved."""
    drawn: list[Figure] = []

    def keep(figure: Figure, *rest: Any, **looks: Any) -> None:
        lay_out(figure)
        assert flaws(figure) == []
        drawn.append(figure)

    monkeypatch.setattr("nn_core.plots.figure_files.save_figure", keep)
    return drawn


def test_hidden_states_number_some_of_the_units(tmp_path: Path, figures: list[Figure]) -> None:
    DINO.succeed("hidden-states", "Ty", *SMALL, "--figure", tmp_path / "f.png")
    labels = [label.get_text() for label in figures[0].axes[0].get_yticklabels()]
    assert 2 <= len(labels) < 12


def test_temperatures_have_ticks_at_both_ends(tmp_path: Path, figures: list[Figure]) -> None:
    DINO.succeed("temperatures", "--start", "Ty", "--count", 2, *SMALL, "--figure", tmp_path / "f.png")
    assert figures[0].axes[0].get_xticks().tolist() == [0, 1]


def test_legends_of_gradients_that_have_no_room_are_refused(tmp_path: Path) -> None:
    file = ("--figure", tmp_path / "f.png")
    line = DINO.refusal("vanishing-gradients", *SMALL, *file, status=2)
    assert line == "3 plots do not fit in 4 inches; choose one --cell"
    assert list(tmp_path.iterdir()) == []
    DINO.succeed("vanishing-gradients", "--cell", "rnn", "--hidden", 4, "--steps", 5, *SMALL, *file)


@pytest.mark.parametrize(("size", "plots"), [("4x3", 1), ("6x3", 2)])
def test_novelty_leaves_out_what_its_legend_leaves_no_room_for(
    tmp_path: Path, figures: list[Figure], size: str, plots: int
) -> None:
    looks = ("--size", size, "--figure", tmp_path / "f.png")
    DINO.succeed("novelty", "--count", 2, "--temperatures", "0.5,1", *looks)
    assert len(figures[0].axes) == plots
