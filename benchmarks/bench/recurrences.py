"""Training steps of each recurrent layer, between an embedding and a dense layer."""

from dataclasses import dataclass

import numpy as np

from bench.ours import Task
from bench.sides import TORCH, Case
from bench.training import training_case
from nn_core.layers import CELLS, Dense, Embedding


@dataclass(frozen=True)
class Size:
    """Of a batch and a network."""

    batch_size: int
    steps: int
    hidden: int
    vocabulary: int
    embedding: int

    def __str__(self) -> str:
        return f"{self.batch_size}x{self.steps}x{self.hidden}"


SMALL, LARGE = Size(64, 12, 64, 27, 32), Size(50, 50, 256, 65, 64)
GOALS = {SMALL: {"rnn": 2.5, "gru": 1.5, "lstm": 1.5}, LARGE: {"rnn": 1.7, "gru": 1.5, "lstm": 1.5}}


def recurrent(cell: str, size: Size) -> Task:
    """Sequences of random words, each with a random next word."""
    rng = np.random.default_rng(1)
    x, y = rng.integers(size.vocabulary, size=(2, size.batch_size, size.steps))
    layers = (Embedding(size.vocabulary, size.embedding), CELLS[cell](size.hidden), Dense(size.vocabulary))
    return Task(f"{cell} {size}", layers, (None,), "softmax-cross-entropy", x, y)


def _case(cell: str, size: Size) -> Case:
    goals = {TORCH: GOALS[size][cell]}
    return training_case("c", f"{cell} {size}", goals, lambda: recurrent(cell, size))


CASES = [_case(cell, size) for size in GOALS for cell in CELLS]
