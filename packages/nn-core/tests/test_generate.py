"""Generating: what is drawn, how often, and that it costs the same at every step."""

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nn_core.activations import softmax
from nn_core.arrays import Array, Labels
from nn_core.engine.engine import Engine
from nn_core.engine.thread_pool import ThreadPool
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.generate import Predictor, generate, sample, sample_groups
from nn_core.layers import CELLS, GRU, LSTM, Dense, Embedding, LastStep, Layer, Recurrent
from nn_core.layers.base import State
from nn_core.network import Network
from nn_core.reference import Reference

MODULE = importlib.import_module("nn_core.generate")
"""The module, whose name in the package may be that of its function."""
V = 6
BACKENDS: dict[str, Callable[[Network], Predictor]] = {
    "reference": Reference,
    "engine": Engine,
    "frozen": lambda network: Engine(network).frozen(),
}
backends = pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)


def network_of(*cells: Recurrent, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    layers: list[Layer] = [Embedding(V, 4), *(cells or (LSTM(5), GRU(5))), Dense(V)]
    network = Network(layers, input_shape=(None,), rng=rng, dtype=np.float64)
    network.vector *= 2.0  # so that tokens differ in their odds
    return network


def predictors(network: Network | None = None) -> Callable[[], Predictor]:
    """What `sample` draws from."""
    chosen = network_of() if network is None else network
    return lambda: Engine(chosen).frozen()


def greedy(network: Network, prefix: Labels, steps: int) -> Labels:
    """The most likely token, again and again, each time from the whole sequence."""
    sequence = prefix
    for _ in range(steps):
        logits, _ = Reference(network).predict(sequence)
        tokens = logits[:, -1].argmax(axis=1)
        sequence = np.concatenate([sequence, tokens[:, None]], axis=1)
    return sequence[:, prefix.shape[1] :]


def counts_of(samples: list[Labels]) -> Labels:
    """How often each pair of tokens occurs."""
    drawn = np.array(samples)
    return np.bincount(drawn[:, 0] * V + drawn[:, 1], minlength=V * V)


def test_frequencies_of_whole_samples_are_those_of_the_model() -> None:
    network = network_of(GRU(4))
    prefix = np.tile([[3, 1]], (20_000, 1))
    counts = counts_of(sample(predictors(network), prefix, rng=np.random.default_rng(2), max_length=2))
    reference = Reference(network)
    first = softmax(reference.predict(np.array([[3, 1]]))[0][:, -1])[0]
    follow = np.array([[3, 1, token] for token in range(V)])
    p = (first[:, None] * softmax(reference.predict(follow)[0][:, -1])).reshape(-1)
    enough = p * 20_000 >= 5  # the rest in one
    found, p = (np.append(values[enough], values[~enough].sum()) for values in (counts, p))
    expected = 20_000 * p + 1e-12
    freedom = len(p) - 1
    # Its mean is the degrees of freedom and its variance twice that; four deviations above.
    assert ((found - expected) ** 2 / expected).sum() < freedom + 4 * math.sqrt(2 * freedom)


@backends
@pytest.mark.parametrize("cell", CELLS.values())
@pytest.mark.parametrize("prefix_length", [1, 3, 205])
def test_greedy_is_the_most_likely_token_again_and_again(
    backend: Callable[[Network], Predictor], cell: type[Recurrent], prefix_length: int
) -> None:
    network = network_of(cell(5))
    prefix = np.random.default_rng(1).integers(V, size=(3, prefix_length))
    expected = greedy(network, prefix, 12)
    for temperature in (0, 1e-9):
        found = sample(
            lambda: backend(network), prefix, rng=np.random.default_rng(0), temperature=temperature, max_length=12
        )
        np.testing.assert_array_equal(found, expected)


def test_a_sample_ends_at_the_end_token_and_the_others_go_on() -> None:
    prefix = np.tile([[0, 1]], (40, 1))
    settings: dict[str, Any] = {"temperature": 3.0, "end_token": 2, "max_length": 30}
    new_predictor = predictors()
    steps = list(generate(new_predictor(), prefix, rng=np.random.default_rng(5), **settings))
    tokens = np.stack(steps, axis=1)
    samples = sample(new_predictor, prefix, rng=np.random.default_rng(5), **settings)
    assert len({len(each) for each in samples}) > 3
    for row, each in zip(tokens, samples, strict=True):
        np.testing.assert_array_equal(row[: len(each)], each)
        assert 2 not in each
        assert (each >= 0).all()
        if len(each) < len(row):
            assert row[len(each)] == 2
            assert (row[len(each) + 1 :] == -1).all()
    assert len(steps) <= 30
    if len(steps) < 30:
        assert (tokens == 2).any(axis=1).all()


@backends
def test_those_that_have_ended_do_not_change_the_others(backend: Callable[[Network], Predictor]) -> None:
    # At temperature 0 every sample is that of its prefix alone.
    network = network_of()
    prefix = np.random.default_rng(3).integers(V, size=(30, 2))
    settings: dict[str, Any] = {
        "temperature": 0,
        "end_token": int(greedy(network, prefix[:1], 3)[0, 2]),
        "max_length": 20,
    }
    rng = np.random.default_rng(0)
    together = sample(lambda: backend(network), prefix, rng=rng, **settings)
    for n in range(30):
        (alone,) = sample(lambda: backend(network), prefix[n : n + 1], rng=rng, **settings)
        np.testing.assert_array_equal(alone, together[n])
    assert len({len(each) for each in together}) > 1


def test_more_samples_than_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "GROUP_SIZE", 7)
    prefix = np.random.default_rng(3).integers(V, size=(30, 2))
    network = network_of()
    samples = sample(
        predictors(network), prefix, rng=np.random.default_rng(0), temperature=0, end_token=4, max_length=9
    )
    expected = greedy(network, prefix, 9)
    for each, whole in zip(samples, expected, strict=True):
        length = int(np.append(whole == 4, True).argmax())
        np.testing.assert_array_equal(each, whole[:length])


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_samples_do_not_depend_on_the_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "GROUP_SIZE", 7)
    new_predictor, prefix = predictors(), np.zeros((30, 1), int)
    settings: dict[str, Any] = {"end_token": 4, "max_length": 9}
    with threadpool_limits(1, "blas"), ThreadPool(threads) as pool:
        expected, found = (
            sample(new_predictor, prefix, rng=np.random.default_rng(1), pool=pool, **settings) for pool in (None, pool)
        )
    assert len(found) == 30
    for each, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(each, other)
    # No group draws what another has drawn.
    groups = {tuple(map(tuple, expected[first : first + 7])) for first in range(0, 28, 7)}
    assert len(groups) == 4


@pytest.mark.parametrize("pool", [None, ThreadPool(1), ThreadPool(2)], ids=["none", "1", "2"])
def test_groups_are_those_of_sample(monkeypatch: pytest.MonkeyPatch, pool: ThreadPool | None) -> None:
    monkeypatch.setattr(MODULE, "GROUP_SIZE", 7)
    monkeypatch.setattr(MODULE, "FIRST_TOGETHER", 1)
    new_predictor, prefix = predictors(network_of()), np.broadcast_to(np.array([1]), (60, 1))
    expected = sample(new_predictor, prefix, rng=np.random.default_rng(1), max_length=5, end_token=0)
    groups = sample_groups(new_predictor, prefix, rng=np.random.default_rng(1), max_length=5, end_token=0, pool=pool)
    found = list(groups)
    assert [len(group.lengths) for group in found] == [7] * 8 + [4]
    rows = [row[:length] for group in found for row, length in zip(*group, strict=True)]
    assert [row.tolist() for row in rows] == [row.tolist() for row in expected]


def test_groups_at_a_time_double_up_to_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("GROUP_SIZE", 2), ("FIRST_TOGETHER", 1), ("MOST_TOGETHER", 4)):
        monkeypatch.setattr(MODULE, name, value)
    given: list[int] = []

    class Counting(ThreadPool):
        def map(self, work: Callable[[int, int], None], pieces: int) -> None:
            given.append(pieces)
            super().map(work, pieces)

    prefix = np.tile([[3, 1]], (27, 1))
    rng = np.random.default_rng(0)
    groups = list(sample_groups(predictors(), prefix, rng=rng, max_length=3, pool=Counting(1)))
    assert given == [1, 2, 4, 4, 3]
    assert [len(group.tokens) for group in groups] == [2] * 13 + [1]


def test_each_thread_has_one_predictor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "GROUP_SIZE", 7)
    made: list[Predictor] = []
    network = network_of()

    def new_predictor() -> Predictor:
        made.append(Engine(network).frozen())
        return made[-1]

    class Rotating:
        def map(self, work: Callable[[int, int], None], pieces: int) -> None:
            assert pieces in (4, 1)  # few at first, so that the first samples come soon
            for piece in range(pieces):
                work(piece % 2, piece)

    prefix, rng = np.zeros((30, 1), int), np.random.default_rng(1)
    sample(new_predictor, prefix, rng=rng, max_length=2, pool=Rotating())
    assert len(made) == 2
    sample(new_predictor, prefix, rng=rng, max_length=2)
    assert len(made) == 3


def test_one_seed_gives_the_same_samples_again_and_another_gives_others() -> None:
    prefix = np.zeros((20, 1), int)
    first, again, other = (
        sample(predictors(), prefix, rng=np.random.default_rng(seed), max_length=10) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_banned_tokens_are_never_drawn() -> None:
    samples = sample(
        predictors(),
        np.zeros((50, 1), int),
        rng=np.random.default_rng(0),
        temperature=5.0,
        banned=(1, 4),
        max_length=20,
    )
    assert set(np.unique(samples)) == {0, 2, 3, 5}


def test_tokens_come_as_they_are_drawn() -> None:
    endless = generate(predictors()(), np.zeros((2, 1), int), rng=np.random.default_rng(0))
    for _ in range(50):
        assert next(endless).shape == (2,)


def test_each_step_reads_one_token_however_long_the_sequence() -> None:
    seen: list[tuple[int, ...]] = []
    predictor = predictors()()

    class Watched:
        def predict(self, x: Labels, state: State | None = None) -> tuple[Array, State]:
            seen.append(x.shape)
            return predictor.predict(x, state)

    prefix = np.zeros((3, 250), int)
    sample(Watched, prefix, rng=np.random.default_rng(0), max_length=5)
    assert seen == [(3, 100), (3, 100), (3, 50), *[(3, 1)] * 4]


def test_what_the_predictor_returns_is_not_changed() -> None:
    logits = np.zeros((2, 1, V))

    class Constant:
        def predict(self, x: Labels, state: State | None = None) -> tuple[Array, State]:
            return logits, ()

    sample(Constant, np.zeros((2, 1), int), rng=np.random.default_rng(0), max_length=2, banned=[1])
    assert not logits.any()


def test_weights_may_change_between_two_samples() -> None:
    network = network_of()
    prefix = np.zeros((1, 1), int)
    for seed in (9, 10):
        found = sample(predictors(network), prefix, rng=np.random.default_rng(0), temperature=0, max_length=8)
        np.testing.assert_array_equal(found, greedy(network, prefix, 8))
        network.initialize(np.random.default_rng(seed))


def test_no_samples_and_no_length() -> None:
    rng = np.random.default_rng(0)
    assert sample(predictors(), np.zeros((0, 1), int), rng=rng, max_length=3) == []
    (each,) = sample(predictors(), np.zeros((1, 1), int), rng=rng, max_length=0)
    assert each.shape == (0,)


@pytest.mark.parametrize("shape", [(3,), (3, 0), (3, 1, 1)])
def test_a_prefix_is_tokens_with_at_least_one_step(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ShapeError, match="the prefix must be tokens"):
        sample(predictors(), np.zeros(shape, int), rng=rng, max_length=1)


def test_what_cannot_be_generated_is_refused() -> None:
    rng, prefix = np.random.default_rng(0), np.zeros((1, 1), int)
    with pytest.raises(DataError, match="token 7 is outside 0 to 5"):
        sample(predictors(), prefix + 7, rng=rng, max_length=1)
    with pytest.raises(SettingError, match="at least 0, not -1"):
        sample(predictors(), prefix, rng=rng, max_length=-1)
    with pytest.raises(SettingError, match="temperature must be"):
        sample(predictors(), prefix, rng=rng, max_length=1, temperature=-1)
    with pytest.raises(SettingError, match="every token is banned"):
        sample(predictors(), prefix, rng=rng, max_length=1, banned=range(V))
    broken = network_of()
    broken.vector[...] = math.nan
    with pytest.raises(DataError, match="the network overflows"):
        sample(predictors(broken), prefix, rng=rng, max_length=1)
    layers: list[Layer] = [Embedding(V, 4), GRU(3), LastStep(), Dense(V)]
    one_output = Network(layers, input_shape=(None,), rng=rng)
    with pytest.raises(ShapeError, match="logits at each step"):
        sample(predictors(one_output), prefix, rng=rng, max_length=1)
