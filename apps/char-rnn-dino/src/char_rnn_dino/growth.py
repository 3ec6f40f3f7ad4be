"""Vocabularies and networks that grow when training continues with other data."""

from char_rnn_dino.model import Model
from char_rnn_dino.tokens import UNIT_NAMES
from char_rnn_dino.vocabulary import Vocabulary, format_tokens
from nn_core.cli.terminal import counted
from nn_core.errors import CheckpointError, remark
from nn_core.network import Network


def extended_vocabulary(built: Vocabulary, start: Model | None, resumed: Model | None, source: str) -> Vocabulary:
    """The vocabulary of a run: that of the model, extended by the new tokens of the data.

    built    the vocabulary of the data alone, for a run without a model
    start    the model that a new run starts from; new tokens are reported by a DataWarning
    resumed  the model of a run to resume
    """
    known = start or resumed
    if known is None:
        return built
    vocabulary = known.vocabulary.extended(built)
    new = vocabulary.tokens[len(known.vocabulary) :]
    if start is not None and new:
        what = counted(len(new), f"new {UNIT_NAMES[vocabulary.unit]}")
        remark(f"{source}: {what} added to the vocabulary: {format_tokens(new, 20)}")
    return vocabulary


def start_from_fewer_tokens(network: Network, model: Network, known: int) -> None:
    """Copy the weights of a model that knows only the first tokens; its layers are the same but for dropout.

    The embeddings and output weights of the other tokens stay; their output biases become the
    smallest of the known ones, so that they are unlikely at first.

    known  number of tokens that the model knows
    Raises CheckpointError if the layers differ otherwise.
    """
    ours, theirs = network.named(network.vector), model.named(model.vector)
    last = f"{len(network.layers) - 1}/"
    if len(ours) != len(theirs):
        raise CheckpointError("the model does not have the layers that its settings say")
    for (name, values), copied in zip(ours.items(), theirs.values(), strict=True):
        grown = values
        if name == "0/W":
            grown = values[:known]
        elif name.startswith(last):
            grown = values[..., :known]
        if copied.shape != grown.shape:
            raise CheckpointError(f"the weights of the model do not fit its settings: {name}")
        grown[...] = copied
    bias = ours[f"{last}b"]
    bias[known:] = bias[:known].min()
