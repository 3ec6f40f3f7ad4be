"""Subsets of lazy arrays."""

import numpy as np
from training_data import Stored

from nn_core.batches.subset import Subset, take_examples

X = np.arange(12, dtype=np.float32).reshape(6, 2)
ROWS = np.array([4, 0, 3])


def test_a_subset_reads_its_rows() -> None:
    stored = Stored(X)
    subset = take_examples(stored, ROWS)
    assert isinstance(subset, Subset)
    assert (len(subset), subset.shape, subset.dtype) == (3, (3, 2), np.float32)
    np.testing.assert_array_equal(subset[:], X[ROWS])
    np.testing.assert_array_equal(subset[1:], X[[0, 3]])
    out = np.zeros((2, 2), np.float32)
    subset.read(np.array([2, 0]), out)
    np.testing.assert_array_equal(out, X[[3, 4]])


def test_rows_of_an_array_are_an_array() -> None:
    taken = take_examples(X, ROWS)
    assert isinstance(taken, np.ndarray)
    np.testing.assert_array_equal(taken, X[ROWS])
