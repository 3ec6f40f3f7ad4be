"""The layer that looks words up."""

import numpy as np
import oracles_rnn
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.layers import Context, Embedding
from nn_core.layers.embedding import SMALL


@given(
    count=st.integers(1, 40),
    dimensions=st.integers(1, 5),
    vocabulary=st.sampled_from([1, 2, 27, SMALL, SMALL + 1, 1000]),
    seed=st.integers(0, 2**32 - 1),
)
def test_an_embedding_is_its_definition(
    count: int, dimensions: int, vocabulary: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(min(vocabulary, 1 + seed % 30), size=count)
    W, d_y = rng.normal(size=(vocabulary, dimensions)), rng.normal(size=(count, dimensions))
    grads = {"W": np.full_like(W, np.nan)}
    layer, context = Embedding(dimensions, vocabulary), Context(np.float64)
    y, cache = layer.forward(x, {"W": W}, context)
    np.testing.assert_array_equal(y, [W[word] for word in x])
    assert layer.backward(d_y, cache, {"W": W}, grads, context) is None
    expected = oracles_rnn.embedding_backward(x, d_y, vocabulary)
    np.testing.assert_allclose(grads["W"], expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64])
@pytest.mark.parametrize("vocabulary", [5, SMALL + 1])
def test_words_are_integers_of_any_width(dtype: type[np.integer], vocabulary: int) -> None:
    layer, context = Embedding(2, vocabulary), Context(np.float64)
    W = np.arange(2.0 * vocabulary).reshape(vocabulary, 2)
    x = np.array([4, 0, 4], dtype)
    y, cache = layer.forward(x, {"W": W}, context)
    np.testing.assert_array_equal(y, [[8, 9], [0, 1], [8, 9]])
    grads = {"W": np.empty_like(W)}
    layer.backward(np.ones((3, 2)), cache, {"W": W}, grads, context)
    np.testing.assert_array_equal(grads["W"][:5, 0], [1, 0, 0, 0, 2])
    assert not grads["W"][5:].any()


@pytest.mark.parametrize("word", [-1, 3, 2**40])
def test_numbers_that_are_no_words_are_refused(word: int) -> None:
    with pytest.raises(DataError, match=f"{word} is no word of a vocabulary of 0 to 2"):
        Embedding(2, 3).forward(np.array([0, word, 1]), {"W": np.zeros((3, 2))}, Context())


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SettingError, match="at least one dimension, not 0"):
        Embedding(0, 3)
    with pytest.raises(SettingError, match="at least one word, not -1"):
        Embedding(2, -1)
    with pytest.raises(SettingError, match="unknown initializer"):
        Embedding(2, 3, "nrmal")
    with pytest.raises(ShapeError, match=r"shape \(\), got \(4,\)"):
        Embedding(2, 3).output_shape((4,))
