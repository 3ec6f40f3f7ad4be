"""Perplexity, bits and nats per token."""

import math
from collections.abc import Mapping
from typing import Any

from char_rnn_dino.tokens import UNIT_NAMES
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Array, Labels
from nn_core.losses import softmax_cross_entropy
from nn_core.metrics import perplexity


def mean_nats(logits: Array, targets: Labels) -> float:
    """The mean negative log-likelihood of the targets, ignoring those of -1."""
    return softmax_cross_entropy(logits, targets)[0]


def token_metrics(loss: float, vocabulary: Vocabulary) -> dict[str, float]:
    """The mean negative log-likelihood of a token in nats, in bits, and as perplexity.

    bits = nats / log 2,   perplexity = exp(nats)
    """
    unit = UNIT_NAMES[vocabulary.unit]
    return {f"nats_per_{unit}": loss, f"bits_per_{unit}": loss / math.log(2), "perplexity": perplexity(loss)}


def format_metrics(result: Mapping[str, Any], vocabulary: Vocabulary) -> str:
    """The token metrics on one line, with the loss of a uniform guess for comparison."""
    unit = UNIT_NAMES[vocabulary.unit]
    return (
        f"{result[f'nats_per_{unit}']:.4f} nats per {unit} ({result[f'bits_per_{unit}']:.4f} bits),"
        f" perplexity {result['perplexity']:.2f};"
        f" uniform guess: {math.log(len(vocabulary)):.4f} nats"
    )
