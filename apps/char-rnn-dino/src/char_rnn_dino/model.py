"""A trained network with its vocabulary, loaded from a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from char_rnn_dino import vocabulary
from char_rnn_dino.corpora import MAX_NAME_LENGTH
from char_rnn_dino.tokens import END
from char_rnn_dino.vocabulary import Vocabulary
from nn_core import checkpoint
from nn_core.checkpoint import Checkpoint
from nn_core.cli.settings import SETTINGS
from nn_core.errors import CheckpointError
from nn_core.network import Network
from nn_core.storage.json_schema import Integer, Schema, Text, check_json

DINO_GEN, CHAR_RNN = "dino-gen", "char-rnn"
SHIPPED = Path(__file__).with_name("dinosaurs.h5")
"""The network shipped with dino-gen."""
MIN_MAX_LENGTH = 40
"""Generated names may have as many letters, or more if names in the training data do."""


@dataclass(frozen=True)
class Model:
    """A network from token ids (N, T) to logits (N, T, V), and how it was trained.

    settings     the training settings, as saved in the checkpoint
    fingerprint  identifies the training data
    max_length   maximum number of letters of a generated name
    checkpoint   the contents of the file, including the run to resume
    """

    network: Network
    vocabulary: Vocabulary
    settings: Mapping[str, Any]
    fingerprint: str
    max_length: int
    checkpoint: Checkpoint


DETAILS: Schema = {
    "vocabulary": vocabulary.SCHEMA,
    "settings": SETTINGS,
    "fingerprint": Text(100),
    "max_length?": Integer(MIN_MAX_LENGTH, MAX_NAME_LENGTH),
}
"""The details of a checkpoint of either program."""


def load_model(path: Path | None, program: str) -> Model:
    """Load a checkpoint of a program; None for the shipped one. Raises CheckpointError."""
    return checkpoint.load_model(path or SHIPPED, program, model_of)


def model_of(loaded: Checkpoint) -> Model:
    """The model of a checkpoint. Raises an NNError if its details are invalid."""
    found, network = dict(loaded.details), loaded.network
    if isinstance(found.get("vocabulary"), dict):
        found["vocabulary"] = vocabulary.migrated(found["vocabulary"])
    check_json(found, DETAILS, source="/details")
    tokens = Vocabulary.from_dict(found["vocabulary"])
    max_length = found.get("max_length", MIN_MAX_LENGTH)
    model = Model(network, tokens, found["settings"], found["fingerprint"], max_length, loaded)
    if network.input_shape != (None,) or network.output_shape != (None, len(tokens)):
        raise CheckpointError("the network does not match its vocabulary")
    if loaded.program == DINO_GEN and tokens.tokens[0] != END:
        raise CheckpointError("the vocabulary has no end-of-name token")
    return model


checkpoint.READERS |= dict.fromkeys((DINO_GEN, CHAR_RNN), model_of)


def details(
    vocabulary: Vocabulary, settings: Mapping[str, Any], fingerprint: str, max_length: int | None = None
) -> dict[str, Any]:
    """What a checkpoint stores besides the network."""
    stored = {"vocabulary": vocabulary.to_dict(), "settings": dict(settings), "fingerprint": fingerprint}
    return stored if max_length is None else stored | {"max_length": max_length}
