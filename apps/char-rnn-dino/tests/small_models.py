"""Untrained networks with few letters, whose names can be enumerated."""

from typing import Any

import numpy as np

from char_rnn_dino.names.generate_names import generate_names
from char_rnn_dino.tokens import END
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.generate import next_probabilities
from nn_core.layers import GRU, Dense, Embedding
from nn_core.network import Network

AB = Vocabulary((END, "a", "b"), lowercase=True)


def network_of(vocabulary: Vocabulary, *, hidden: int = 5, seed: int = 0, scale: float = 3.0) -> Network:
    """In float64; logits `scale` times as large as initialized, so that probabilities differ."""
    V = len(vocabulary)
    layers = [Embedding(V, 3), GRU(hidden), Dense(V, initializer="xavier")]
    rng = np.random.default_rng(seed)
    network = Network(layers, input_shape=(None,), rng=rng, dtype=np.float64)
    network.params["2/W"][...] *= scale
    return network


def names_drawn(
    network: Network, vocabulary: Vocabulary, start: str, count: int, *, max_length: int = 40, **settings: Any
) -> list[str]:
    """The text of generated names."""
    groups = generate_names(network, vocabulary, start, count, max_length=max_length, **settings)
    return [name.text for group in groups for name in group]


def probability_of(
    network: Network, vocabulary: Vocabulary, text: str, *, ends: bool, temperature: float = 1.0, start: str = ""
) -> float:
    """The probability of a name's letters after `start`, with one forward pass per letter.

    ends  whether the name must end after them
    """
    p = 1.0
    tokens = [vocabulary.ids[END], *(vocabulary.ids[letter] for letter in text)]
    for t in range(len(start), len(text) + ends):
        logits = network.activations(np.array([tokens[: t + 1]]))[-1][0, -1:]
        following = tokens[t + 1] if t < len(text) else vocabulary.ids[END]
        p *= float(next_probabilities(logits, temperature=temperature)[0, following])
    return p
