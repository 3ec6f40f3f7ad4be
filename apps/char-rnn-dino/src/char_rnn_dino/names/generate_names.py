"""Generate names from a network."""

from collections.abc import Collection

import numpy as np

from char_rnn_dino.vocabulary import END, Vocabulary, format_tokens
from nn_core.arrays import Labels
from nn_core.engine.predictor import Predictor
from nn_core.engine.thread_pool import ThreadPool
from nn_core.errors import DataError, SettingError
from nn_core.generate import GROUP_SIZE, sample
from nn_core.network import Network

MAX_LENGTH = 40
"""Default maximum length of a name."""
MAX_FAILURES, MIN_BATCH = 50, 100
"""Give up after this many consecutive batches without a new name; minimum size of such a batch."""


def generate_names(
    network: Network,
    vocabulary: Vocabulary,
    start: str,
    count: int,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    max_length: int = MAX_LENGTH,
    exclude: Collection[str] = (),
    threads: int = 1,
) -> list[str]:
    """Generate `count` nonempty lowercase names.

    start       prefix of every name; may be empty
    max_length  maximum number of letters in a name, including `start`
    exclude     names to reject
    threads     number of threads; does not affect the names
    Raises SettingError for a start that is longer than max_length or has characters that are not
    in the vocabulary, DataError if only empty or excluded names are drawn.
    """
    prefix = encode_prefix(vocabulary, start)
    if len(start) > max_length:
        raise SettingError(f"{start!r} is longer than the maximum length of {max_length}")
    names: list[str] = []
    batch, failures = count, 0
    while len(names) < count and failures < MAX_FAILURES:
        with ThreadPool(max(1, min(threads, -(-batch // GROUP_SIZE)))) as pool:
            endings = sample(
                lambda: Predictor(network, frozen=True),
                np.tile(prefix, (batch, 1)),
                rng=rng,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                end_token=vocabulary.ids[END],
                max_length=max_length - len(start),
                pool=pool,
            )
        drawn = [start.lower() + vocabulary.decode(ending) for ending in endings]
        accepted = [name for name in drawn if name and name not in exclude]
        names += accepted
        failures = 0 if accepted else failures + 1
        batch = max(count - len(names), MIN_BATCH)
    if len(names) < count:
        kind = "new" if exclude else "nonempty"
        raise DataError(f"found only {len(names)} of {count} {kind} names; try a higher temperature")
    return names[:count]


def encode_prefix(vocabulary: Vocabulary, start: str) -> Labels:
    """The initial token ids (T,) of a name: END, then the letters of `start`.

    Raises SettingError for characters that are not in the vocabulary.
    """
    unknown = set(start.lower()) - set(vocabulary.tokens) | set(start) & {END}
    if unknown:
        raise SettingError(
            f"a name cannot start with {start!r}: unknown {format_tokens(sorted(unknown))};"
            f" choose from {format_tokens(vocabulary.tokens[1:])}"
        )
    return np.concatenate([[vocabulary.ids[END]], vocabulary.encode(start)]).astype(np.int64)
