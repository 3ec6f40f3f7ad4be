"""Large products in pieces are products, with the same bits for any number of threads."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nn_core import products
from nn_core.arrays import Array
from nn_core.engine.thread_pool import ThreadPool
from nn_core.layers import GRU, LSTM, Dense, Layer, ReLU, SimpleRNN
from nn_core.losses import sequence_cross_entropy, softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam, AdamW, Optimizer
from nn_core.products import product
from nn_core.training.trainer import Recipe, Trainer


@pytest.fixture(autouse=True)
def blas_of_one_thread() -> Iterator[None]:
    """As it is in a crew of several; a crew of one leaves the BLAS as many as it has."""
    with threadpool_limits(1, "blas"):
        yield


class CountingCrew(ThreadPool):
    """Tells how many pieces it was given while it was open."""

    def __init__(self, count: int = 1) -> None:
        super().__init__(count)
        self.pieces: list[int] = []

    def map(self, work: Callable[[int, int], None], pieces: int) -> None:
        if self._depth:
            self.pieces.append(pieces)
        super().map(work, pieces)


@pytest.mark.parametrize(
    ("size", "pieces"),
    [(1, []), (23, []), (24, [2]), (47, [2]), (48, [4]), (1000, [4])],
)
def test_how_many_pieces(size: int, pieces: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ENOUGH", 12)
    a, b = np.ones((1, 1)), np.arange(float(size))[None]
    with CountingCrew() as crew:
        np.testing.assert_array_equal(product(a, b, np.empty((1, size)), crew), b)
    assert crew.pieces == pieces


@pytest.mark.parametrize("M", [1, 2, 3, 5, 64])
@pytest.mark.parametrize("N", [1, 2, 3, 5, 64])
@pytest.mark.parametrize("turned", ["", "a", "b", "ab"])
@pytest.mark.parametrize("enough", [1, 30])
def test_pieces_make_the_product(
    M: int, N: int, turned: str, enough: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "ENOUGH", enough)
    rng = np.random.default_rng(0)

    def factor(name: str, rows: int, columns: int) -> Array:
        if name in turned:
            return rng.normal(size=(columns, rows)).T
        return rng.normal(size=(rows, columns))

    a, b = factor("a", M, 7), factor("b", 7, N)
    outs = []
    for threads in (1, 2, 5):
        with ThreadPool(threads) as crew:
            outs.append(product(a, b, np.full((M, N), np.nan), crew))
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


@pytest.mark.parametrize("optimizer", [Adam(), AdamW()])
def test_training_a_wide_network_takes_the_same_bits_with_threads(
    optimizer: Optimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "ENOUGH", 500)
    monkeypatch.setattr("nn_core.optim.optimizers.WHOLE", 100)
    monkeypatch.setattr("nn_core.optim.optimizers.PIECE", 64)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 30)).astype(np.float32), rng.integers(3, size=20)
    results = []
    for threads in (1, 2, 3):
        layers = [Dense(40), ReLU(), Dense(3)]
        network = Network(layers, input_shape=(30,), rng=np.random.default_rng(1))
        recipe = Recipe(softmax_cross_entropy, type(optimizer)(), batch_size=10)
        trainer = Trainer(
            network, x, y, recipe, epochs=3, rng=np.random.default_rng(2), threads=threads
        )
        trainer.run()
        results.append(network.parameters.copy())
    np.testing.assert_array_equal(results[1], results[0])
    np.testing.assert_array_equal(results[2], results[0])


@pytest.mark.parametrize("optimizer", [Adam, AdamW])
def test_a_step_gives_threads_their_work(
    optimizer: type[Optimizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "ENOUGH", 10 * 30 * 40 // 2)
    monkeypatch.setattr("nn_core.optim.optimizers.WHOLE", 100)
    monkeypatch.setattr("nn_core.optim.optimizers.PIECE", 300)
    monkeypatch.setattr("nn_core.training.trainer.ThreadPool", CountingCrew)
    x, y = np.ones((10, 30), np.float32), np.zeros(10, int)
    layers = [Dense(40), ReLU(), Dense(30), ReLU(), Dense(1)]
    network = Network(layers, input_shape=(30,), rng=np.random.default_rng(1))
    recipe = Recipe(softmax_cross_entropy, optimizer(), batch_size=None)
    trainer = Trainer(network, x, y, recipe, epochs=1, rng=np.random.default_rng(2), threads=2)
    trainer.run()
    crew = trainer._crew
    assert isinstance(crew, CountingCrew)
    # Forward two large products, back three, and the optimizer's 2,501 numbers.
    assert crew.pieces[:6] == [2, 2, 2, 2, 2, 9]


def test_a_step_over_time_gives_threads_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ENOUGH", 6 * 9 * 5 * 8 // 2)
    network = Network(
        [SimpleRNN(8)], input_shape=(5,), rng=np.random.default_rng(0), over_time=True
    )
    x, y = np.ones((6, 9, 5), np.float32), np.zeros((6, 9), int)
    crew = CountingCrew()
    contexts = network.contexts(training=True, needs_d_x=True, threads=crew)
    network.loss_and_gradients(x, y, sequence_cross_entropy, contexts)
    assert crew.pieces == [2, 2, 2]  # the gradients of W_h, W_x and x


@pytest.mark.parametrize("cell", [SimpleRNN(8), GRU(8), LSTM(8)])
def test_gradients_over_time_take_the_same_bits_with_threads(
    cell: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "ENOUGH", 500)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 9, 5)).astype(np.float32)
    y = rng.integers(4, size=(6, 9))
    network = Network([cell, Dense(4)], input_shape=(5,), rng=rng, over_time=True)
    gradients = []
    for threads in (1, 2):
        contexts = network.contexts(training=True, needs_d_x=True, threads=threads)
        network.loss_and_gradients(x, y, sequence_cross_entropy, contexts)
        gradients.append(network.gradients.copy())
    np.testing.assert_array_equal(gradients[1], gradients[0])
    plain = Network([cell, Dense(4)], input_shape=(5,), over_time=True)
    plain.parameters[...] = network.parameters
    monkeypatch.setattr(products, "ENOUGH", 10**9)
    plain.loss_and_gradients(x, y, sequence_cross_entropy, plain.contexts(training=True))
    np.testing.assert_allclose(gradients[0], plain.gradients, rtol=1e-4, atol=1e-6)
