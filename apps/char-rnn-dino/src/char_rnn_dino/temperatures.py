"""The next token and generated samples at several softmax temperatures."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from char_rnn_dino.model import Model
from char_rnn_dino.tokens import END, UNKNOWN
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Array, Labels
from nn_core.engine.predictor import Predictor
from nn_core.generate import PREFIX_STEPS, next_probabilities
from nn_core.network import Network
from nn_core.registry import require

MOST = 6
"""Most temperatures in a figure."""


@dataclass(frozen=True)
class AtTemperature:
    """What a network does at one temperature.

    softmax        (V,) P(next token) = exp(z_v / T) / sum_w exp(z_w / T)
    probabilities  the same after top-k and top-p
    samples        names, or one text
    """

    temperature: float
    softmax: Array
    probabilities: Array
    samples: tuple[str, ...]

    @property
    def perplexity(self) -> float:
        """exp(H), with the entropy H of the probabilities: as many tokens of equal probability are as uncertain."""
        p = self.probabilities[self.probabilities > 0].astype(np.float64)
        return float(np.exp(-(p * np.log(p)).sum()))


def next_logits(network: Network, prefix: Labels, vocabulary: Vocabulary) -> Array:
    """The logits (V,) of the token after a prefix (T,), with -inf for tokens that are never generated."""
    predictor = Predictor(network, frozen=True)
    logits, state = predictor.predict(prefix[None, :PREFIX_STEPS])
    for begin in range(PREFIX_STEPS, len(prefix), PREFIX_STEPS):
        logits, state = predictor.predict(prefix[None, begin : begin + PREFIX_STEPS], state)
    last: Array = logits[0, -1].copy()
    if UNKNOWN in vocabulary.ids:
        last[vocabulary.ids[UNKNOWN]] = -np.inf
    return last


def compare_temperatures(
    model: Model,
    prefix: Labels,
    temperatures: Iterable[float],
    draw: Callable[..., Sequence[str]],
    *,
    top_k: int | None = None,
    top_p: float | None = None,
) -> tuple[Array, list[AtTemperature]]:
    """The logits after a prefix, and at each temperature the next token and samples.

    draw  samples, from the arguments temperature, top_k and top_p
    Raises SettingError for more than MOST temperatures.
    """
    values = tuple(dict.fromkeys(temperatures))
    require(len(values) <= MOST, f"{len(values)} temperatures do not fit in a figure; the limit is {MOST}")
    logits = next_logits(model.network, prefix, model.vocabulary)
    found = []
    for temperature in values:
        cut: dict[str, Any] = {"top_k": top_k, "top_p": top_p}
        softmax = next_probabilities(logits[None], temperature=temperature)[0]
        p = next_probabilities(logits[None], temperature=temperature, **cut)[0]
        found.append(AtTemperature(temperature, softmax, p, tuple(draw(temperature=temperature, **cut))))
    return logits, found


def token_names(vocabulary: Vocabulary, *, end: str) -> list[str]:
    """The tokens as they are shown, one line each; `end` is the newline."""
    special = {END: end, " ": "space", "\t": "tab"}
    return [special.get(token, token if token.isprintable() else repr(token)) for token in vocabulary.tokens]
