"""A trained network with the vocabulary that it reads and writes, kept in a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from char_rnn_dino.vocabulary import END, Vocabulary
from nn_core import checkpoint
from nn_core.errors import CheckpointError
from nn_core.network import Network

DINO_GEN, CHAR_RNN = "dino-gen", "char-rnn"
SHIPPED = Path(__file__).with_name("dinosaurs.h5")
"""The network for names that comes with the program."""


@dataclass(frozen=True)
class Model:
    """A network over time, from tokens (N, T) to logits (N, T, V).

    settings     those of its training, as the checkpoint has them
    fingerprint  of the text that it was trained on
    run          how to go on with its training, if that was saved
    """

    network: Network
    vocabulary: Vocabulary
    settings: Mapping[str, Any]
    fingerprint: str
    run: checkpoint.Run | None

    def details(self) -> dict[str, Any]:
        """What a checkpoint needs beside the network."""
        return {
            "vocabulary": self.vocabulary.to_dict(),
            "settings": dict(self.settings),
            "fingerprint": self.fingerprint,
        }


def load_model(path: Path | None, program: str) -> Model:
    """Read a checkpoint of a program; without a path, the one that comes with dino-gen.

    Raises CheckpointError, in one line.
    """
    path = SHIPPED if path is None else path
    loaded = checkpoint.load(path, program=program)
    details = loaded.details
    try:
        vocabulary = Vocabulary.from_dict(details["vocabulary"])
        settings = dict(details["settings"])
        model = Model(loaded.network, vocabulary, settings, details["fingerprint"], loaded.run)
    except (KeyError, TypeError, ValueError, CheckpointError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from None
    network = model.network
    if not network.over_time or network.input_shape or network.output_shape != (len(vocabulary),):
        raise CheckpointError(f"{path} is damaged: its network does not fit its vocabulary")
    if program == DINO_GEN and vocabulary.tokens[0] != END:
        raise CheckpointError(f"{path} is damaged: its vocabulary has no end of a name")
    return model
