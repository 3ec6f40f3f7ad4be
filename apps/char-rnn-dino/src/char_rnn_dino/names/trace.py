"""What a network thinks while it reads a name: its states, and what it expects next."""

from dataclasses import dataclass

import numpy as np

from char_rnn_dino.naming import prefix
from char_rnn_dino.vocabulary import END, Vocabulary
from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, SettingError
from nn_core.generate import next_probabilities
from nn_core.layers import Recurrent
from nn_core.network import Network


@dataclass(frozen=True)
class Reading:
    """A name of T - 1 letters, read from its beginning: place 0 is before its first letter.

    layer          the recurrent layer looked at, counted from 1
    states         (T, units) its h at each place, each number from -1 to 1
    probabilities  (T, V) of what comes next at each place
    following      (T,) what does come next: the letters, and the end of the name
    """

    layer: int
    states: Array
    probabilities: Array
    following: Labels


def read_along(
    network: Network, vocabulary: Vocabulary, name: str, layer: int | None = None
) -> Reading:
    """Read a name, at least one letter, and note what goes on at each place.

    p[t, v] = softmax(logits[t])_v, the probability that token v comes after the first t letters

    layer  of the recurrent ones, counted from 1; None for the last, from which the logits come
    Raises SettingError for letters that the network does not know, or a layer that it has not,
    DataError for a network without a recurrent layer.
    """
    if not name:
        raise SettingError("a name has at least one letter")
    tokens = prefix(vocabulary, name)
    recurrent = [i for i, each in enumerate(network.layers) if isinstance(each, Recurrent)]
    if not recurrent:
        raise DataError("the network has no recurrent layer to look at")
    number = len(recurrent) if layer is None else layer
    if not 1 <= number <= len(recurrent):
        raise SettingError(
            f"there is no recurrent layer {number}; the network has {len(recurrent)}"
        )
    x: Array = network.accepted(tokens[None])
    for i, context in enumerate(network.contexts()):
        x, _ = network.forward_layer(i, x, context)
        if i == recurrent[number - 1]:
            states = x[0].copy()
    following = np.append(tokens[1:], vocabulary.place[END])
    return Reading(number, states, next_probabilities(x[0]), following)
