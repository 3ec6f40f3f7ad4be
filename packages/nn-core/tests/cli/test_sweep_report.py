"""A comparison as a table, as JSON and as a figure."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from nn_core.cli.sweep import Comparison, Curve, Trial
from nn_core.cli.sweep_report import draw_comparison, report_json, report_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOST = "the loss is nan at step 2"


def curve(seed: int, *losses: float, accuracy: float, diverged: str | None = None) -> Curve:
    steps = [1000 * i for i in range(len(losses))]
    return Curve(seed, steps, [0.5 * i for i in range(len(losses))], list(losses), accuracy, diverged)


PLAIN = Trial(
    "plain",
    (
        curve(7, 8.0, 0.5, 0.25, accuracy=0.75),
        curve(8, 8.5, 1.0, 0.5, accuracy=0.5),
        curve(9, 9.0, 2.0, 0.125, accuracy=1.0),
    ),
)
WILD = Trial("wild", tuple(curve(s, 8.0, math.inf, accuracy=math.nan, diverged=LOST) for s in (7, 8, 9)))
COMPARED = Comparison((PLAIN, WILD), (7, 8, 9), (0.25, 0.5, 0.125))


def strictly(text: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


class TestTable:
    def test_a_trial_is_a_line_of_medians(self) -> None:
        lines = report_table(COMPARED).splitlines()
        columns = [part.strip() for part in lines[0].split("  ") if part.strip()]
        assert columns == [
            "trial",
            "final loss",
            "lowest",
            "highest",
            "validation accuracy",
            "steps to baseline",
            "seconds",
        ]
        assert lines[1].split() == ["plain", "0.25", "0.125", "0.5", "75.0%", "2,000", "1.00"]
        assert len({len(line) for line in lines[:3]}) == 1

    def test_what_diverged_says_so_and_why(self) -> None:
        lines = report_table(COMPARED).splitlines()
        expected = ["wild", "diverged", "diverged", "diverged", "-", "never", "0.50"]
        assert lines[2].split() == expected
        assert lines[4:] == [f"wild, seed {seed}: {LOST}" for seed in (7, 8, 9)]

    def test_one_seed_in_three_may_diverge(self) -> None:
        mixed = Trial("mixed", (*PLAIN.curves[:2], WILD.curves[2]))
        line = report_table(replace(COMPARED, trials=(mixed,))).splitlines()[1]
        assert line.split()[1:4] == ["0.5", "0.25", "diverged"]

    def test_numbers_without_a_validation_set(self) -> None:
        curves = tuple(replace(found, validation_accuracy=math.nan, has_accuracy=False) for found in PLAIN.curves)
        lines = report_table(replace(COMPARED, trials=(Trial("plain", curves),))).splitlines()
        assert "validation loss" in lines[0]
        assert lines[1].split()[4] == "-"

    @pytest.mark.parametrize(("seeds", "words"), [(3, "3 seeds"), (1, "1 seed")])
    def test_the_note_names_the_target_and_the_seeds(self, seeds: int, words: str) -> None:
        trial = Trial("plain", PLAIN.curves[:seeds])
        compared = Comparison((trial,), COMPARED.seeds[:seeds], COMPARED.baseline_losses[:seeds])
        note = report_table(compared).splitlines()[2]
        assert note == (
            f"baseline: lowest loss of plain gradient descent for each seed, median 0.25; medians over {words}"
        )


class TestJson:
    def test_it_parses_strictly_and_has_all_metrics(self) -> None:
        result = strictly(json.dumps(report_json(COMPARED)))
        assert set(result) == {"seeds", "baseline_loss", "trials"}
        assert result["seeds"] == [7, 8, 9]
        assert result["baseline_loss"] == 0.25
        plain = result["trials"][0]
        assert {key: value for key, value in plain.items() if key != "runs"} == {
            "trial": "plain",
            "final_loss": 0.25,
            "final_loss_lowest": 0.125,
            "final_loss_highest": 0.5,
            "validation_accuracy": 0.75,
            "validation_loss": None,
            "steps_to_baseline": 2000,
            "seconds": 1.0,
        }
        assert plain["runs"][1] == {
            "seed": 8,
            "steps": [0, 1000, 2000],
            "seconds": [0.0, 0.5, 1.0],
            "losses": [8.5, 1.0, 0.5],
            "validation_accuracy": 0.5,
            "validation_loss": None,
            "diverged": None,
        }

    def test_what_is_no_number_is_null(self) -> None:
        wild = strictly(json.dumps(report_json(COMPARED)))["trials"][1]
        for name in (
            "final_loss",
            "final_loss_lowest",
            "final_loss_highest",
            "validation_accuracy",
            "validation_loss",
            "steps_to_baseline",
        ):
            assert wild[name] is None
        assert wild["runs"][0]["losses"] == [8.0, None]
        assert wild["runs"][0]["validation_accuracy"] is None
        assert wild["runs"][0]["diverged"] == LOST

    def test_a_target_that_is_no_number_is_null(self) -> None:
        lost = replace(COMPARED, baseline_losses=(math.nan, math.nan, math.nan))
        assert strictly(json.dumps(report_json(lost)))["baseline_loss"] is None


class TestFigure:
    @pytest.fixture
    def figure(self, monkeypatch: pytest.MonkeyPatch) -> "Figure":
        drawn: list[Figure] = []
        monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: drawn.append(figure))
        draw_comparison(COMPARED, Path("a.png"), title="a race")
        return drawn[0]

    def test_loss_by_step_is_beside_loss_by_second(self, figure: "Figure") -> None:
        by_step, by_second = figure.axes
        assert by_step.get_xlabel() == "step"
        assert by_second.get_xlabel() == "training time (s)"
        assert by_step.get_ylabel() == "training loss (nats)"
        assert list(by_step.lines[0].get_xdata()) == [0, 1000, 2000]
        assert list(by_second.lines[0].get_xdata()) == [0.0, 0.5, 1.0]
        for axes in (by_step, by_second):
            assert list(axes.lines[0].get_ydata()) == [8.5, 1.0, 0.25]

    def test_the_band_goes_from_the_lowest_to_the_highest(self, figure: "Figure") -> None:
        for axes in figure.axes:
            band = axes.collections[0].get_paths()[0].vertices
            edges = {x: sorted(band[band[:, 0] == x, 1]) for x in axes.lines[0].get_xdata()}
            found = [(ys[0], ys[-1]) for ys in edges.values()]
            assert found == [(8.0, 9.0), (0.5, 2.0), (0.125, 0.5)]

    def test_the_target_is_a_dotted_line(self, figure: "Figure") -> None:
        for axes in figure.axes:
            baseline = axes.lines[-1]
            assert set(baseline.get_ydata()) == {0.25}
            assert baseline.get_linestyle() == ":"

    def test_the_legend_and_the_title_say_what_is_seen(self, figure: "Figure") -> None:
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["plain", "wild (diverged)"]
        assert legend.get_title().get_text() == "trial"
        assert figure.get_suptitle() == "a race"
        assert figure.get_supxlabel().startswith("line: median of 3 seeds")

    def test_many_trials_are_distinct(self, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn: list[Figure] = []
        monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: drawn.append(figure))
        trials = tuple(Trial(str(i), PLAIN.curves[:1]) for i in range(12))
        draw_comparison(Comparison(trials, (7,), (0.25,)), Path("a.png"), title="many")
        lines = drawn[0].axes[0].lines[:12]
        assert len({(line.get_color(), line.get_marker()) for line in lines}) == 12
        assert drawn[0].get_supxlabel().startswith("one seed;")

    def test_it_is_written_even_if_everything_diverged(self, tmp_path: Path) -> None:
        draw_comparison(replace(COMPARED, trials=(WILD,)), tmp_path / "a.svg", title="lost")
        assert "</svg>" in (tmp_path / "a.svg").read_text(encoding="utf-8")
