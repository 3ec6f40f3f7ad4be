"""Threads: the same bits for any number of them, errors that arrive, and none left behind."""

import threading
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.engine.thread_pool import ThreadPool
from nn_core.errors import DataError, DivergenceError, SettingError
from nn_core.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    Layer,
    MaxPool2D,
    ReLU,
    Tanh,
)
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.training.trainer import Recipe, Trainer

UNCOUPLED = [
    InstanceNorm(),
    Conv2D(3, 3, padding="same"),
    ReLU(),
    MaxPool2D(2),
    Dropout(0.7, whole_maps=True),
    Conv2D(4, 2),
    Tanh(),
    Flatten(),
    Dropout(0.8),
    Dense(3),
]
COUPLED = [
    Conv2D(3, 3, padding="same"),
    BatchNorm(),
    ReLU(),
    BatchNorm(),
    BatchNorm(),
    Dropout(0.7, whole_maps=True),
    Conv2D(4, 2),
    BatchNorm(),
    Tanh(),
    GlobalAveragePool2D(),
    Dense(3),
]
FIRST = [BatchNorm(), *COUPLED]
POOLED = [Conv2D(5, 3), BatchNorm(), ReLU(), MaxPool2D((2, 1)), GlobalAveragePool2D(), Dense(3)]
WIDE = [
    Conv2D(80, 1),
    ReLU(),
    Conv2D(80, 3, padding="same"),  # by Winograd's products
    GlobalAveragePool2D(),
    Dense(3),
]
NETWORKS = pytest.mark.parametrize("layers", [UNCOUPLED, COUPLED, FIRST, POOLED, WIDE])


@pytest.fixture(autouse=True)
def _no_thread_is_left_behind() -> Any:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


def data(count: int) -> tuple[Array, npt.NDArray[Any]]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, 8, 9, 2)).astype(np.float32), rng.integers(0, 3, count)


def build(layers: list[Layer], slice_size: int = 3) -> Network:
    network = Network(layers, input_shape=(8, 9, 2), rng=np.random.default_rng(0))
    network.slice_size = network.predict_size = slice_size
    return network


@pytest.fixture
def blas_of_one_thread() -> Iterator[None]:
    """As it is in a crew of several; a crew of one leaves the BLAS as many as it has."""
    with threadpool_limits(1, "blas"):
        yield


@NETWORKS
@pytest.mark.usefixtures("blas_of_one_thread")
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 13, 32])
def test_the_bits_do_not_depend_on_the_threads(layers: list[Layer], count: int) -> None:
    x, labels = data(count)
    results: list[tuple[Any, ...]] = []
    for threads in (1, 2, 3, 6):
        network = build(layers)
        rng = np.random.default_rng(5)
        contexts = network.contexts(training=True, rng=rng, threads=threads)
        for _ in range(3):
            value, logits = network.loss_and_gradients(x, labels, softmax_cross_entropy, contexts)
        predicted = network.predict(x, contexts=network.contexts(threads=threads))
        results.append((value, logits, network.gradients, predicted, rng.random()))
    for result in results[1:]:
        for received, expected in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(received, expected)


def without_noise(layers: list[Layer]) -> list[Layer]:
    return [layer for layer in layers if not isinstance(layer, Dropout)]


@NETWORKS
@pytest.mark.parametrize("needs_d_x", [False, True])
def test_lanes_are_the_whole_batch(layers: list[Layer], needs_d_x: bool) -> None:
    x, labels = data(11)
    results: list[tuple[Any, ...]] = []
    for slice_size in (100, 2):
        network = build(without_noise(layers), slice_size)
        contexts = network.contexts(training=True, needs_d_x=needs_d_x, threads=2)
        value, logits = network.loss_and_gradients(x, labels, softmax_cross_entropy, contexts)
        results.append((value, logits, network.gradients))
    for received, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-3, atol=1e-5)


def test_each_slice_has_noise_of_its_own() -> None:
    network = Network([Dropout(0.5), Dense(2)], input_shape=(40,))
    network.slice_size = network.predict_size = 1
    network.parameter_views[1]["W"][...] = np.arange(80).reshape(40, 2)
    contexts = network.contexts(training=True, rng=np.random.default_rng(0), threads=2)
    x, labels = np.ones((8, 40)), np.zeros(8, int)
    _, logits = network.loss_and_gradients(x, labels, softmax_cross_entropy, contexts)
    assert len(np.unique(logits[:, 0])) == 8
    _, later = network.loss_and_gradients(x, labels, softmax_cross_entropy, contexts)
    assert not np.array_equal(logits, later)


def trainer_of(layers: list[Layer], threads: int, *, epochs: int = 4) -> Trainer:
    x, labels = data(30)
    recipe = Recipe(softmax_cross_entropy, Adam(), batch_size=13)
    return Trainer(
        build(layers),
        x,
        labels,
        recipe,
        rng=np.random.default_rng(3),
        threads=threads,
        epochs=epochs,
        validation=(x[:7], labels[:7]),
    )


@NETWORKS
def test_a_run_goes_on_with_another_number_of_threads(layers: list[Layer], tmp_path: Any) -> None:
    whole = trainer_of(layers, 3)
    whole.run()
    first = trainer_of(layers, 2, epochs=2)
    first.run()
    path = tmp_path / "run.h5"
    checkpoint.save(path, first.network, program="test", details={}, trainer=first)
    stored = checkpoint.load(path, program="test")
    assert stored.run is not None
    second = trainer_of(layers, 1)
    stored.run.resume(second)
    second.threads = 2
    second.run()
    assert second.threads == 2
    np.testing.assert_array_equal(second.network.parameters, whole.network.parameters)
    assert second.history.step_loss == whole.history.step_loss


@NETWORKS
def test_an_error_in_a_thread_reaches_the_caller(layers: list[Layer]) -> None:
    x, labels = data(12)
    labels[7] = 3
    network = build(layers)
    rng = np.random.default_rng(0)
    contexts = network.contexts(training=True, rng=rng, threads=2)
    with pytest.raises(DataError, match="label 3"):
        network.loss_and_gradients(x, labels, softmax_cross_entropy, contexts)
    assert all(context.rng is rng for context in contexts)
    network.loss_and_gradients(*data(12), softmax_cross_entropy, contexts)  # all is as before


def test_threads_treat_numbers_that_overflow_as_the_caller_does() -> None:
    trainer = trainer_of(without_noise(UNCOUPLED), 2)
    trainer.network.parameters[...] = 3e38
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergenceError):
            trainer.run()


def test_a_crew_shares_out_all_pieces_once() -> None:
    for count in (1, 2, 5):
        for pieces in (0, 1, 2, 17):
            done: list[int] = []
            with ThreadPool(count) as crew:
                crew.map(lambda thread, piece, done=done: done.append(piece), pieces)  # type: ignore[misc]
            assert sorted(done) == list(range(pieces))


def test_no_two_threads_have_the_same_number() -> None:
    meeting = threading.Barrier(3, timeout=20)
    seen: dict[int, int] = {}

    def work(thread: int, piece: int) -> None:
        seen[thread] = threading.get_ident()
        meeting.wait()

    with ThreadPool(3) as crew:
        crew.map(work, 3)
    assert sorted(seen) == [0, 1, 2]
    assert len(set(seen.values())) == 3
    assert seen[0] == threading.get_ident()


def test_the_first_piece_that_fails_is_the_one_that_is_told() -> None:
    begun: list[int] = []

    def work(thread: int, piece: int) -> None:
        begun.append(piece)
        raise ValueError(str(piece))

    with ThreadPool(2) as crew, pytest.raises(ValueError, match="0"):
        crew.map(work, 50)
    assert len(begun) <= 2


def test_work_within_work_is_done_by_its_own_thread() -> None:
    done: list[tuple[int, int]] = []
    with ThreadPool(2) as crew:

        def outer(thread: int, piece: int) -> None:
            crew.map(lambda thread, inner: done.append((piece, inner)), 3)

        crew.map(outer, 4)
    assert sorted(done) == [(i, j) for i in range(4) for j in range(3)]


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_blas_keeps_to_one_thread_meanwhile() -> None:
    before = blas_threads()
    with ThreadPool(2) as crew:
        assert blas_threads() <= {1}
        with crew:
            pass
        assert blas_threads() <= {1}
    assert blas_threads() == before


def test_no_threads_at_all_are_refused() -> None:
    for threads in (0, -1):
        with pytest.raises(SettingError, match="thread"):
            ThreadPool(threads)
