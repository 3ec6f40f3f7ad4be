"""Sampling: what is drawn, how often, and that it costs the same at every step."""

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from nn_core.activations import softmax
from nn_core.engine.thread_pool import ThreadPool
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.generate import draw, generate, next_probabilities, sample
from nn_core.layers import CELLS, GRU, LSTM, Dense, Embedding, Recurrent
from nn_core.network import Network

MODULE = importlib.import_module("nn_core.generate")
"""The module, whose name in the package may be that of its function."""
V = 6
NATS = np.log([[0.1, 0.4, 0.2, 0.3]])


def network_of(*cells: Recurrent, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    layers = [Embedding(4, V), *(cells or (LSTM(5), GRU(5))), Dense(V)]
    network = Network(layers, input_shape=(), rng=rng, dtype=np.float64, over_time=True)
    network.parameters *= 2.0  # so that words differ in their odds
    return network


def greedy(network: Network, prefix: np.ndarray, steps: int) -> np.ndarray:
    """The likeliest word, again and again, each time from the whole text."""
    text = prefix
    for _ in range(steps):
        words = network.predict(text)[:, -1].argmax(axis=1)
        text = np.concatenate([text, words[:, None]], axis=1)
    return text[:, prefix.shape[1] :]


# Probabilities


def test_at_temperature_1_they_are_those_of_softmax() -> None:
    logits = np.random.default_rng(0).normal(size=(5, 7))
    np.testing.assert_allclose(next_probabilities(logits), softmax(logits), rtol=1e-14)


def test_temperature_by_hand() -> None:
    # p^(1/T) over its sum: at T = 1/2 squares, 1 : 16 : 4 : 9 out of 30; at T = 2 roots.
    np.testing.assert_allclose(
        next_probabilities(NATS, temperature=0.5)[0], np.array([1, 16, 4, 9]) / 30, rtol=1e-12
    )
    roots = np.sqrt([0.1, 0.4, 0.2, 0.3])
    np.testing.assert_allclose(
        next_probabilities(NATS, temperature=2)[0], roots / roots.sum(), rtol=1e-12
    )


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
        # Of the two that stay, 4/7 alone reaches 0.5.
        ({"top_k": 2, "top_p": 0.5}, [0, 1, 0, 0]),
        # Squares, 16 : 9 : 4 : 1: three of them reach 29/30.
        ({"temperature": 0.5, "top_p": 0.9}, [0, 16 / 29, 4 / 29, 9 / 29]),
        ({"temperature": 0}, [0, 1, 0, 0]),
        ({"temperature": 0, "top_k": 3, "top_p": 0.9}, [0, 1, 0, 0]),
    ],
)
def test_what_stays_by_hand(settings: dict[str, Any], expected: list[float]) -> None:
    np.testing.assert_allclose(next_probabilities(NATS, **settings)[0], expected, rtol=1e-12)


def test_of_equals_the_first_stay() -> None:
    logits = np.zeros((1, 4))
    np.testing.assert_array_equal(next_probabilities(logits, top_k=2), [[0.5, 0.5, 0, 0]])
    np.testing.assert_array_equal(next_probabilities(logits, temperature=0), [[1, 0, 0, 0]])


@given(
    seed=st.integers(0, 2**32 - 1),
    temperature=st.sampled_from([0.0, 1e-300, 1e-3, 0.7, 1.0, 3.0, 1e300]),
    top_k=st.none() | st.integers(1, 8),
    top_p=st.none() | st.floats(0.01, 1.0),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_probabilities_they_always_are(
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
        ({"temperature": -0.1}, "or above, not -0.1"),
        ({"temperature": math.nan}, "or above, not nan"),
        ({"temperature": math.inf}, "or above, not inf"),
        ({"top_k": 0}, "at least one word, not 0"),
        ({"top_p": 0.0}, r"\(0, 1\], not 0.0"),
        ({"top_p": 1.1}, r"\(0, 1\], not 1.1"),
        ({"top_p": math.nan}, r"\(0, 1\], not nan"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        next_probabilities(NATS, **settings)
    with pytest.raises(SettingError, match=message):
        sample(
            network_of(),
            np.zeros((1, 1), int),
            rng=np.random.default_rng(0),
            max_length=1,
            **settings,
        )


# Drawing


class Fixed:
    """A generator that says what it is told."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers

    def random(self, count: int) -> np.ndarray:
        assert count == len(self.numbers)
        return np.array(self.numbers)


def test_drawing_by_hand() -> None:
    # Shares of [0, 1): nothing for words 0 and 3, [0, 1/4) word 1, [1/4, 1) word 2.
    p = np.tile([0.0, 0.25, 0.75, 0.0], (5, 1))
    rng: Any = Fixed(0.0, 0.2499, 0.25, 0.75, 1 - 2**-53)
    np.testing.assert_array_equal(draw(p, rng=rng), [1, 1, 2, 2, 2])


@given(seed=st.integers(0, 2**32 - 1))
def test_what_cannot_be_is_never_drawn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.random((50, 5)).astype(np.float32) * (rng.random((50, 5)) < 0.5)
    p[:, 3] += p.sum(axis=1) == 0
    words = draw(p, rng=rng)
    assert (p[np.arange(50), words] > 0).all()


def chi_square(counts: np.ndarray, p: np.ndarray) -> float:
    expected = counts.sum() * p
    return float(((counts - expected) ** 2 / expected).sum())


def test_frequencies_are_the_probabilities() -> None:
    p = next_probabilities(np.random.default_rng(0).normal(size=(1, V)))
    words = draw(np.repeat(p, 20_000, axis=0), rng=np.random.default_rng(1))
    # Five degrees of freedom: above 20.5 once in a thousand seeds.
    assert chi_square(np.bincount(words, minlength=V), p[0]) < 20.5


def test_frequencies_of_whole_texts_are_the_models() -> None:
    network = network_of(GRU(4))
    prefix = np.tile([[3, 1]], (20_000, 1))
    texts = np.array(sample(network, prefix, rng=np.random.default_rng(2), max_length=2))
    counts = np.bincount(texts[:, 0] * V + texts[:, 1], minlength=V * V)
    first = softmax(network.predict(np.array([[3, 1]]))[:, -1])[0]
    follow = np.array([[3, 1, word] for word in range(V)])
    p = (first[:, None] * softmax(network.predict(follow)[:, -1])).reshape(-1)
    enough = p * 20_000 >= 5  # the rest in one
    grouped = [np.append(values[enough], values[~enough].sum()) for values in (counts, p)]
    freedom = len(grouped[0]) - 1
    # Its mean is the degrees of freedom and its variance twice that; four deviations above.
    assert chi_square(grouped[0], grouped[1] + 1e-12) < freedom + 4 * math.sqrt(2 * freedom)


# Texts


@pytest.mark.parametrize("cell", CELLS.values())
@pytest.mark.parametrize("prefix_length", [1, 3, 205])
def test_greedy_is_the_likeliest_word_again_and_again(cell: Any, prefix_length: int) -> None:
    network = network_of(cell(5))
    prefix = np.random.default_rng(1).integers(V, size=(3, prefix_length))
    expected = greedy(network, prefix, 12)
    for temperature in (0, 1e-9):
        received = sample(
            network,
            prefix,
            rng=np.random.default_rng(0),
            temperature=temperature,
            max_length=12,
        )
        np.testing.assert_array_equal(received, expected)


def test_a_text_ends_where_it_stops_and_the_others_go_on() -> None:
    network = network_of()
    prefix = np.tile([[0, 1]], (40, 1))
    settings: dict[str, Any] = {"temperature": 3.0, "stop": 2, "max_length": 30}
    steps = list(generate(network, prefix, rng=np.random.default_rng(5), **settings))
    words = np.stack(steps, axis=1)
    texts = sample(network, prefix, rng=np.random.default_rng(5), **settings)
    assert len({len(text) for text in texts}) > 3
    for row, text in zip(words, texts, strict=True):
        np.testing.assert_array_equal(row[: len(text)], text)
        assert 2 not in text
        assert (text >= 0).all()
        if len(text) < len(row):
            assert row[len(text)] == 2
            assert (row[len(text) + 1 :] == -1).all()
    assert len(steps) <= 30
    if len(steps) < 30:
        assert (words == 2).any(axis=1).all()


def test_who_has_left_does_not_change_who_stays() -> None:
    # At temperature 0 every sample is that of its prefix alone.
    network = network_of()
    prefix = np.random.default_rng(3).integers(V, size=(30, 2))
    stop = int(greedy(network, prefix[:1], 3)[0, 2])
    together = sample(
        network, prefix, rng=np.random.default_rng(0), temperature=0, stop=stop, max_length=20
    )
    for n in range(30):
        (alone,) = sample(
            network,
            prefix[n : n + 1],
            rng=np.random.default_rng(0),
            temperature=0,
            stop=stop,
            max_length=20,
        )
        np.testing.assert_array_equal(alone, together[n])
    assert len({len(text) for text in together}) > 1


def test_more_samples_than_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "TOGETHER", 7)
    prefix = np.random.default_rng(3).integers(V, size=(30, 2))
    network = network_of()
    texts = sample(
        network, prefix, rng=np.random.default_rng(0), temperature=0, stop=4, max_length=9
    )
    expected = greedy(network, prefix, 9)
    for text, whole in zip(texts, expected, strict=True):
        length = int(np.append(whole == 4, True).argmax())
        np.testing.assert_array_equal(text, whole[:length])


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_the_texts_do_not_depend_on_the_threads(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "TOGETHER", 7)
    network, prefix = network_of(), np.zeros((30, 1), int)
    with threadpool_limits(1, "blas"):
        expected, received = (
            sample(
                network, prefix, rng=np.random.default_rng(1), stop=4, max_length=9, threads=count
            )
            for count in (1, threads)
        )
    assert len(received) == 30
    for text, other in zip(received, expected, strict=True):
        np.testing.assert_array_equal(text, other)
    # No group draws what another has drawn.
    groups = {tuple(map(tuple, expected[first : first + 7])) for first in range(0, 28, 7)}
    assert len(groups) == 4


def test_groups_hang_on_the_seed_and_go_to_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []

    class Watched(ThreadPool):
        def map(self, work: Callable[[int, int], None], pieces: int) -> None:
            counts.append(self.count)
            super().map(work, pieces)

    monkeypatch.setattr(MODULE, "ThreadPool", Watched)
    monkeypatch.setattr(MODULE, "TOGETHER", 7)
    prefix = np.zeros((20, 1), int)
    one, other = (
        sample(network_of(), prefix, rng=np.random.default_rng(seed), max_length=9, threads=5)
        for seed in (1, 2)
    )
    assert counts == [3, 3]  # no more threads than groups
    assert not np.array_equal(one, other)


def test_one_seed_gives_the_same_texts_again_and_another_gives_others() -> None:
    prefix = np.zeros((20, 1), int)
    first, again, other = (
        sample(network_of(), prefix, rng=np.random.default_rng(seed), max_length=10)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_words_that_are_never_drawn() -> None:
    texts = sample(
        network_of(),
        np.zeros((50, 1), int),
        rng=np.random.default_rng(0),
        temperature=5.0,
        never=(1, 4),
        max_length=20,
    )
    assert set(np.unique(texts)) == {0, 2, 3, 5}


def test_words_come_as_they_are_drawn() -> None:
    endless = generate(network_of(), np.zeros((2, 1), int), rng=np.random.default_rng(0))
    for _ in range(50):
        assert next(endless).shape == (2,)


def test_each_step_reads_one_word_however_long_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_of()
    seen = []
    use = network.use

    def watch(x: Any, contexts: Any) -> Any:
        seen.append(x.shape)
        return use(x, contexts)

    monkeypatch.setattr(network, "use", watch)
    sample(network, np.zeros((3, 250), int), rng=np.random.default_rng(0), max_length=5)
    assert seen == [(3, 100), (3, 100), (3, 50), *[(3, 1)] * 4]


def test_weights_may_change_between_two_samples() -> None:
    network = network_of()
    prefix = np.zeros((1, 1), int)
    for _ in range(2):
        received = sample(
            network, prefix, rng=np.random.default_rng(0), temperature=0, max_length=8
        )
        np.testing.assert_array_equal(received, greedy(network, prefix, 8))
        network.initialize(np.random.default_rng(9))


def test_no_samples_and_no_length() -> None:
    rng = np.random.default_rng(0)
    assert sample(network_of(), np.zeros((0, 1), int), rng=rng, max_length=3) == []
    (text,) = sample(network_of(), np.zeros((1, 1), int), rng=rng, max_length=0)
    assert text.shape == (0,)


@pytest.mark.parametrize("shape", [(3,), (3, 0), (3, 1, 1)])
def test_a_prefix_is_words_with_at_least_one_step(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="samples begin with words"):
        sample(network_of(), np.zeros(shape, int), rng=np.random.default_rng(0), max_length=1)


def test_what_is_no_word_or_no_length_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="7 is no word"):
        sample(network_of(), np.array([[7]]), rng=rng, max_length=1)
    with pytest.raises(SettingError, match="cannot be -1 long"):
        sample(network_of(), np.array([[0]]), rng=rng, max_length=-1)
