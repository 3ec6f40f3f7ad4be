"""Ranks: the same bits, however many processes share out the shards."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_ranks import SimulatedRanks

from nn_core.arrays import LazyArray
from nn_core.batches.augmentation import Augmentation
from nn_core.engine.collective import add_along_tree
from nn_core.engine.engine import Engine
from nn_core.engine.rank_sums import subtrees, sum_over_ranks
from nn_core.layers import (
    GRU,
    LSTM,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LastStep,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
)
from nn_core.layers.base import state_arrays
from nn_core.network import Network
from nn_core.ranks import Ranks
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer

T = TypeVar("T")
COUNTS = (2, 3, 4)


def on_all(ranks: Sequence[Ranks], work: Callable[[Ranks], T]) -> list[T]:
    """What every rank computes, each in a thread. Raises the first error, after a second if others wait."""
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(rank: Ranks) -> None:
        try:
            results[rank.rank] = work(rank)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in ranks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=1 if errors else 20)
    if errors:
        raise errors[0]
    return [results[rank.rank] for rank in ranks]


class TestTree:
    @given(shards=st.integers(1, 20), ranks=st.integers(1, 8))
    def test_subtrees_of_all_ranks_cover_the_shards_once(self, shards: int, ranks: int) -> None:
        parts = [SimulatedRanks(rank, {}, ranks).own_shards(shards) for rank in range(ranks)]
        spans = [span for part in parts for span in subtrees(part, 0, shards)]
        assert [shard for span in spans for shard in range(*span)] == list(range(shards))

    @pytest.mark.parametrize(
        ("ranks", "shards", "held"),
        [(2, 4, [1, 1]), (4, 8, [1] * 4), (3, 4, [1] * 3), (3, 8, [1, 2, 2]), (2, 6, [2, 2]), (3, 16, [2, 3, 2])],
    )
    def test_subtrees_of_a_rank_are_what_it_sends(self, ranks: int, shards: int, held: list[int]) -> None:
        # docs/clusters.md: a rank with k of them sends (k + 1) (R - 1) / R gradients.
        parts = [SimulatedRanks(rank, {}, ranks).own_shards(shards) for rank in range(ranks)]
        assert [len(subtrees(part, 0, shards)) for part in parts] == held

    @pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
    @pytest.mark.parametrize("shards", [2, 3, 4, 5, 8, 11])
    @pytest.mark.parametrize("size", [1, 3, 1000])
    def test_the_sum_has_the_bits_of_one_process(self, count: int, shards: int, size: int) -> None:
        vectors = np.random.default_rng(shards).normal(size=(shards, size)).astype(np.float32)
        expected = add_along_tree([each.copy() for each in vectors])

        def total(rank: Ranks) -> np.ndarray[Any, Any]:
            own = [vectors[shard].copy() for shard in rank.own_shards(shards)] or [np.zeros(size, np.float32)]
            sum_over_ranks(rank, own, shards)
            return own[0]

        ranks = SimulatedRanks.of(count) if count > 1 else [Ranks()]
        for found in on_all(ranks, total):
            assert found.tobytes() == expected.tobytes()


def images(rng: np.random.Generator) -> tuple[Any, Any]:
    return rng.integers(0, 256, (14, 8, 8, 3)).astype(np.uint8), rng.integers(0, 3, 14)


def tokens(rng: np.random.Generator) -> tuple[Any, Any]:
    x, y = rng.integers(0, 5, (13, 6)), rng.integers(0, 5, (13, 6))
    y[::3, 4:] = -1
    return x, y


def text(rng: np.random.Generator) -> tuple[Any, Any]:
    return rng.integers(0, 5, 97), rng.integers(0, 5, 97)


CASES: dict[str, tuple[list[Layer], tuple[int | None, ...], Any, dict[str, Any]]] = {
    "convolution": (
        [
            Conv2D(4, 3),
            BatchNorm(),
            ReLU(),
            MaxPool2D(2),
            Residual([BatchNorm(), ReLU()]),
            Flatten(),
            Dropout(0.3),
            Dense(3),
        ],
        (8, 8, 3),
        images,
        {"batch_size": 9},
    ),
    "names": ([Embedding(5, 4), GRU(6), Dropout(0.2), Dense(5)], (None,), tokens, {"batch_size": 7}),
    "text": ([Embedding(5, 4), LSTM(6), Dense(5)], (None,), text, {"batch_size": 5, "bptt_length": 4}),
    "last step": (
        [Embedding(5, 4), GRU(3), LastStep(), Dense(5)],
        (None,),
        lambda rng: (tokens(rng)[0], rng.integers(0, 5, 13)),
        {"batch_size": 6},
    ),
}


def trained(case: str, ranks: Ranks, shards: int, *, threads: int = 1, epochs: int = 2) -> Trainer:
    layers, shape, data, recipe = CASES[case]
    x, y = data(np.random.default_rng(0))
    network = Network(layers, input_shape=shape, seed=1)
    trainer = Trainer(
        Engine(network, threads=threads, shards=shards, ranks=ranks),
        x,
        y,
        Recipe("softmax-cross-entropy", "adam", learning_rate=0.01, clip_norm=1.0, **recipe),
        epochs=epochs,
        seed=2,
        augment=Augmentation() if case == "convolution" else None,
    )
    trainer.run()
    return trainer


def bits(trainer: Trainer) -> list[bytes]:
    """Parameters, optimizer state, losses and recurrent state."""
    state = trainer.state
    snapshot = state.snapshot()
    return [
        trainer.network.vector.tobytes(),
        *(vector.tobytes() for vector in state.optimizer_state.values()),
        repr(state.history.step_loss).encode(),
        *(values.tobytes() for _, values in state_arrays(snapshot.recurrent_state or ())),
    ]


@pytest.mark.filterwarnings("ignore:.*unscaled")
@pytest.mark.parametrize("case", CASES)
class TestTraining:
    @pytest.mark.parametrize("shards", [2, 3, 4])
    def test_any_number_of_ranks_has_the_bits_of_one(self, case: str, shards: int) -> None:
        expected = bits(trained(case, Ranks(), shards))
        for count in COUNTS:
            for found in on_all(SimulatedRanks.of(count), lambda rank: bits(trained(case, rank, shards))):
                assert found == expected, count

    def test_threads_within_ranks_change_nothing(self, case: str) -> None:
        expected = bits(trained(case, Ranks(), 4))
        for found in on_all(SimulatedRanks.of(2), lambda rank: bits(trained(case, rank, 4, threads=2))):
            assert found == expected

    def test_one_shard_is_computed_by_each(self, case: str) -> None:
        expected = bits(trained(case, Ranks(), 1))
        for found in on_all(SimulatedRanks.of(2), lambda rank: bits(trained(case, rank, 1))):
            assert found == expected


def test_a_rank_reads_its_own_rows_only() -> None:
    rng = np.random.default_rng(0)
    read: dict[int, list[int]] = {0: [], 1: []}

    class Recorded(LazyArray):
        """A lazy array that remembers what is read."""

        shape, dtype = (12, 3), np.dtype(np.float32)

        def __init__(self, rank: int) -> None:
            self.rank = rank

        def read(self, rows: Any, out: Any) -> None:
            read[self.rank] += rows.tolist()
            out[...] = VALUES[rows]

    VALUES = rng.normal(size=(12, 3)).astype(np.float32)
    y = rng.integers(0, 2, 12)

    def train(rank: Ranks) -> bytes:
        network = Network([Dense(4), ReLU(), Dense(2)], input_shape=(3,), seed=0)
        recipe = Recipe("softmax-cross-entropy", "adam", batch_size=6)
        engine = Engine(network, shards=2, ranks=rank)
        trainer = Trainer(engine, Recorded(rank.rank), y, recipe, epochs=1, seed=0)
        read[rank.rank].clear()  # examples that were looked at for bytes
        trainer.run()
        return network.vector.tobytes()

    first, second = on_all(SimulatedRanks.of(2), train)
    assert first == second
    assert sorted(read[0] + read[1]) == list(range(12))
    assert len(read[0]) == len(read[1])
