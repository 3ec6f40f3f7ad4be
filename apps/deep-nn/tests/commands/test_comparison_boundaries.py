"""`--boundaries` of the commands `compare-*`."""

from pathlib import Path
from typing import Any

import pytest
from command_line import json_of, refusal, succeed

from nn_core.plots.axes import lay_out
from nn_core.plots.legibility import flaws

TINY = ("--epochs", 2, "--seeds", 2, "--data", "moons:points=60")
SMALL = (*TINY, "--hidden", "4")


def test_there_is_a_panel_for_each_trial_with_both_accuracies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panels: list[Any] = []
    monkeypatch.setattr("deep_nn.boundary_panels.draw_boundaries", lambda given, *_, **__: panels.extend(given))
    found = json_of("compare-hidden", "", "3", *TINY, "--boundaries", tmp_path / "b.png")
    assert found["boundaries"] == str(tmp_path / "b.png")
    assert [panel.title for panel in panels] == ["hidden units none", "hidden units 3"]
    for panel, trial in zip(panels, found["trials"], strict=True):
        run = trial["runs"][0]
        assert panel.accuracies() == {part: run[f"{part}_accuracy"] for part in ("training", "validation")}


def test_a_small_figure_shows_less_but_legibly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: drawn.append(figure))
    succeed("compare-hidden", "2", "3", "4", *TINY, "--boundaries", tmp_path / "b.png", "--size", "4x3")
    for figure in drawn:
        lay_out(figure)
        assert flaws(figure) == []
    heights = [axes.get_window_extent().height / drawn[1].dpi for axes in drawn[1].axes[:3]]
    assert min(heights) > 0.3


@pytest.mark.parametrize("workers", [1, 2])
def test_they_are_drawn(tmp_path: Path, workers: int) -> None:
    options = ("--workers", workers, "--figure", tmp_path / "f.png", "--boundaries", tmp_path / "b.png")
    result = succeed("compare-learning-rates", "0.1", "1", "1e30", *SMALL, *options)
    assert result.stderr.splitlines()[-2:] == [
        "Note: no boundary for learning rate 1e+30, which diverged",
        f"wrote {tmp_path / 'b.png'}",
    ]
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")


def test_other_data_are_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,c,label\n" + "1,2,3,x\n2,3,4,y\n" * 5, "utf-8")
    options = ("--data", tmp_path / "t.csv", "--boundaries", tmp_path / "b.png")
    line = refusal("compare-l2", *options, status=1)
    assert line == "--boundaries needs a network with two numeric inputs; t.csv has others"
    (tmp_path / "t.csv").write_text("a,b,y\n" + "1,2,3.5\n2,3,4.5\n" * 5, "utf-8")
    line = refusal("compare-l2", *options, "--task", "regress", status=1)
    assert line == "--boundaries needs a network that predicts classes; t.csv predicts a number"
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
