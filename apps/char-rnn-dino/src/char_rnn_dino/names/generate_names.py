"""Names from a network that knows how they are written."""

from collections.abc import Collection

import numpy as np

from char_rnn_dino.vocabulary import END, Vocabulary, listed
from nn_core.arrays import Labels
from nn_core.errors import DataError, SettingError
from nn_core.generate import sample
from nn_core.network import Network

LONGEST = 40
"""Letters after which a name ends, if it has not of itself."""
PATIENCE, ROUND = 50, 100
"""Rounds in a row without a new name after which none is to be expected, and the least names that
are drawn in such a round."""


def names_like(
    network: Network,
    vocabulary: Vocabulary,
    start: str,
    count: int,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    max_length: int = LONGEST,
    known: Collection[str] = (),
    threads: int = 1,
) -> list[str]:
    """So many names in small letters, each of at least one.

    start       what each begins with; "" lets the network begin
    max_length  the most letters of a name, `start` among them
    known       names that are not to come again
    threads     how many share the work
    Raises SettingError for a start that the network cannot read, or that is longer than
    max_length, DataError if only known names come, or none of a letter.
    """
    first = prefix(vocabulary, start)
    if len(start) > max_length:
        raise SettingError(f"{start!r} is longer than {max_length} letters, the most of a name")
    end = vocabulary.place[END]
    names: list[str] = []
    wanted, in_vain = count, 0
    while len(names) < count and in_vain < PATIENCE:
        letters = sample(
            network,
            np.tile(first, (wanted, 1)),
            rng=rng,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            stop=end,
            max_length=max_length - len(start),
            threads=threads,
        )
        made = [start.lower() + vocabulary.decode(name) for name in letters]
        new = [name for name in made if name and name not in known]
        names += new
        in_vain = 0 if new else in_vain + 1
        wanted = max(count - len(names), ROUND)
    if len(names) < count:
        what = "were new" if known else "had a letter"
        raise DataError(f"only {len(names)} of {count} names {what}; a higher temperature helps")
    return names[:count]


def prefix(vocabulary: Vocabulary, start: str) -> Labels:
    """What a network reads before it goes on: (T,), the end of a name and the start of another.

    Raises SettingError for letters that it does not know.
    """
    unknown = sorted(set(start.lower()) - set(vocabulary.tokens[1:]))
    if unknown or END in start:
        strange = listed(unknown or [END])
        raise SettingError(
            f"a name cannot begin with {start!r}: {strange} is not among"
            f" {listed(vocabulary.tokens[1:])}"
        )
    return np.concatenate([[vocabulary.place[END]], vocabulary.encode(start)]).astype(np.int64)
