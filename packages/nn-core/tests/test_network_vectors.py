"""Sizes that a network tells: steps of padded sequences, and numbers of a gradient."""

import numpy as np
import pytest

from nn_core.layers import Dense, MeanOverTime
from nn_core.network import Network


@pytest.mark.parametrize("features", [(2,), (1, 2)])
def test_a_sequence_ends_with_its_last_step_that_is_not_padding(features: tuple[int, ...]) -> None:
    network = Network([MeanOverTime(), Dense(1)], input_shape=(None, *features), padding=0.0)
    x = np.zeros((3, 4, *features), np.float32)
    x[0, [0, 2]] = 5.0  # a step of zeros in between counts
    x[1, 3, ..., 1] = 5.0
    np.testing.assert_array_equal(network.lengths(x), [3, 4, 1])


def test_the_gradient_of_tied_parameters_is_that_of_their_owner() -> None:
    network = Network([Dense(2), Dense(2)], input_shape=(2,), tied={"1/W": "0/W"}, seed=0)
    vector, gradients = network.new_gradients()
    gradients["0/W"][...], gradients["1/W"][...] = 3.0, 4.0
    gradients["0/b"][...], gradients["1/b"][...] = 1.0, 2.0
    found = network.finish_gradients(vector)
    assert found.shape == network.vector.shape == (8,)
    named = network.named(found)
    assert {name: array.ravel().tolist() for name, array in named.items()} == {
        "0/W": [7.0] * 4,
        "0/b": [1.0] * 2,
        "1/b": [2.0] * 2,
    }
