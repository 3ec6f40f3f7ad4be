"""A trained network with its vocabulary, loaded from a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from char_rnn_dino.corpora import MAX_NAME_LENGTH
from char_rnn_dino.tokens import END
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.checkpoint import Checkpoint, load, unusable
from nn_core.errors import CheckpointError
from nn_core.network import Network

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


def load_model(path: Path | None, program: str) -> Model:
    """Load a checkpoint of a program; None for the shipped one. Raises CheckpointError."""
    path = path or SHIPPED
    loaded = load(path, program=program)
    details, network = loaded.details, loaded.network
    try:
        vocabulary = Vocabulary.from_dict(details["vocabulary"])
        settings = dict(details["settings"])
        max_length = int(details.get("max_length", MIN_MAX_LENGTH))
        if not MIN_MAX_LENGTH <= max_length <= MAX_NAME_LENGTH:
            raise ValueError(f"invalid maximum length: {max_length}")
        model = Model(network, vocabulary, settings, details["fingerprint"], max_length, loaded)
    except (KeyError, TypeError, ValueError, CheckpointError) as error:
        raise unusable(path, error) from None
    if network.input_shape != (None,) or network.output_shape != (None, len(vocabulary)):
        raise CheckpointError(f"{path} is damaged: the network does not match its vocabulary")
    if program == DINO_GEN and vocabulary.tokens[0] != END:
        raise CheckpointError(f"{path} is damaged: the vocabulary has no end-of-name token")
    return model


def details(
    vocabulary: Vocabulary, settings: Mapping[str, Any], fingerprint: str, max_length: int | None = None
) -> dict[str, Any]:
    """What a checkpoint stores besides the network."""
    stored = {"vocabulary": vocabulary.to_dict(), "settings": dict(settings), "fingerprint": fingerprint}
    return stored if max_length is None else stored | {"max_length": max_length}
