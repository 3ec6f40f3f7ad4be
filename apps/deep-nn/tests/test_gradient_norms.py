"""Gradient norms by layer at the first step, against finite differences."""

import math
from dataclasses import replace

import numpy as np
import pytest

from deep_nn.gradient_norms import draw_gradient_norms, first_step_norms, medians, ratio_text
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


def test_medians_and_ratios() -> None:
    norms = [[1.0, 4.0, 100.0], [2.0, 5.0, 200.0], [6.0, 3.0, 300.0]]
    assert medians(norms) == [2, 4, 200]
    assert ratio_text(norms) == "1/100"
    assert ratio_text([[1.0, 37_450.0]]) == "1/37,000"
    assert ratio_text([[3.5, 1.0]]) == "3.5"
    assert ratio_text([[0.0, 0.0]]) == "0"
    assert ratio_text([[0.0, 1.0]]) == "0"
    assert ratio_text([[math.nan, 1.0]]) == "not finite"


def test_zeros_are_marked_on_the_end_of_a_logarithmic_axis() -> None:
    with styled("paper"):
        axes = new_figure(5, 4).subplots()
        draw_gradient_norms(axes, [[[1e-3, 1e-1], [1e-2, 1.0]], [[0.0, 0.5], [0.0, 0.5]]])
        line, _, other, zeros = axes.lines
    assert axes.get_yscale() == "log"
    assert line.get_ydata() == pytest.approx([5.5e-3, 0.55])
    assert np.isnan(other.get_ydata()[0])
    assert zeros.get_ydata() == [axes.get_ylim()[0]]
    assert "zero" in axes.get_xlabel()


def test_nothing_but_zeros_can_be_drawn() -> None:
    with styled("paper"):
        figure = new_figure(5, 4)
        draw_gradient_norms(figure.subplots(), [[[0.0, 0.0, 0.0]]])
        figure.draw_without_rendering()
