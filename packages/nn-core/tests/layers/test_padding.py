"""Lengths of padded sequences apply only while the steps are those of the input."""

import pytest

from nn_core.errors import SettingError
from nn_core.layers import (
    LSTM,
    Chain,
    Dense,
    Flatten,
    LastStep,
    Layer,
    MeanOverTime,
    Parallel,
    Reshape,
    Residual,
    Select,
)
from nn_core.network import Network


@pytest.mark.parametrize(
    "layers",
    [
        [LSTM(3), LastStep(), Dense(2)],
        [Residual([Dense(4), "tanh"]), Chain([LSTM(3), MeanOverTime()])],
        [Select([0, 2]), Dense(3), LastStep()],
        [Parallel([[LSTM(3), LastStep()], MeanOverTime()])],
        [Parallel([[LSTM(3), LastStep()], [Flatten(), Dense(2)]])],
        [Reshape((5, 2, 2)), LastStep()],
        [LSTM(3), LastStep(), Reshape((3, 1)), LSTM(2), Flatten()],
    ],
)
def test_steps_of_the_input(layers: list[Layer]) -> None:
    assert Network(layers, input_shape=(5, 4), padding=0).padding == 0


@pytest.mark.parametrize(
    "layers",
    [
        [Reshape((10, 2)), LSTM(3), LastStep()],
        [LSTM(3), LastStep(), Reshape((3, 1)), LSTM(2), LastStep()],
        [LSTM(3), MeanOverTime(), Reshape((3, 1)), MeanOverTime()],
        [Reshape((2, 10)), Parallel([[LSTM(3), LastStep()]])],
        [Chain([Reshape((10, 2))]), Residual([Dense(2)]), LastStep()],
    ],
)
def test_other_steps_are_refused(layers: list[Layer]) -> None:
    with pytest.raises(SettingError, match="needs the steps of the padded input"):
        Network(layers, input_shape=(5, 4), padding=0)
    Network(layers, input_shape=(5, 4))
