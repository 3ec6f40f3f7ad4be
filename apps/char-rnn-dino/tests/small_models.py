"""Networks that nobody has trained, of few letters, whose every name can be listed."""

import numpy as np

from char_rnn_dino.vocabulary import END, Vocabulary
from nn_core.generate import next_probabilities
from nn_core.layers import GRU, Dense, Embedding
from nn_core.network import Network

AB = Vocabulary((END, "a", "b"), lower=True)


def network_of(vocabulary, *, hidden=5, seed=0, cell=GRU, scale=3.0):
    """In float64; `scale` times as decided as it would begin, so that letters differ."""
    chain = [Embedding(3, len(vocabulary)), cell(hidden), Dense(len(vocabulary), "xavier")]
    rng = np.random.default_rng(seed)
    network = Network(chain, input_shape=(), rng=rng, dtype=np.float64, over_time=True)
    network.parameter_views[-1]["W"] *= scale
    return network


def chance_of(network, vocabulary, text, *, whole, temperature=1.0, start=""):
    """The probability of a name's letters after `start`, one forward pass for each of them.

    whole  whether the end of the name is counted too
    """
    p = 1.0
    tokens = [vocabulary.place[END], *(vocabulary.place[letter] for letter in text)]
    for t in range(len(start), len(text) + whole):
        logits = network.predict(np.array([tokens[: t + 1]]))[0, -1:]
        following = tokens[t + 1] if t < len(text) else vocabulary.place[END]
        p *= next_probabilities(logits, temperature=temperature)[0, following]
    return p
