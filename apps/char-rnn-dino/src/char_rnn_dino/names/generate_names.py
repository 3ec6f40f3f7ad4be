"""Generate names from a network."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from char_rnn_dino.tokens import END, normalize
from char_rnn_dino.vocabulary import Vocabulary, format_tokens
from nn_core.arrays import Labels
from nn_core.engine.predictor import Predictor
from nn_core.engine.thread_pool import ThreadPool
from nn_core.errors import DataError, SettingError
from nn_core.generate import GROUP_SIZE, sample_groups
from nn_core.network import Network

MAX_FAILURES, MIN_BATCH = 50, 100
"""Give up after this many consecutive batches without a new name; minimum size of such a batch."""


class GeneratedName(NamedTuple):
    """A nonempty lowercase name, without spaces at its ends, as names are read.

    ended  whether the network ended it; otherwise it was cut at the maximum length
    """

    text: str
    ended: bool


def generate_names(
    network: Network,
    vocabulary: Vocabulary,
    start: str,
    count: int,
    *,
    rng: np.random.Generator,
    max_length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    exclude: Collection[str] = (),
    threads: int = 1,
) -> Iterator[list[GeneratedName]]:
    """Generate `count` nonempty lowercase names, in groups as they are drawn.

    start       prefix of every name; may be empty
    max_length  maximum number of letters in a name, including `start`
    exclude     names to reject; if there are any, cut names are rejected, too, since they may begin
                one of these
    threads     number of threads; does not affect the names
    Raises SettingError for a start that is longer than max_length or has characters that are not
    in the vocabulary, DataError if only empty or excluded names are drawn.
    """
    prefix = encode_prefix(vocabulary, start)
    letters = max_length - (len(prefix) - 1)
    if letters < 0:
        raise SettingError(f"{start!r} is longer than the maximum length of {max_length}")
    beginning = vocabulary.decode(prefix[1:])
    found, batch, failures = 0, count, 0
    with ThreadPool(max(1, min(threads, -(-count // GROUP_SIZE)))) as pool:
        while found < count and failures < MAX_FAILURES:
            groups = sample_groups(
                lambda: Predictor(network, frozen=True),
                np.broadcast_to(prefix, (batch, len(prefix))),
                rng=rng,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                end_token=vocabulary.ids[END],
                max_length=letters + 1,  # to see whether a name ends after as many letters as it may have
                pool=pool,
            )
            accepted = 0
            for tokens, lengths in groups:
                drawn = vocabulary.decode_rows(tokens, np.minimum(lengths, letters))
                names = [
                    GeneratedName((beginning + ending).strip(), ended)
                    for ending, ended in zip(drawn, (lengths <= letters).tolist(), strict=True)
                ]
                names = [name for name in names if name.text and not (exclude and _is_known(name, exclude))]
                accepted += len(names)
                if names := names[: count - found]:
                    found += len(names)
                    yield names
            failures = 0 if accepted else failures + 1
            batch = max(count - found, MIN_BATCH)
    if found < count:
        kind = "new" if exclude else "nonempty"
        raise DataError(f"found only {found} of {count} {kind} names; try a higher temperature")


def encode_prefix(vocabulary: Vocabulary, start: str) -> Labels:
    """The initial token ids (T,) of a name: END, then the letters of `start`.

    Raises SettingError for characters that are not in the vocabulary.
    """
    letters = normalize(start, lowercase=True, version=vocabulary.tokenizer)
    unknown = set(letters) - set(vocabulary.tokens) | set(letters) & {END}
    if unknown:
        raise SettingError(
            f"a name cannot start with {start!r}: unknown {format_tokens(sorted(unknown))};"
            f" choose from {format_tokens(vocabulary.tokens[1:])}"
        )
    return np.concatenate([[vocabulary.ids[END]], vocabulary.encode(start)]).astype(np.int64)


def _is_known(name: GeneratedName, known: Collection[str]) -> bool:
    return not name.ended or name.text in known
