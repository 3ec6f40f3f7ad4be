"""The probabilities of the next token, and how it is drawn from them."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nn_core.activations import softmax
from nn_core.arrays import Array
from nn_core.errors import DataError, SettingError
from nn_core.generate import draw, next_probabilities

NATS: Array = np.log([[0.1, 0.4, 0.2, 0.3]])
V = 6


# Probabilities


def test_at_temperature_1_they_are_those_of_softmax() -> None:
    logits = np.random.default_rng(0).normal(size=(5, 7))
    np.testing.assert_allclose(next_probabilities(logits), softmax(logits), rtol=1e-14)


def test_temperature_by_hand() -> None:
    # p^(1/T) over its sum: at T = 1/2 squares, 1 : 16 : 4 : 9 out of 30; at T = 2 roots.
    np.testing.assert_allclose(next_probabilities(NATS, temperature=0.5)[0], np.array([1, 16, 4, 9]) / 30, rtol=1e-12)
    roots = np.sqrt([0.1, 0.4, 0.2, 0.3])
    np.testing.assert_allclose(next_probabilities(NATS, temperature=2)[0], roots / roots.sum(), rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 4 / 7, 0, 3 / 7]),
        ({"top_k": 4}, [0.1, 0.4, 0.2, 0.3]),
        ({"top_k": 99}, [0.1, 0.4, 0.2, 0.3]),
        ({"top_p": 0.3}, [0, 1, 0, 0]),
        ({"top_p": 0.5}, [0, 4 / 7, 0, 3 / 7]),  # 0.4 alone does not reach it
        ({"top_p": 0.8}, [0, 4 / 9, 2 / 9, 3 / 9]),
        ({"top_p": 1.0}, [0.1, 0.4, 0.2, 0.3]),
        ({"top_p": 1e-9}, [0, 1, 0, 0]),
        ({"top_p": 1e-320}, [0, 1, 0, 0]),  # nothing in float32
        # Of the two that are kept, 4/7 alone reaches 0.5.
        ({"top_k": 2, "top_p": 0.5}, [0, 1, 0, 0]),
        # Squares, 16 : 9 : 4 : 1: three of them reach 29/30.
        ({"temperature": 0.5, "top_p": 0.9}, [0, 16 / 29, 4 / 29, 9 / 29]),
        ({"temperature": 0}, [0, 1, 0, 0]),
        ({"temperature": 0, "top_k": 3, "top_p": 0.9}, [0, 1, 0, 0]),
    ],
)
def test_what_is_kept_by_hand(settings: dict[str, Any], expected: list[float]) -> None:
    np.testing.assert_allclose(next_probabilities(NATS, **settings)[0], expected, rtol=1e-12)


def test_of_equals_the_first_are_kept() -> None:
    logits = np.zeros((1, 4))
    np.testing.assert_array_equal(next_probabilities(logits, top_k=2), [[0.5, 0.5, 0, 0]])
    np.testing.assert_array_equal(next_probabilities(logits, temperature=0), [[1, 0, 0, 0]])


@hypothesis_settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    temperature=st.sampled_from([0.0, 1e-300, 1e-3, 0.7, 1.0, 3.0, 1e300]),
    top_k=st.none() | st.integers(1, 8),
    top_p=st.none() | st.floats(0.01, 1.0),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_they_are_always_probabilities(
    seed: int, temperature: float, top_k: int | None, top_p: float | None, dtype: Any
) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=30.0, size=(4, 6)).astype(dtype)
    logits[0, 2] = -math.inf
    kept = logits.copy()
    p = next_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    assert p.dtype == dtype
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert ((p > 0).sum(axis=1) <= (top_k or 6)).all()
    assert (p[np.arange(4), logits.argmax(axis=1)] >= p.max(axis=1)).all()
    np.testing.assert_array_equal(logits, kept)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.1}, "and finite, not -0.1"),
        ({"temperature": math.nan}, "and finite, not nan"),
        ({"temperature": math.inf}, "and finite, not inf"),
        ({"top_k": 0}, "at least 1, not 0"),
        ({"top_p": 0.0}, r"\(0, 1\], not 0.0"),
        ({"top_p": 1.1}, r"\(0, 1\], not 1.1"),
        ({"top_p": math.nan}, r"\(0, 1\], not nan"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        next_probabilities(NATS, **settings)


# Drawing


class Fixed:
    """A generator of given numbers."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers

    def random(self, count: int) -> Array:
        assert count == len(self.numbers)
        return np.array(self.numbers)


@pytest.mark.parametrize("scale", [1.0, 4.0, 0.25])
def test_drawing_by_hand(scale: float) -> None:
    # Shares of [0, 1): nothing for tokens 0 and 3, [0, 1/4) token 1, [1/4, 1) token 2; p need
    # not sum to 1.
    p = np.tile([0.0, 0.25, 0.75, 0.0], (5, 1)) * scale
    rng: Any = Fixed(0.0, 0.2499, 0.25, 0.75, 1 - 2**-53)
    np.testing.assert_array_equal(draw(p, rng=rng), [1, 1, 2, 2, 2])


def test_rounding_of_the_sum_never_leaves_a_row_without_a_token() -> None:
    # Ten float32 tenths sum to 1.0000000149, and 0.3 thirds to less than 1.
    largest: Any = Fixed(*[1 - 2**-53] * 2)
    p = np.array([[0.1] * 10, [0.33333] * 3 + [0.0] * 7], np.float32)
    np.testing.assert_array_equal(draw(p, rng=largest), [9, 2])


@pytest.mark.parametrize("size", [1e-300, 5e-324, 1e300])
def test_very_small_and_very_large_weights(size: float) -> None:
    p = np.array([[0.0, size, size, 0.0]] * 50)
    tokens = draw(p, rng=np.random.default_rng(0))
    assert set(tokens.tolist()) == {1, 2}


@pytest.mark.parametrize("row", [[0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_what_has_no_positive_sum_is_refused(row: list[float]) -> None:
    p = np.array([[0.5, 0.5], row])
    with pytest.raises(DataError, match="a positive sum, not"):
        draw(p, rng=np.random.default_rng(0))


@hypothesis_settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_has_no_probability_is_never_drawn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.random((50, 5)).astype(np.float32) * (rng.random((50, 5)) < 0.5)
    p[:, 3] += p.sum(axis=1) == 0
    tokens = draw(p, rng=rng)
    assert (p[np.arange(50), tokens] > 0).all()


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_frequencies_are_the_probabilities(scale: float) -> None:
    p = next_probabilities(np.random.default_rng(0).normal(size=(1, V)))
    tokens = draw(scale * np.repeat(p, 20_000, axis=0), rng=np.random.default_rng(1))
    expected = 20_000 * p[0]
    chi_square = ((np.bincount(tokens, minlength=V) - expected) ** 2 / expected).sum()
    # Five degrees of freedom: above 20.5 once in a thousand seeds.
    assert chi_square < 20.5
