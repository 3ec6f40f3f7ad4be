"""How well the next token is foretold, in the ways that people say it."""

import math
from collections.abc import Mapping
from typing import Any

from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Array, Labels
from nn_core.losses import sequence_cross_entropy
from nn_core.metrics import perplexity

NAMES = {"char": "character", "word": "word"}


def mean_nats(logits: Array, targets: Labels) -> float:
    """The mean negative log-likelihood of the targets, those of -1 left out."""
    return sequence_cross_entropy(logits, targets)[0]


def nats(loss: float, vocabulary: Vocabulary) -> dict[str, float]:
    """The mean negative log-likelihood of a token in nats, in bits, and as a perplexity.

    bits = nats / log 2,   perplexity = exp(nats)
    """
    unit = NAMES[vocabulary.unit]
    return {
        f"nats_per_{unit}": loss,
        f"bits_per_{unit}": loss / math.log(2),
        "perplexity": perplexity(loss),
    }


def for_machines(result: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None for what JSON has no number for: a perplexity past all numbers."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in result.items()
    }


def in_words(result: Mapping[str, Any], vocabulary: Vocabulary) -> str:
    """The same on a line, beside what a guess among all tokens would have."""
    unit = NAMES[vocabulary.unit]
    return (
        f"{result[f'nats_per_{unit}']:.4f} nats per {unit}, {result[f'bits_per_{unit}']:.4f} bits,"
        f" perplexity {result['perplexity']:.2f} (a guess: {math.log(len(vocabulary)):.4f} nats)"
    )
