"""Text that goes on, token by token."""

from collections.abc import Iterator

import numpy as np

from char_rnn_dino.vocabulary import END, UNKNOWN, Vocabulary, join
from nn_core.arrays import Labels
from nn_core.errors import DataError, SettingError
from nn_core.generate import generate
from nn_core.network import Network


def written(
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
    """The next `length` tokens after a beginning, one after the other, as text.

    prime  what the network reads first; it is not repeated. Of nothing, the end of a line
    Raises SettingError, before anything is written, for a beginning that the network cannot read.
    """
    try:
        read = vocabulary.encode(prime, f"the beginning {prime!r}")
    except DataError as error:
        raise SettingError(str(error)) from None
    if len(read) == 0:
        read = np.array([vocabulary.place.get(END, 0)])
    never = [vocabulary.place[UNKNOWN]] if UNKNOWN in vocabulary.place else []
    last = vocabulary.tokens[int(read[-1])] if prime else ""
    steps = generate(
        network,
        read[None],
        rng=rng,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        never=never,
        max_length=length,
    )
    return _as_text(steps, vocabulary, last)


def _as_text(steps: Iterator[Labels], vocabulary: Vocabulary, before: str) -> Iterator[str]:
    """Each token as it stands in a text, after the one before it."""
    for (token,) in steps:
        unit = vocabulary.tokens[int(token)]
        yield join([unit], vocabulary.unit, before=before)
        before = unit
