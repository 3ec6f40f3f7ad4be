"""Batches that are no arrays of real numbers are refused in words, by either backend."""

from typing import Any

import numpy as np
import pytest

from nn_core.engine.engine import Engine
from nn_core.errors import DataError
from nn_core.layers import Dense
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.reference import Backend, Reference


@pytest.fixture(params=["reference", "engine", "shards"])
def backend(request: pytest.FixtureRequest) -> Backend:
    network = Network([Dense(2)], input_shape=(3,))
    return Reference(network) if request.param == "reference" else Engine(network, shards=2)


@pytest.mark.parametrize("x", [[[1.0, 2.0, 3.0]], None, np.ones((1, 3), complex), np.full((1, 3), "a")])
def test_examples_that_are_no_array_of_real_numbers(backend: Backend, x: Any) -> None:
    with pytest.raises(DataError, match=r"takes (an array of examples|real numbers), not"):
        backend.predict(x)
    with pytest.raises(DataError, match=r"takes (an array of examples|real numbers), not"):
        backend.loss_and_gradients(x, np.zeros(1, int), softmax_cross_entropy)


@pytest.mark.parametrize("y", [[0], None, np.zeros(1), np.zeros(1, complex)])
def test_labels_that_are_no_array_of_integers(backend: Backend, y: Any) -> None:
    with pytest.raises(DataError, match="class labels are"):
        backend.loss_and_gradients(np.ones((1, 3)), y, softmax_cross_entropy)
