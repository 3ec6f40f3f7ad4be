"""The hidden states and predictions of a network at each letter of a name."""

from dataclasses import dataclass

import numpy as np

from char_rnn_dino.names.generate_names import encode_prefix
from char_rnn_dino.tokens import END
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, SettingError
from nn_core.generate import next_probabilities
from nn_core.layers import Recurrent
from nn_core.network import Network


@dataclass(frozen=True)
class Trace:
    """A name of T - 1 letters in T steps; step 0 reads the start token.

    layer          the recurrent layer traced, counted from 1
    states         (T, units) its hidden state h after each step, from -1 to 1
    probabilities  (T, V) of the next token
    next_tokens    (T,) the actual next token: the letters, then the end of the name
    """

    layer: int
    states: Array
    probabilities: Array
    next_tokens: Labels


def trace(network: Network, vocabulary: Vocabulary, name: str, layer: int | None = None) -> Trace:
    """Record the states and predictions of a network as it reads a name.

    p[t, v] = softmax(logits[t])_v, the probability that token v follows the first t letters

    layer  the recurrent layer to trace, counted from 1; None for the last
    Raises SettingError for an empty name, characters that are not in the vocabulary or a layer
    that does not exist, DataError for a network without a recurrent layer.
    """
    if not name:
        raise SettingError("the name is empty")
    tokens = encode_prefix(vocabulary, name)
    recurrent = [i for i, each in enumerate(network.layers) if isinstance(each, Recurrent)]
    if not recurrent:
        raise DataError("the network has no recurrent layer")
    number = len(recurrent) if layer is None else layer
    if not 1 <= number <= len(recurrent):
        raise SettingError(f"no recurrent layer {number}; the network has {len(recurrent)}")
    outputs = [output[0] for output in network.activations(tokens[None])]
    next_tokens = np.append(tokens[1:], vocabulary.ids[END])
    states, logits = outputs[recurrent[number - 1]], outputs[-1]
    return Trace(number, states, next_probabilities(logits), next_tokens)
