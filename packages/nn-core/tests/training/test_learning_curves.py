"""Plots of learning curves."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from nn_core.plots.figure_files import save_figure
from nn_core.training.history import History


def history_of(*losses: float, accuracy: bool = True) -> History:
    history = History()
    for epoch, loss in enumerate(losses, start=1):
        row = {"epoch": float(epoch), "training_loss": loss, "validation_loss": 2 * loss}
        if accuracy:
            row |= {"training_accuracy": 0.5, "validation_accuracy": 0.25}
        history.append(row)
    return history


def test_panels_for_loss_and_accuracy() -> None:
    figure = history_of(4.0, 0.25).plot("moons")
    assert type(figure) is Figure
    loss, accuracy = figure.axes
    lines = {line.get_label(): list(line.get_ydata()) for line in loss.lines}
    assert lines == {"training": [4.0, 0.25], "validation": [8.0, 0.5]}
    assert [list(line.get_xdata()) for line in loss.lines] == [[1, 2], [1, 2]]
    lines = {line.get_label(): list(line.get_ydata()) for line in accuracy.lines}
    assert lines == {"training": [0.5, 0.5], "validation": [0.25, 0.25]}
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    assert (loss.get_title("left"), accuracy.get_title("left")) == ("Loss", "Accuracy")
    assert figure.get_suptitle() == "moons"


def test_without_other_metrics_there_is_one_panel() -> None:
    figure = history_of(1.0, 0.5, accuracy=False).plot()
    (loss,) = figure.axes
    assert loss.get_yscale() == "linear"
    assert figure.get_suptitle() == ""


def test_metrics_of_regression_have_panels_of_their_own() -> None:
    history = History({"training_loss": [1.0], "validation_loss": [1.0], "validation_mean_absolute_error": [0.5]})
    _, error = history.plot().axes
    assert error.get_ylabel() == "mean absolute error"
    assert [list(line.get_xdata()) for line in error.lines] == [[1]]


def test_a_loss_that_is_not_finite_can_be_drawn(tmp_path: Path) -> None:
    save_figure(history_of(1.0, np.nan, np.inf).plot("gaps"), tmp_path / "a.svg")
    assert (tmp_path / "a.svg").is_file()
