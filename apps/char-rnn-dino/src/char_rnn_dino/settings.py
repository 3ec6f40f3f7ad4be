"""The settings of a training run, and the network they define."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np

from char_rnn_dino.model import Model
from nn_core.cli.settings import OptionTypes, Settings, option_types, require_options
from nn_core.errors import CheckpointError, NNError
from nn_core.layers import CELLS, Dense, Dropout, Embedding, Layer
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.printable import one_line
from nn_core.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class SequenceSettings(Settings):
    """The settings common to both programs.

    data                   path; None for the bundled corpus
    validation             fraction to hold out
    cell                   recurrent layer: "rnn", "gru" or "lstm"
    hidden                 units per recurrent layer
    layers                 number of stacked recurrent layers
    embedding              embedding size
    dropout                dropout rate of each recurrent layer's output
    embedding_dropout      dropout rate of the embedding
    recurrent_initializer  initializer of the recurrent weights
    """

    network_fields = Settings.network_fields | {"cell", "hidden", "layers", "embedding", "recurrent_initializer"}
    file_fields = frozenset({"data"})

    data: str | None
    validation: float
    cell: str
    hidden: int
    layers: int
    embedding: int
    dropout: float
    embedding_dropout: float
    recurrent_initializer: str

    def network(
        self, vocabulary_size: int, rng: np.random.Generator | None = None, *, initialize: bool = True
    ) -> Network:
        """The network of `chain`: (N, T) token ids -> (N, T, V) logits.

        initialize  False leaves the parameters at zero
        """
        chain = self.chain(vocabulary_size)
        return Network(chain, input_shape=(None,), rng=rng, dtype=self.dtype, initialize=initialize)

    def chain(self, vocabulary_size: int) -> list[Layer]:
        """Embedding, recurrent layers and a dense layer of logits; dropout after all but the last."""
        chain: list[Layer] = [Embedding(vocabulary_size, self.embedding)]
        chain += _dropout(self.embedding_dropout)
        for _ in range(self.layers):
            layer = CELLS[self.cell](self.hidden, recurrent_initializer=self.recurrent_initializer)
            chain += [layer, *_dropout(self.dropout)]
        return [*chain, Dense(vocabulary_size, initializer="xavier")]

    def sequence_recipe(self) -> Recipe:
        """The training recipe."""
        return self.recipe(softmax_cross_entropy)


S = TypeVar("S", bound=SequenceSettings)


@dataclass(frozen=True, kw_only=True)
class NameSettings(SequenceSettings):
    """The settings of dino-gen, which trains on names as separate sequences."""


@dataclass(frozen=True, kw_only=True)
class TextSettings(SequenceSettings):
    """The settings of char-rnn, which trains on one long text.

    unit         tokens are characters ("char") or words ("word")
    lowercase    lowercase the text
    bptt_length  tokens per chunk of truncated backpropagation through time
    """

    network_fields = SequenceSettings.network_fields | {"unit", "lowercase"}

    unit: str
    lowercase: bool
    bptt_length: int

    def sequence_recipe(self) -> Recipe:
        return dataclasses.replace(super().sequence_recipe(), bptt_length=self.bptt_length)


RENAMED = {"blank": "embedding_dropout", "lower": "lowercase", "steps": "bptt_length"}
"""Old name of a setting -> its current name."""


def migrate_settings(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a checkpoint of any version, under their current names."""
    return {RENAMED.get(name, name): value for name, value in saved.items()}


def settings_of(model: Model, settings_type: type[S]) -> S:
    """The training settings of a model. Raises CheckpointError if they are invalid."""
    try:
        settings = settings_type.from_mapping(migrate_settings(model.settings))
        require_options(settings, _option_types())
        settings.sequence_recipe()
        settings.chain(2)
    except NNError as error:
        raise CheckpointError(f"the training settings are damaged: {one_line(str(error), 400)}") from None
    return settings


@cache
def _option_types() -> OptionTypes:
    from char_rnn_dino.options import BPTT_LENGTH, UNIT, network_options

    defaults = {"hidden": 1, "layers": 1, "embedding": 1, "dropout": 0.0, "embedding_dropout": 0.0}
    cells = {cell: defaults | {"recurrent_initializer": "orthogonal"} for cell in ("gru", *CELLS)}
    return option_types(network_options(cells), unit=UNIT, bptt_length=BPTT_LENGTH)


def spawn_rngs(seed: int) -> list[np.random.Generator]:
    """Independent generators for the split, the initial weights and the samples."""
    return np.random.default_rng(seed).spawn(3)


def _dropout(rate: float) -> list[Layer]:
    return [Dropout(rate)] if rate else []
