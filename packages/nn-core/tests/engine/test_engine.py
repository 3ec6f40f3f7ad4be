"""The engine against the reference, for any cut of the batch, with the same bits for any threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from networks import CASES, Case, padded

from nn_core.arrays import Array, Arrays
from nn_core.engine import micro_batches
from nn_core.engine.engine import Engine
from nn_core.errors import SettingError
from nn_core.layers import GRU, BatchNorm, Cache, Context, Dense, Embedding, Layer
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import OPTIMIZERS
from nn_core.reference import Reference, Result, initial_optimizer_state

cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def assert_same(found: Result, expected: Result, tolerance: float) -> None:
    assert found.loss == pytest.approx(expected.loss, rel=tolerance, abs=tolerance)
    scale = max(1.0, float(np.abs(expected.gradients).max()))
    np.testing.assert_allclose(found.gradients / scale, expected.gradients / scale, rtol=0, atol=tolerance)
    for found_state, state in zip(flat(found.state), flat(expected.state), strict=True):
        np.testing.assert_allclose(found_state, state, rtol=tolerance, atol=tolerance)


def flat(state: Any) -> list[Array]:
    """The arrays of a state, in order."""
    if isinstance(state, np.ndarray):
        return [state]
    return [array for part in state for array in flat(part)]


@cases
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("shards", [None, 1, 2, 3, 4, 7, 19])
def test_it_equals_the_reference(case: Case, shards: int | None, fused: bool) -> None:
    expected = case.run(Reference(case.network()))
    found = case.run(Engine(case.network(), shards=shards, fused=fused))
    assert_same(found, expected, 1e-12)


@cases
def test_it_equals_the_reference_in_float32(case: Case) -> None:
    expected = case.run(Reference(case.network(np.float32)))
    found = case.run(Engine(case.network(np.float32), shards=3))
    assert found.gradients.dtype == np.float32
    assert_same(found, expected, 1e-5)


@cases
@pytest.mark.parametrize("shards", [1, 4])
def test_micro_batches_change_nothing(case: Case, shards: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = case.run(Reference(case.network()))
    monkeypatch.setattr(micro_batches, "TRAIN_BYTES", 1)
    monkeypatch.setattr(Engine, "micro_batch_size", 2)
    assert_same(case.run(Engine(case.network(), shards=shards)), expected, 1e-12)


@cases
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_give_the_same_bits(case: Case, dtype: type) -> None:
    found = set()
    for threads in (1, 2, 3, 4):
        with Engine(case.network(dtype), threads=threads, shards=4) as engine:
            for seed in ((0, 1), (0, 2)):
                result = case.run(engine, seed=seed)
            found.add((result.loss, result.gradients.tobytes()))
    assert len(found) == 1


@cases
@pytest.mark.parametrize("N", [0, 1])
@pytest.mark.parametrize("shards", [1, 2])
def test_batches_of_one_and_of_none(case: Case, N: int, shards: int) -> None:
    expected = case.run(Reference(case.network()), N)
    assert_same(case.run(Engine(case.network(), shards=shards), N), expected, 1e-12)


@cases
def test_predictions_equal_the_reference(case: Case) -> None:
    x, _ = case.batch(np.random.default_rng(4), 11)
    expected, state = Reference(case.network()).predict(x)
    for threads, fused in ((1, True), (3, True), (1, False)):
        engine = Engine(case.network(), threads=threads, fused=fused)
        for predictor in (engine, engine.frozen()):
            for _ in range(2):
                output, left = predictor.predict(x)
                np.testing.assert_allclose(output, expected, rtol=1e-11, atol=1e-12)
            for found, array in zip(flat(left), flat(state), strict=True):
                np.testing.assert_allclose(found, array, rtol=1e-12)


def test_micro_batches_add_up_though_the_last_layer_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients of what is frozen stand behind those that are added."""
    case = CASES["dense"]._replace(layers=[Dense(5), Dense(4, trainable=False)])
    assert case.network().trained_count == 7 * 5
    expected = case.run(Reference(case.network()))
    monkeypatch.setattr(Engine, "micro_batch_size", 2)
    assert_same(case.run(Engine(case.network(), shards=1)), expected, 1e-12)


def test_twenty_steps_take_the_same_way() -> None:
    case = CASES["images"]
    for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 1e-4)):
        losses = []
        for backend in (Reference(case.network(dtype)), Engine(case.network(dtype), shards=2)):
            network = backend.network
            optimizer = OPTIMIZERS["adam"]()
            state = optimizer.init(network.vector[: network.trained_count])
            steps = []
            for step in range(20):
                result = case.run(backend, seed=(0, step))
                steps.append(result.loss)
                backend.update(optimizer, result.gradients, state, learning_rate=1e-3, step=step + 1)
            losses.append(steps)
        np.testing.assert_allclose(losses[1], losses[0], rtol=tolerance)


def test_parts_of_a_sequence_go_on_where_the_last_one_ended() -> None:
    layers = [Embedding(7, 4), GRU(5), Dense(7)]
    network = Network(layers, input_shape=(None,), rng=np.random.default_rng(0), dtype=np.float64)
    x, _ = padded(np.random.default_rng(1), 6)
    whole, state = Reference(network).predict(x)
    for predictor in (Engine(network), Engine(network, threads=2).frozen(), Reference(network)):
        first, left = predictor.predict(x[:, :2])
        second, left = predictor.predict(x[:, 2:], left)
        np.testing.assert_allclose(np.concatenate([first, second], 1), whole, rtol=1e-12)
        for found, array in zip(flat(left), flat(state), strict=True):
            np.testing.assert_allclose(found, array, rtol=1e-12)


@dataclass(frozen=True)
class FailsOn(Layer):
    """Raises where an example holds `number`; BatchNorm after it makes others wait."""

    number: float = 99.0

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        if (x == self.number).any():
            raise ArithmeticError("this example cannot be computed")
        return x, None

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        return d_y


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_an_error_in_one_shard_ends_them_all(threads: int) -> None:
    layers: list[Layer] = [FailsOn(), Dense(4), BatchNorm(), Dense(3)]
    network = Network(layers, input_shape=(2,), rng=np.random.default_rng(0))
    x, y = np.ones((8, 2), np.float32), np.zeros(8, np.int64)
    before = threading.active_count()
    with Engine(network, threads=threads, shards=4) as engine:
        x[5] = 99.0
        with pytest.raises(ArithmeticError, match="cannot be computed"):
            engine.loss_and_gradients(x, y, softmax_cross_entropy)
        x[5] = 1.0
        result = engine.loss_and_gradients(x, y, softmax_cross_entropy)
    assert np.isfinite(result.loss)
    assert threading.active_count() == before


def test_a_smaller_batch_after_a_larger_one() -> None:
    case = CASES["batch norm"]
    engine = Engine(case.network(), shards=4)
    case.run(engine, 40)
    assert_same(case.run(engine, 3), case.run(Reference(case.network()), 3), 1e-12)
    alone = Engine(case.network())
    alone._reserve(2)
    assert_same(case.run(alone, 5), case.run(Reference(case.network()), 5), 1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_long_vectors_are_updated_block_by_block(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn_core.engine.engine.BLOCK_THRESHOLD", 10)
    monkeypatch.setattr("nn_core.engine.engine.BLOCK_SIZE", 7)
    case = CASES["batch norm"]
    vectors = []
    for backend in (Reference(case.network()), Engine(case.network(), threads=2)):
        network, optimizer = backend.network, OPTIMIZERS[name]()
        state = initial_optimizer_state(network, optimizer)
        gradients = np.random.default_rng(0).normal(size=network.vector.size)
        for step in (1, 2):
            backend.update(optimizer, gradients, state, learning_rate=0.1, step=step)
        vectors.append(network.vector.copy())
    np.testing.assert_allclose(vectors[1], vectors[0], rtol=1e-14)


@pytest.mark.parametrize("shards", [0, -1])
def test_shards_are_at_least_one(shards: int) -> None:
    with pytest.raises(SettingError, match="shards must be at least 1"):
        Engine(CASES["dense"].network(), shards=shards)


@pytest.mark.parametrize(("threads", "limits"), [(1, 1), (3, 0)])
def test_shards_on_one_thread_have_a_blas_of_one_thread(
    threads: int, limits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the bits are those of several threads, whose pool limits the BLAS by itself."""
    limited: list[bool] = []

    @contextmanager
    def limit(*, warn: bool) -> Iterator[None]:
        limited.append(warn)
        yield

    monkeypatch.setattr("nn_core.engine.engine.one_blas_thread", limit)
    CASES["images"].run(Engine(CASES["images"].network(), threads=threads, shards=4))
    assert limited == [False] * limits
