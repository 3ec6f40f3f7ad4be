"""The layer that looks tokens up."""

import numpy as np
import oracles
import oracles_rnn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import assert_close

from nn_core.errors import DataError, SettingError
from nn_core.layers import Context, Embedding
from nn_core.network import Network


@settings(deadline=None)
@given(
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=3),
    dimensions=st.integers(1, 5),
    vocabulary_size=st.sampled_from([1, 2, 27, 1000]),
    seed=st.integers(0, 2**32 - 1),
)
def test_an_embedding_is_its_definition(shape: list[int], dimensions: int, vocabulary_size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(min(vocabulary_size, 1 + seed % 30), size=shape)
    W, d_y = rng.normal(size=(vocabulary_size, dimensions)), rng.normal(size=(*shape, dimensions))
    grads = {"W": np.full_like(W, np.nan)}
    layer, context = Embedding(vocabulary_size, dimensions), Context()
    y, cache = layer.forward(x, {"W": W}, context)
    assert y.shape == (*shape, dimensions)
    for index in np.ndindex(x.shape):
        np.testing.assert_array_equal(y[index], W[x[index]])
    assert layer.backward(d_y, cache, {"W": W}, grads, context) is None
    expected = oracles_rnn.embedding_backward(x, d_y, vocabulary_size)
    np.testing.assert_allclose(grads["W"], expected, rtol=1e-12, atol=1e-13)


def test_its_gradient_is_the_slope() -> None:
    rng = np.random.default_rng(0)
    layer, context = Embedding(4, 3), Context()
    x, d_y = np.array([[0, 2, 2], [3, 0, 2]]), rng.normal(size=(2, 3, 3))
    params = {"W": rng.normal(size=(4, 3))}
    grads = {"W": np.full((4, 3), np.nan)}
    _, cache = layer.forward(x, params, context)
    layer.backward(d_y, cache, params, grads, context)

    def loss() -> float:
        return float((d_y * layer.forward(x, params, context)[0]).sum())

    assert_close(grads["W"], oracles.finite_differences(loss, params["W"]))
    assert not grads["W"][1].any()  # a token that does not occur


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.int64, np.uint64])
def test_tokens_are_integers_of_any_width(dtype: type[np.integer]) -> None:
    layer, context = Embedding(5, 2), Context()
    W = np.arange(10.0).reshape(5, 2)
    x = np.array([4, 0, 4], dtype)
    y, cache = layer.forward(x, {"W": W}, context)
    np.testing.assert_array_equal(y, [[8, 9], [0, 1], [8, 9]])
    grads = {"W": np.empty_like(W)}
    layer.backward(np.ones((3, 2)), cache, {"W": W}, grads, context)
    np.testing.assert_array_equal(grads["W"][:, 0], [1, 0, 0, 0, 2])


@pytest.mark.parametrize(("token", "dtype"), [(-1, np.int64), (3, np.uint8), (2**40, np.int64), (2**63, np.uint64)])
def test_what_is_not_a_token_is_refused(token: int, dtype: type[np.integer]) -> None:
    x = np.array([0, token, 1], dtype)
    with pytest.raises(DataError, match=f"token {token} is outside 0 to 2"):
        Embedding(3, 2).forward(x, {"W": np.zeros((3, 2))}, Context())


@pytest.mark.parametrize(("shape", "expected"), [((), (2,)), ((None,), (None, 2)), ((4,), (4, 2)), ((4, 5), (4, 5, 2))])
def test_any_leading_axes(shape: tuple[int | None, ...], expected: tuple[int | None, ...]) -> None:
    assert Embedding(3, 2).output_shape(shape) == expected
    network = Network([Embedding(3, 2)], input_shape=shape, rng=np.random.default_rng(0))
    x = np.ones((6, *(3 if size is None else size for size in shape)), int)
    np.testing.assert_array_equal(network[0](x), network.params["0/W"][x])


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SettingError, match="at least one dimension, not 0"):
        Embedding(3, 0)
    with pytest.raises(SettingError, match="at least one token, not -1"):
        Embedding(-1, 2)
    with pytest.raises(SettingError, match="unknown initializer"):
        Embedding(3, 2, initializer="nrmal")
