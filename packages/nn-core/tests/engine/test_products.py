"""Large products in pieces are products, with the same bits for any number of threads."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nn_core.arrays import Array
from nn_core.engine import products
from nn_core.engine.engine import Engine
from nn_core.engine.products import product
from nn_core.engine.thread_pool import ThreadPool
from nn_core.layers import LSTM, Dense, Layer, ReLU
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.reference import Reference


@pytest.fixture(autouse=True)
def blas_of_one_thread() -> Iterator[None]:
    """As in a pool of several; a pool of one leaves the BLAS as many as it has."""
    with threadpool_limits(1, "blas"):
        yield


class CountingPool(ThreadPool):
    """Tells how many pieces it was given while it was open."""

    def __init__(self, count: int = 1) -> None:
        super().__init__(count)
        self.pieces: list[int] = []

    def map(self, work: Callable[[int, int], None], pieces: int) -> None:
        if self._depth:
            self.pieces.append(pieces)
        super().map(work, pieces)


@pytest.mark.parametrize(("size", "pieces"), [(1, []), (23, []), (24, [2]), (47, [2]), (48, [4]), (1000, [4])])
def test_how_many_pieces(size: int, pieces: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ENOUGH", 12)
    a, b = np.ones((1, 1)), np.arange(float(size))[None]
    with CountingPool() as pool:
        np.testing.assert_array_equal(product(a, b, np.empty((1, size)), pool), b)
    assert pool.pieces == pieces


@pytest.mark.parametrize("M", [1, 2, 3, 5, 64])
@pytest.mark.parametrize("N", [1, 2, 3, 5, 64])
@pytest.mark.parametrize("turned", ["", "a", "b", "ab"])
@pytest.mark.parametrize("enough", [1, 30])
def test_pieces_make_the_product(M: int, N: int, turned: str, enough: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ENOUGH", enough)
    rng = np.random.default_rng(0)

    def factor(name: str, rows: int, columns: int) -> Array:
        if name in turned:
            return rng.normal(size=(columns, rows)).T
        return rng.normal(size=(rows, columns))

    a, b = factor("a", M, 7), factor("b", 7, N)
    outs = []
    for threads in (1, 2, 5):
        with ThreadPool(threads) as pool:
            outs.append(product(a, b, np.full((M, N), np.nan), pool))
    np.testing.assert_allclose(outs[0], np.einsum("ik,kj->ij", a, b), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(outs[1], outs[0])
    np.testing.assert_array_equal(outs[2], outs[0])


def test_factors_that_lie_otherwise_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ENOUGH", 30)
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(12, 14))
    b = rng.normal(size=(7, 9))
    seen: list[bool] = []
    matmul = np.matmul

    def watched(a: Array, b: Array, out: Array) -> Array:
        seen.append(1 in (a.strides[0] // 8, a.strides[1] // 8) and min(a.strides) > 0)
        return matmul(a, b, out=out)

    monkeypatch.setattr(np, "matmul", watched)
    for a in (whole[::-1, :7], whole[:, ::2], whole[:, 6::-1]):
        received = product(a, b, np.empty((12, 9)), ThreadPool())
        np.testing.assert_allclose(received, np.einsum("ik,kj->ij", a, b), rtol=1e-12)
    assert seen == [True] * 12


@pytest.mark.parametrize("layers", [[Dense(40), ReLU(), Dense(3)], [LSTM(8), Dense(3)]])
def test_training_takes_the_same_bits_with_threads(layers: list[Layer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ENOUGH", 500)
    rng = np.random.default_rng(0)
    shape = (20, 9, 30) if isinstance(layers[0], LSTM) else (20, 30)
    x, y = rng.normal(size=shape).astype(np.float32), rng.integers(3, size=shape[:-1])
    gradients = []
    for threads in (1, 2, 3):
        network = Network(layers, input_shape=(*(None,) * (x.ndim - 2), 30), rng=np.random.default_rng(1))
        with Engine(network, threads=threads) as engine:
            result = engine.loss_and_gradients(x, y, softmax_cross_entropy)
            gradients.append(result.gradients.copy())
    np.testing.assert_array_equal(gradients[1], gradients[0])
    np.testing.assert_array_equal(gradients[2], gradients[0])
    plain = Reference(network).loss_and_gradients(x, y, softmax_cross_entropy)
    np.testing.assert_allclose(gradients[0], plain.gradients, rtol=1e-4, atol=1e-6)


def test_a_step_gives_threads_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ENOUGH", 10 * 30 * 40 // 2)
    monkeypatch.setattr("nn_core.engine.engine.BLOCK_THRESHOLD", 100)
    monkeypatch.setattr("nn_core.engine.engine.BLOCK_SIZE", 300)
    monkeypatch.setattr("nn_core.engine.engine.ThreadPool", CountingPool)
    x, y = np.ones((10, 30), np.float32), np.zeros(10, int)
    layers = [Dense(40), ReLU(), Dense(30), ReLU(), Dense(1)]
    network = Network(layers, input_shape=(30,), rng=np.random.default_rng(1))
    engine, optimizer = Engine(network, threads=2), Adam()
    state = optimizer.init(network.vector)
    with engine:
        result = engine.loss_and_gradients(x, y, softmax_cross_entropy)
        engine.update(optimizer, result.gradients, state, learning_rate=0.1, step=1)
    assert isinstance(engine.pool, CountingPool)
    # One shard: two large products forward, three back; then the optimizer's 2,501 numbers.
    assert engine.pool.pieces == [2, 2, 2, 2, 2, 9]
