"""A comparison as a table, as JSON and as a figure."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from nn_core.cli.rate_search import RateSearch
from nn_core.cli.sweep import Comparison, Curve, Trial
from nn_core.cli.sweep_plot import draw_comparison
from nn_core.cli.sweep_report import report_json, report_table, time_note

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

LOST = "the loss is nan at step 2"


def curve(seed: int, *losses: float, accuracy: float, diverged: str | None = None) -> Curve:
    points = range(len(losses))
    metrics = {
        "training_loss": list(losses),
        "training_accuracy": [1.0 for _ in points],
        "validation_loss": [2.0 * loss for loss in losses],
        "validation_accuracy": [accuracy for _ in points],
    }
    return Curve(seed, [1000 * i for i in points], list(points), [0.5 * i for i in points], metrics, diverged)


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
FIT = replace(COMPARED, baseline_losses=())


def only(comparison: Comparison, *kept: str) -> Comparison:
    """A comparison with some of its metrics."""
    trials = [
        Trial(trial.label, tuple(replace(c, metrics={name: c.metrics[name] for name in kept}) for c in trial.curves))
        for trial in comparison.trials
    ]
    return replace(comparison, trials=tuple(trials))


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
            "training accuracy",
            "validation accuracy",
            "steps to baseline",
            "seconds",
        ]
        assert lines[1].split() == ["plain", "0.25", "0.125", "0.5", "100.0%", "75.0%", "2,000", "1.0"]
        assert len({len(line) for line in lines[:3]}) == 1

    def test_what_diverged_says_so_and_why(self) -> None:
        lines = report_table(COMPARED).splitlines()
        expected = ["wild", "diverged", "diverged", "diverged", "-", "-", "never", "0.5"]
        assert lines[2].split() == expected
        assert lines[4:] == [f"wild, seed {seed}: {LOST}" for seed in (7, 8, 9)]

    def test_one_seed_in_three_may_diverge(self) -> None:
        mixed = Trial("mixed", (*PLAIN.curves[:2], WILD.curves[2]))
        line = report_table(replace(COMPARED, trials=(mixed,))).splitlines()[1]
        assert line.split()[1:4] == ["0.5", "0.25", "diverged"]

    def test_regression_has_a_validation_loss_if_there_is_a_validation_set(self) -> None:
        for kept, shown in ((("training_loss", "validation_loss"), "0.5"), (("training_loss",), "-")):
            lines = report_table(only(COMPARED, *kept)).splitlines()
            assert "validation loss" in lines[0]
            assert "accuracy" not in lines[0]
            assert lines[1].split()[4] == shown

    def test_without_a_baseline_it_is_training_against_validation(self) -> None:
        table = report_table(FIT, "L2 strength", ["a note"]).splitlines()
        columns = [part.strip() for part in table[0].split("  ") if part.strip()]
        expected = ["L2 strength", "training loss", "validation loss", "training accuracy", "validation accuracy"]
        assert columns == expected
        assert table[1].split() == ["plain", "0.25", "0.5", "100.0%", "75.0%"]
        assert table[2].split() == ["wild", "diverged", "diverged", "-", "-"]
        assert table[3:5] == ["medians over 3 seeds", "a note"]

    def test_times_that_cannot_be_compared_are_not_shown(self) -> None:
        assert time_note(COMPARED) == ""
        parallel = replace(COMPARED, takes_turns=False)
        assert "seconds" not in report_table(parallel)
        assert time_note(parallel) == "times are compared only with one worker"
        short = replace(COMPARED, trials=(Trial("short", (curve(7, 8.0, 0.5, accuracy=0.5),) * 3),))
        assert "seconds" not in report_table(short)
        assert time_note(short) == "times are not compared: runs take less than 1 s"

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
            "training_accuracy": 1.0,
            "validation_accuracy": 0.75,
            "validation_loss": 0.5,
            "steps_to_baseline": 2000,
            "seconds": 1.0,
        }
        assert plain["runs"][1] == {
            "seed": 8,
            "steps": [0, 1000, 2000],
            "epochs": [0, 1, 2],
            "seconds": [0.0, 0.5, 1.0],
            "losses": [8.5, 1.0, 0.5],
            "training_accuracies": [1.0, 1.0, 1.0],
            "validation_losses": [17.0, 2.0, 1.0],
            "validation_accuracies": [0.5, 0.5, 0.5],
            "training_accuracy": 1.0,
            "validation_accuracy": 0.5,
            "validation_loss": 1.0,
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
    def draw(self, monkeypatch: pytest.MonkeyPatch) -> "Callable[..., Figure]":
        drawn: list[Figure] = []
        monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: drawn.append(figure))

        def draw(comparison: Comparison, **options: Any) -> "Figure":
            draw_comparison(comparison, Path("a.png"), title="a race", **options)
            return drawn[-1]

        return draw

    def test_loss_by_step_and_by_time(self, draw: "Callable[..., Figure]") -> None:
        by_step, by_second = draw(COMPARED).axes
        assert by_step.get_xlabel() == "step"
        assert by_second.get_xlabel() == "training time (s)"
        assert by_step.get_ylabel() == "training loss (nats)"
        line = thick(by_step)[0]
        assert list(line.get_xdata()) == [0, 1000, 2000]
        assert list(line.get_ydata()) == [8.5, 1.0, 0.25]
        times = thick(by_second)[0]
        assert (min(times.get_xdata()), max(times.get_xdata())) == (0.0, 1.0)
        assert max(times.get_ydata()) == 8.5
        assert min(times.get_ydata()) == pytest.approx(0.25, rel=0.05)

    def test_times_that_cannot_be_compared_are_not_drawn(self, draw: "Callable[..., Figure]") -> None:
        (by_step,) = draw(replace(COMPARED, takes_turns=False)).axes
        assert by_step.get_xlabel() == "step"

    def test_loss_by_epoch_where_epochs_differ_in_steps(self, draw: "Callable[..., Figure]") -> None:
        slow = Trial("slow", tuple(replace(c, steps=[10 * s for s in c.steps]) for c in PLAIN.curves))
        by_step, by_epoch = draw(replace(COMPARED, trials=(PLAIN, slow), takes_turns=False)).axes
        assert by_step.get_xlabel() == "step (log scale above 10)"
        assert by_epoch.get_xlabel() == "epoch"
        assert [list(line.get_xdata()) for line in thick(by_epoch)] == [[0, 1, 2]] * 2

    def test_the_loss_is_averaged_over_a_part_of_the_run(self, draw: "Callable[..., Figure]") -> None:
        noisy = Trial("noisy", (curve(7, *([8.0, 1.0, 3.0, 0.5] * 10), accuracy=0.5),))
        (line,) = draw(Comparison((noisy,), (7,), (0.5,), takes_turns=False)).axes[0].lines
        assert list(line.get_ydata())[:5] == [8.0, 1.0, (1.0 + 3.0) / 2, (3.0 + 0.5) / 2, (0.5 + 8.0) / 2]

    def test_the_band_goes_from_the_lowest_to_the_highest(self, draw: "Callable[..., Figure]") -> None:
        axes = draw(COMPARED).axes[0]
        band = axes.collections[0].get_paths()[0].vertices
        edges = {x: sorted(band[band[:, 0] == x, 1]) for x in thick(axes)[0].get_xdata()}
        assert [(ys[0], ys[-1]) for ys in edges.values()] == [(8.0, 9.0), (0.5, 2.0), (0.125, 0.5)]

    def test_the_target_is_a_dotted_line(self, draw: "Callable[..., Figure]") -> None:
        for axes in draw(COMPARED, has_target=True).axes:
            baseline = axes.lines[-1]
            assert set(baseline.get_ydata()) == {0.25}
            assert baseline.get_linestyle() == ":"

    def test_the_legend_and_the_title_say_what_is_seen(self, draw: "Callable[..., Figure]") -> None:
        figure = draw(COMPARED, name="learning rate")
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["plain", "wild (diverged)"]
        assert legend.get_title().get_text() == "learning rate"
        assert figure.get_suptitle() == "a race"
        assert "median of 3 seeds, bands: range" in figure.get_supxlabel().replace("\n", " ")

    def test_without_a_baseline_training_stands_beside_validation(self, draw: "Callable[..., Figure]") -> None:
        figure = draw(FIT, name="L2 strength")
        training, validation, accuracies = figure.axes
        assert [axes.get_title(loc="left") for axes in figure.axes] == [
            "training loss",
            "validation loss",
            "final accuracy",
        ]
        assert training.get_ylabel() == "loss (nats)"
        assert list(training.lines[0].get_ydata()) == [8.5, 1.0, 0.25]
        assert list(validation.lines[0].get_ydata()) == [17.0, 2.0, 0.5]
        assert training.get_ylim() == validation.get_ylim()
        assert list(accuracies.lines[0].get_xdata()) == [1.0, 0.75]
        ends = [line for line in accuracies.lines if len(list(line.get_xdata())) == 1][:2]
        assert [line.get_xdata()[0] for line in ends] == [1.0, 0.75]  # type: ignore[index]
        filled = [line.get_markerfacecolor() for line in ends]
        assert (filled[0] == ends[0].get_color(), filled[1]) == (True, "none"), "filled is training"
        assert [label.get_text() for label in accuracies.get_yticklabels()] == ["plain", "wild"]

    def test_regression_ends_in_losses(self, draw: "Callable[..., Figure]") -> None:
        *_, losses = draw(only(FIT, "training_loss", "validation_loss")).axes
        assert losses.get_title(loc="left") == "final loss"
        assert list(losses.lines[0].get_xdata()) == [0.25, 0.5]

    def test_without_validation_it_is_training_only(self, draw: "Callable[..., Figure]") -> None:
        (training,) = draw(only(FIT, "training_loss", "training_accuracy")).axes
        assert training.get_ylabel() == "training loss (nats)"

    def test_a_search_is_drawn_with_a_ring_around_the_rate_that_was_chosen(self, draw: "Callable[..., Figure]") -> None:
        search = RateSearch(0, (0.1, 1.0, 10.0), {"adam": (3.0, 2.0, math.inf)})
        named = replace(COMPARED, trials=(replace(PLAIN, label="adam @ 1"),), takes_turns=False)
        _, rates = draw(named, search=search).axes
        line, ring = rates.lines
        assert list(line.get_xdata()) == [0.1, 1.0, 10.0]
        assert list(line.get_ydata())[:2] == [3.0, 2.0]
        assert line.get_ydata()[2] > rates.get_ylim()[1]
        assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([1.0], [2.0])

    def test_many_trials_are_distinct(self, draw: "Callable[..., Figure]") -> None:
        trials = tuple(Trial(str(i), PLAIN.curves[:1]) for i in range(25))
        figure = draw(Comparison(trials, (7,), (0.25,)))
        lines = thick(figure.axes[0])
        assert len({(line.get_color(), line.get_marker(), str(line.get_linestyle())) for line in lines}) == 25
        assert "one seed" in figure.get_supxlabel()
        assert not figure.axes[0].collections

    def test_losses_far_above_the_start_do_not_stretch_the_axis(self, draw: "Callable[..., Figure]") -> None:
        exploding = Trial("exploding", (curve(7, 8.0, 1e30, accuracy=0.5),))
        axes = draw(Comparison((PLAIN, exploding), (7,), (0.25,), takes_turns=False)).axes[0]
        assert axes.get_ylim()[1] < 100

    def test_it_is_written_even_if_everything_diverged(self, tmp_path: Path) -> None:
        for comparison in (COMPARED, FIT):
            draw_comparison(replace(comparison, trials=(WILD,)), tmp_path / "a.svg", title="lost")
            assert "</svg>" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def thick(axes: "Axes") -> "list[Line2D]":
    """The lines of the legend."""
    return [line for line in axes.lines if not str(line.get_label()).startswith("_")]
