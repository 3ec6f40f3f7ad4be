"""The hidden states, gates and predictions of a network at each letter of a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from char_rnn_dino.names.generate_names import encode_prefix
from char_rnn_dino.tokens import END
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.activations import sigmoid
from nn_core.arrays import Array, Arrays, Labels
from nn_core.errors import DataError, SettingError
from nn_core.generate import next_probabilities
from nn_core.layers import GRU, LSTM, Layer, Recurrent
from nn_core.network import Network
from nn_core.overflow import checked_overflow

GATES: Mapping[type[Layer], Mapping[str, int]] = MappingProxyType(
    {GRU: {"update": 1, "reset": 0}, LSTM: {"forget": 2, "input": 1, "output": 0}}
)
"""Gates by layer, the one that keeps the state first: their block of columns in W_x, W_h and b."""


@dataclass(frozen=True)
class Trace:
    """A name of T - 1 letters in T steps; step 0 reads the start token.

    layer          the recurrent layer traced, counted from 1
    states         (T, units) its hidden state h after each step, from -1 to 1
    gates          (T, units) of each of its gates by name, from 0 (closed) to 1 (open); none for a plain RNN
    probabilities  (T, V) of the next token
    next_tokens    (T,) the actual next token: the letters, then the end of the name
    """

    layer: int
    states: Array
    gates: Mapping[str, Array]
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
    with checked_overflow():
        outputs = [output[0] for output in network.activations(tokens[None])]
    next_tokens = np.append(tokens[1:], vocabulary.ids[END])
    at = recurrent[number - 1]
    states, logits = outputs[at], outputs[-1]
    gates = gates_of(network.layers[at], network[at].params, outputs[at - 1], states)
    return Trace(number, states, gates, next_probabilities(logits), next_tokens)


def gates_of(layer: Layer, params: Arrays, x: Array, h: Array) -> dict[str, Array]:
    """The gates of a recurrent layer at each step, from its inputs x (T, D) and states h (T, units).

    gate[t] = sigmoid(x[t] @ W_x + b + h[t-1] @ W_h), the columns of that gate, with h[-1] = 0
    """
    names = GATES.get(type(layer), {})
    units = h.shape[1]
    before = np.concatenate([np.zeros_like(h[:1]), h[:-1]])
    gates = {}
    for name, block in names.items():
        columns = slice(block * units, (block + 1) * units)
        z = x @ params["W_x"][:, columns] + params["b"][columns] + before @ params["W_h"][:, columns]
        gates[name] = sigmoid(z)
    return gates


def varied_units(states: Array, count: int) -> Labels:
    """The `count` units of the largest variance over the steps, in their order, counted from 0."""
    order = np.argsort(-states.var(axis=0), kind="stable")
    return np.sort(order[:count])
