"""Texts of figures can be read, in extreme cases too: none overlaps another, is cut, or is too small."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from nn_core.cli.confusion_plot import plot_confusion_matrix
from nn_core.cli.rate_search import RateSearch
from nn_core.cli.sweep import METRICS, Comparison, Curve, Trial
from nn_core.cli.sweep_plot import draw_comparison
from nn_core.plots import FigureFile, add_legend, drawing, figure_files, new_figure, series, styled, tidy
from nn_core.plots.legibility import drawn_texts, flaws
from nn_core.plots.styles import LEAST_POINTS, STYLES
from nn_core.training.learning_curves import natural_size, plot_learning_curves

LOOKS: dict[str, dict[str, Any]] = {
    "paper": {},
    "slide": {"style": "slide"},
    "small": {"size": (3.0, 2.0)},
    "wide": {"size": (16.0, 4.0)},
}
"""What a user may choose. The dark style differs from "slide" in colors only."""
SOME_LOOKS = [pytest.param(name, marks=() if name == "slide" else pytest.mark.slow) for name in LOOKS]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved, whose texts are checked."""
    figures: list[Figure] = []
    save = figure_files.save_figure

    def check(figure: Figure, path: Path, **looks: Any) -> None:
        save(figure, path, **looks)
        figures.append(figure)
        slide = path.stem in {"slide", "dark"}
        assert flaws(figure, least_points=LEAST_POINTS if slide else 0.0) == []

    monkeypatch.setattr(figure_files, "save_figure", check)
    return figures


def file_of(folder: Path, looks: str, suffix: str = ".png", **more: Any) -> FigureFile:
    return FigureFile(folder / f"{looks}{suffix}", **LOOKS[looks], **more)


class TestFlaws:
    def figure(self, *texts: tuple[float, float, str], **style: Any) -> Figure:
        with styled("paper"):
            figure = new_figure(4, 3)
            for x, y, text in texts:
                figure.text(x, y, text, **style)
        return figure

    def test_texts_apart(self) -> None:
        figure = self.figure((0.1, 0.1, "here"), (0.1, 0.5, "there"))
        assert flaws(figure) == []
        assert [(each.text, each.points) for each in drawn_texts(figure)] == [("here", 10.0), ("there", 10.0)]

    def test_overlapping_texts(self) -> None:
        assert flaws(self.figure((0.1, 0.1, "here"), (0.12, 0.11, "there"))) == ["'here' overlaps 'there'"]

    def test_turned_texts_side_by_side_do_not_overlap(self) -> None:
        turned = [(0.1 * i, 0.2, "a rather long label") for i in range(2, 5)]
        assert flaws(self.figure(*turned, rotation=45)) == []

    def test_a_text_that_is_cut(self) -> None:
        assert flaws(self.figure((0.9, 0.5, "too long for it"))) == [
            "'too long for it' is cut by the edge of the figure"
        ]

    def test_small_text(self) -> None:
        assert flaws(self.figure((0.1, 0.5, "fine print"), size=6), least_points=8) == ["'fine print' has 6 points"]

    def test_ticks_that_are_not_drawn_do_not_count(self) -> None:
        with styled("paper"):
            figure = new_figure(4, 3)
            axes = figure.subplots()
            axes.set_xticks(np.linspace(0, 1, 100), labels=["overlapping"] * 100)
            axes.axis("off")
        assert flaws(figure) == []


@pytest.mark.parametrize("labels", [("first", "second"), ("a rather long name", "an even longer name")])
@pytest.mark.parametrize("size", [(4.0, 3.0), (3.0, 2.5)])
def test_a_narrow_figure_has_its_note_above_its_legend(
    tmp_path: Path, drawn: list[Figure], size: tuple[float, float], labels: tuple[str, str]
) -> None:
    file = FigureFile(tmp_path / "narrow.png", size=size)
    with drawing(file, 8, 4, title="Two of them", note="lines: median of 3 seeds, bands: range") as figure:
        axes = figure.subplots()
        lines = [axes.plot([1, 1 + i], **series(i))[0] for i in range(2)]
        tidy(axes, x="step", y="loss")
        add_legend(figure, lines, labels, title="variant")
    assert drawn[0].get_supxlabel()
    renderer: Any = drawn[0].canvas.get_renderer()  # type: ignore[attr-defined]
    assert axes.get_window_extent(renderer).height > 0.2 * 72 * size[1]


def test_dark_slides_differ_in_colors_only() -> None:
    differing = {name for name, value in STYLES["slide"].params.items() if STYLES["dark"].params[name] != value}
    assert differing
    assert all("color" in name for name in differing)


@pytest.mark.parametrize("looks", SOME_LOOKS)
def test_confusion_matrix_of_many_classes_with_long_names(tmp_path: Path, drawn: list[Figure], looks: str) -> None:
    names = [f"{i} percent $x_{i}$ \\frac 5%\n of forty letters" for i in range(24)]
    confusion = np.eye(24, dtype=int) * 40
    plot_confusion_matrix(confusion, names, file_of(tmp_path, looks), data="signs")
    axes = drawn[0].axes[0]
    shown = [text.get_text() for text in axes.texts]
    assert len(shown) in (0, 24), "all counts or none"
    assert all("\n" not in label.get_text() for label in axes.get_yticklabels())


@pytest.mark.parametrize("looks", SOME_LOOKS)
def test_confusion_matrix_of_digits(tmp_path: Path, drawn: list[Figure], looks: str) -> None:
    confusion = np.eye(10, dtype=int) * 12_000
    plot_confusion_matrix(confusion, list("0123456789"), file_of(tmp_path, looks), data="digits")
    if looks == "slide":
        assert [text.get_text() for text in drawn[0].axes[0].texts] == ["12,000"] * 10
        assert drawn[0].get_suptitle() == "Confusion matrix, digits: 100.0% of 120,000 correct"


@pytest.mark.parametrize("looks", [each for each in SOME_LOOKS if each.values != ("small",)])
def test_twenty_five_variants(tmp_path: Path, drawn: list[Figure], looks: str) -> None:
    with drawing(file_of(tmp_path, looks), 11, 4.5, title="Loss of 25 variants") as figure:
        axes = figure.subplots()
        lines = [axes.plot([1, 1 + i], **series(i))[0] for i in range(25)]
        tidy(axes, x="step", y="loss")
        add_legend(figure, lines, [f"learning-rate={i}.0, momentum=0.9" for i in range(25)], title="variant")
    assert len(drawn) == 1


@pytest.mark.parametrize("looks", SOME_LOOKS)
def test_learning_curves_that_reach_100_percent(tmp_path: Path, drawn: list[Figure], looks: str) -> None:
    columns = {
        "training_loss": [0.5, 0.1, 0.001], "validation_loss": [0.6, 0.2, 0.1],
        "training_accuracy": [0.7, 1.0, 1.0], "validation_accuracy": [0.6, 0.9, 1.0],
    }  # fmt: skip
    with drawing(file_of(tmp_path, looks, ".jpg"), *natural_size(columns), title="Learning curves") as figure:
        plot_learning_curves(figure, columns, {})
    accuracy = drawn[0].axes[1]
    assert accuracy.get_ylim()[1] == 1.0
    assert not any(line.get_clip_on() for line in accuracy.lines), "markers at 100% are whole"


@pytest.mark.parametrize("looks", SOME_LOOKS)
def test_a_title_without_end(tmp_path: Path, drawn: list[Figure], looks: str) -> None:
    file = file_of(tmp_path, looks, title="loss $_ of 100% \\alpha and more " * 30)
    with drawing(file, 6, 4) as figure:
        tidy(figure.subplots(), x="step", y="loss")
    lines = drawn[0].get_suptitle().splitlines()
    assert lines[0].startswith("loss $_ of 100% \\alpha"[: len(lines[0])])


def test_long_chinese_titles_without_a_font_are_broken_into_lines(
    tmp_path: Path, drawn: list[Figure], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nn_core.plots.fonts._installed_fonts", lambda: iter([]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with drawing(file_of(tmp_path, "slide", title="混淆矩阵" * 10), 6, 4) as figure:
            figure.subplots()
    assert drawn[0].get_suptitle().startswith("U+6DF7U+6DC6")


def test_fonts_of_boxes_are_never_used() -> None:
    from nn_core.plots.fonts import _installed_fonts

    assert not [path for path in _installed_fonts() if "lastresort" in path.lower()]


class TestComparisons:
    """Two trials and many, with and without a baseline."""

    def comparison(self, trials: int, label: str, *, has_baseline: bool) -> Comparison:
        steps = list(range(0, 700, 7))
        curves = [
            Curve(
                0,
                steps=steps,
                epochs=list(range(len(steps))),
                seconds=[0.1 * step for step in steps],
                metrics={name: [0.5 + 0.01 * i + 1 / (1 + step) for step in steps] for name in METRICS},
            )
            for i in range(trials)
        ]
        named = tuple(Trial(label.format(i + 1), (curve, curve)) for i, curve in enumerate(curves))
        return Comparison(named, (0, 1), (0.5, 0.5) if has_baseline else ())

    @pytest.mark.parametrize("looks", SOME_LOOKS[:2])
    @pytest.mark.parametrize("trials", [pytest.param(2, marks=pytest.mark.slow), 25])
    def test_training_against_validation(self, drawn: list[Figure], tmp_path: Path, looks: str, trials: int) -> None:
        compared = self.comparison(trials, "0.00{}", has_baseline=False)
        title = "Training and validation loss with many L2 strengths, moons"
        draw_comparison(compared, file_of(tmp_path, looks), title=title, name="L2 strength")

    @pytest.mark.parametrize("looks", SOME_LOOKS[:2])
    @pytest.mark.parametrize("trials", [8, pytest.param(25, marks=pytest.mark.slow)])
    def test_a_search_and_times(self, drawn: list[Figure], tmp_path: Path, looks: str, trials: int) -> None:
        compared = self.comparison(trials, "momentum:beta=0.9{0} @ 1", has_baseline=True)
        rates = (0.001, 0.01, 0.1, 1.0, 2.0, 10.0)
        losses = {trial.label.split(" @ ")[0]: (3.0, 2.0, 1.0, 0.9, 0.95, 50.0) for trial in compared.trials}
        search = RateSearch(0, rates, losses)
        draw_comparison(compared, file_of(tmp_path, looks), title="Training loss", name="optimizer", search=search)
