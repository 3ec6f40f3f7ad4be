"""The bench compares only what is the same: its own check has to notice what is not."""

import re

import numpy as np
import pytest

from bench import machine, ours
from bench.mlps import mlp
from bench.parity import Outcome, ParityError, check_same
from bench.sides import Settings
from bench.training import training_sides

TASK = mlp((6, 5, 3), 4)


def outcome() -> Outcome:
    return ours.outcome(TASK, ours.network_of(TASK))


def test_the_same_passes():
    assert check_same("x", "peer", outcome(), outcome()) == 0.0


@pytest.mark.parametrize("name", ["0/W", "0/b", "2/W", "2/b"])
def test_one_wrong_number_in_a_gradient_is_named(name):
    expected, wrong = outcome(), outcome()
    wrong.arrays[name].flat[0] += 0.01 * np.linalg.norm(wrong.arrays[name])
    with pytest.raises(ParityError, match=rf"case: nn-core and peer differ in {re.escape(name)}"):
        check_same("case", "peer", expected, wrong)


@pytest.mark.parametrize("factor", [1.001, float("nan")])
def test_another_loss_is_noticed(factor):
    expected = outcome()
    wrong = Outcome(expected.loss * factor, expected.arrays)
    with pytest.raises(ParityError, match="the loss"):
        check_same("case", "peer", expected, wrong)


def test_a_gradient_that_is_missing_or_of_another_shape_is_noticed():
    expected = outcome()
    fewer = {name: array for name, array in expected.arrays.items() if name != "2/b"}
    with pytest.raises(ParityError, match="peer has"):
        check_same("case", "peer", expected, Outcome(expected.loss, fewer))
    row = expected.arrays | {"2/b": expected.arrays["2/b"][None]}
    with pytest.raises(ParityError, match=r"2/b of peer is \(1, 3\)"):
        check_same("case", "peer", expected, Outcome(expected.loss, row))


def test_every_side_of_a_small_network_agrees_and_takes_a_step():
    with machine.limited_to(1):
        for side in training_sides(TASK, Settings(1, 2, compile_seconds=0)):
            side.step()
