"""Gradient norms by layer at the first step, against finite differences."""

import math
from dataclasses import replace

import numpy as np
import pytest

from deep_nn.gradient_norms import GradientNorms, ends_text, first_step_norms, medians
from deep_nn.settings import NetworkSettings
from deep_nn.setup import build_trainer
from nn_core.plots import new_figure, styled

SETTINGS = NetworkSettings(
    data="moons:points=40", test=None, validation=0.2, hidden="3,2", activation="sigmoid", initializer="xavier",
    dropout="0", optimizer="adam", learning_rate=None, schedule="constant", batch_size=8, epochs=2, l2=0.0,
    clip_norm=None, early_stopping=None, seed=3, dtype="float64",
)  # fmt: skip


def test_they_match_finite_differences_of_the_first_batch() -> None:
    trainer = build_trainer(SETTINGS)
    network, loss = trainer.network, trainer.recipe.loss
    x, y, _ = trainer.batches.batch((3, 1))
    assert len(x) == 8
    expected = []
    for name in ("0/W", "2/W", "4/W"):
        weights, squares, h = network.params[name], 0.0, 1e-5
        for at in np.ndindex(weights.shape):
            before = weights[at]
            weights[at] = before + h
            above = loss(network(x), y)[0]
            weights[at] = before - h
            squares += ((above - loss(network(x), y)[0]) / (2 * h)) ** 2
            weights[at] = before
        expected.append(math.sqrt(squares))
    assert first_step_norms(trainer) == pytest.approx(expected, rel=1e-6)


def test_they_are_those_of_the_step_that_is_then_taken() -> None:
    """With plain gradient descent, the step changes W by learning rate times gradient."""
    for more in ({}, {"dropout": "0.5"}):
        trainer = build_trainer(replace(SETTINGS, optimizer="gradient-descent", learning_rate=0.5, **more))
        norms = first_step_norms(trainer)
        before = {name: array.copy() for name, array in trainer.network.params.items()}
        trainer.step()
        moved = [np.linalg.norm(trainer.network.params[name] - before[name]) for name in before if name.endswith("/W")]
        assert norms == pytest.approx([float(move) / 0.5 for move in moved], rel=1e-9)


def test_they_count_the_weights_of_the_examples() -> None:
    plain, weighted = (build_trainer(replace(SETTINGS, class_weight=given)) for given in (None, "upper=5,lower=1"))
    assert first_step_norms(plain) != pytest.approx(first_step_norms(weighted), rel=1e-3)


def test_medians_and_ends() -> None:
    norms = [[1.0, 4.0, 1.234e-7], [2.0, 5.0, 2.345e-7], [6.0, 3.0, 3.456e-7]]
    assert medians(norms) == [2, 4, 2.345e-7]
    assert ends_text(norms) == "2, 2.3e-7"
    assert ends_text([[0.0, math.nan]]) == "0, nan"


def test_without_any_gradient_the_axis_begins_at_zero() -> None:
    with styled("paper"):
        axes = new_figure(5, 4).subplots()
        GradientNorms(("zeros",), ([[0.0, 0.0]],)).draw(axes)
    assert (axes.get_ylim()[0], axes.get_yscale(), axes.get_yticks().tolist()) == (0, "linear", [0])
    assert axes.lines[-1].get_ydata() == pytest.approx([0, 0])


def test_zeros_are_marked_on_the_end_of_a_logarithmic_axis() -> None:
    with styled("paper"):
        axes = new_figure(5, 4).subplots()
        GradientNorms(("a", "zeros"), ([[1e-3, 1e-1], [1e-2, 1.0]], [[0.0, 0.5], [0.0, 0.5]])).draw(axes)
        line, other, zeros = axes.lines
    assert axes.get_yscale() == "log"
    assert list(line.get_ydata()) == pytest.approx([5.5e-3, 0.55])
    assert np.isnan(other.get_ydata()[0])
    assert list(zeros.get_ydata()) == [axes.get_ylim()[0]]
    assert "0" in axes.get_xlabel()


@pytest.mark.parametrize("norm", [0.0, math.nan, math.inf])
def test_what_a_logarithmic_axis_cannot_show_can_be_drawn(norm: float) -> None:
    with styled("paper"):
        figure = new_figure(5, 4)
        GradientNorms(("a",), ([[norm, norm, norm]],)).draw(figure.subplots())
        figure.draw_without_rendering()


def test_the_axes_keep_their_width() -> None:
    """Nothing is drawn far outside of the axes, for which the layout would make room."""
    with styled("slide"):
        figure = new_figure(10, 5)
        axes = figure.subplots(1, 2)
        GradientNorms(("a", "b"), ([[1e-3, 1e-1]], [[0.0, 0.5]])).draw(axes[1])
        figure.draw_without_rendering()
        assert axes[1].get_position().width > 0.3
