"""What defines a run, as plain values, and the network that it trains."""

import dataclasses
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from char_rnn_dino.model import Model
from nn_core.cli.settings import Settings
from nn_core.errors import CheckpointError
from nn_core.layers import CELLS, Dense, Dropout, Embedding, Layer
from nn_core.losses import sequence_cross_entropy
from nn_core.network import Network
from nn_core.training.trainer import Recipe


@dataclass(frozen=True, kw_only=True)
class SequenceSettings(Settings):
    """What both programs have.

    data        a file; None: the one that comes with the program
    validation  the share to hold back
    hidden      units of each recurrent layer
    layers      recurrent layers, one above the other
    embedding   numbers that stand for a token
    dropout     the share that is dropped of each recurrent layer's output, while it learns
    blank       the share that is dropped of what stands for a token
    recurrent_initializer  how the weights between two steps begin
    """

    data: str | None
    validation: float
    cell: str
    hidden: int
    layers: int
    embedding: int
    dropout: float
    blank: float
    recurrent_initializer: str

    def network(self, vocabulary: int, rng: np.random.Generator | None = None) -> Network:
        """Embedding, recurrent layers, and a dense layer of logits, with dropout after each."""
        chain: list[Layer] = [Embedding(self.embedding, vocabulary), *_noise(self.blank)]
        for _ in range(self.layers):
            layer = CELLS[self.cell](self.hidden, recurrent_initializer=self.recurrent_initializer)
            chain += [layer, *_noise(self.dropout)]
        chain.append(Dense(vocabulary, "xavier"))
        return Network(chain, input_shape=(), rng=rng, dtype=self.dtype, over_time=True)

    def sequence_recipe(self) -> Recipe:
        """How to train."""
        return self.recipe(sequence_cross_entropy)


S = TypeVar("S", bound=SequenceSettings)


@dataclass(frozen=True, kw_only=True)
class NameSettings(SequenceSettings):
    """A run of dino-gen: names, each read from its beginning to its end."""


@dataclass(frozen=True, kw_only=True)
class TextSettings(SequenceSettings):
    """A run of char-rnn: one long text.

    unit   "char" or "word"
    lower  whether it is read in lower case
    steps  tokens that are read before the weights change: as far as gradients go back
    """

    unit: str
    lower: bool
    steps: int

    def sequence_recipe(self) -> Recipe:
        return dataclasses.replace(super().sequence_recipe(), steps=self.steps)


def settings_of(model: Model, kind: type[S]) -> S:
    """Those that the model was trained with. Raises CheckpointError if they make no sense."""
    try:
        settings = kind.from_mapping(model.settings)
        settings.sequence_recipe()
        settings.network(2)
        streams(settings.seed)
    except (KeyError, TypeError, ValueError, CheckpointError) as error:
        raise CheckpointError(f"the settings of the training are damaged: {error}") from None
    return settings


def streams(seed: int) -> list[np.random.Generator]:
    """Independent generators: split, first weights, training, and samples on the way."""
    return np.random.default_rng(seed).spawn(4)


def _noise(dropped: float) -> list[Layer]:
    return [Dropout(1 - dropped)] if dropped else []
