"""Generate text from a prompt, token by token."""

from collections.abc import Iterator

import numpy as np

from char_rnn_dino.tokens import END, UNKNOWN, detokenize
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Labels
from nn_core.engine.predictor import Predictor
from nn_core.errors import DataError, SettingError
from nn_core.generate import generate
from nn_core.network import Network


def generate_text(
    network: Network,
    vocabulary: Vocabulary,
    prime: str,
    length: int,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Iterator[str]:
    """Yield `length` tokens that continue a prompt, one at a time, as text.

    prime  the prompt, which is not repeated; if it is empty, the network reads a newline
    Raises SettingError immediately for a prompt with characters that are not in the vocabulary.
    """
    prefix = encode_prompt(vocabulary, prime)
    steps = generate(
        Predictor(network, frozen=True),
        prefix[None],
        rng=rng,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        banned=[vocabulary.ids[UNKNOWN]] if UNKNOWN in vocabulary.ids else [],
        max_length=length,
    )
    return _as_text(steps, vocabulary, vocabulary.tokens[int(prefix[-1])] if prime else "")


def encode_prompt(vocabulary: Vocabulary, prime: str) -> Labels:
    """The token ids (T,) of a prompt; those of a newline if it is empty.

    Raises SettingError for characters that are not in the vocabulary.
    """
    try:
        prefix = vocabulary.encode(prime, f"the prompt {prime!r}")
    except DataError as error:
        raise SettingError(str(error)) from None
    return prefix if len(prefix) else np.array([vocabulary.ids.get(END, 0)])


def _as_text(steps: Iterator[Labels], vocabulary: Vocabulary, previous: str) -> Iterator[str]:
    """The text of each token, with a space before it where one belongs."""
    for (i,) in steps:
        token = vocabulary.tokens[int(i)]
        yield detokenize([token], vocabulary.unit, previous=previous)
        previous = token
