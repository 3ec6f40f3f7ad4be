"""How much of generated text is copied from the training text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels

BLOCK = 1 << 20
"""Positions of the training text to search at a time."""
FILTER_BITS = 22
"""Most positions are excluded by the first bits of their hash, before the search."""

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Overlap:
    """What generated text shares with the training text.

    copied   fraction of tokens within passages of at least `shortest` tokens that are in the training text
    longest  length of the longest passage, in tokens; 0 if all are shorter than `shortest`
    passage  the tokens of it
    """

    copied: float
    longest: int
    passage: Labels


class NGrams:
    """Hashes of all passages of a text: polynomials of random numbers for the tokens, modulo 2^64.

    prefix[i] = sum over j < i of r[x[j]] B^j,   hash(i, n) = (prefix[i + n] - prefix[i]) B^-i

    B is odd, so that it has an inverse. Source: Karp, Rabin, Efficient randomized pattern-matching
    algorithms (1987).
    """

    def __init__(self, tokens: Labels, values: Hashes, powers: Hashes, inverses: Hashes) -> None:
        self.tokens, self._inverses = tokens, inverses
        self._prefix = np.zeros(len(tokens) + 1, np.uint64)
        np.cumsum(values[tokens] * powers[: len(tokens)], out=self._prefix[1:])

    def hashes(self, n: int, starts: Labels | None = None) -> Hashes:
        """The hashes of the passages of n tokens at these starts; None for all."""
        if starts is None:
            last = max(len(self.tokens) - n + 1, 0)
            return (self._prefix[n : n + last] - self._prefix[:last]) * self._inverses[:last]
        return (self._prefix[starts + n] - self._prefix[starts]) * self._inverses[starts]


def overlaps(samples: Sequence[Sequence[Labels]], training: Labels, *, shortest: int) -> list[Overlap]:
    """The overlap of each group of generated samples with the training text.

    The training text is searched in blocks, so that memory does not grow with it.

    samples   for each group, e.g. a temperature, token ids of at least one sample
    training  (L,) token ids; -1 for a token that is never generated
    shortest  length of passages to count, in tokens
    """
    longest = max(len(sample) for group in samples for sample in group)
    most = max(int(tokens.max(initial=0)) for tokens in (training, *(sample for group in samples for sample in group)))
    tables = _hash_tables(most + 1, BLOCK + longest)
    groups = [_Group([NGrams(sample, *tables) for sample in group], shortest) for group in samples]
    known = np.unique(np.concatenate([group.grams for group in groups]))
    coarse = np.zeros(1 << FILTER_BITS, bool)
    coarse[(known >> np.uint64(64 - FILTER_BITS)).astype(np.intp)] = True
    for begin in range(0, max(len(training) - shortest + 1, 0), BLOCK):
        block = NGrams(training[begin : begin + BLOCK + longest], *tables)
        hashes = block.hashes(shortest)[:BLOCK]
        starts = np.flatnonzero(coarse[(hashes >> np.uint64(64 - FILTER_BITS)).astype(np.intp)])
        starts = starts[np.isin(hashes[starts], known)]
        for group in groups:
            group.search(block, starts[np.isin(hashes[starts], group.grams)], hashes)
    return [group.overlap() for group in groups]


class _Group:
    """Samples, and what of them has been found in the training text.

    grams  sorted hashes of all their passages of `shortest` tokens
    """

    def __init__(self, samples: list[NGrams], shortest: int) -> None:
        self.samples, self.shortest = samples, shortest
        self.grams = np.unique(np.concatenate([sample.hashes(shortest) for sample in samples]))
        self._found = np.zeros(len(self.grams), bool)
        self._longest, self._passage = 0, samples[0].tokens[:0]

    def search(self, block: NGrams, starts: Labels, hashes: Hashes) -> None:
        """Look for passages at some starts in a part of the training text, with hashes in `grams`."""
        if not len(starts):
            return
        self._found[np.searchsorted(self.grams, hashes[starts])] = True
        n = max(self._longest + 1, self.shortest)
        left = self._matches(block, starts, n)
        step = 1
        while len(left):  # longer by 1, 2, 4, ... tokens, then again by 1
            self._longest, self._passage = n, block.tokens[left[0] : left[0] + n]
            longer = self._matches(block, left, n + step)
            if not len(longer) and step > 1:
                step = 1
                longer = self._matches(block, left, n + step)
            left, n, step = longer, n + step, 2 * step

    def _matches(self, block: NGrams, starts: Labels, n: int) -> Labels:
        """Those of the starts at which n tokens of the training text are in a sample."""
        starts = starts[starts + n <= len(block.tokens)]
        ours = [sample.hashes(n) for sample in self.samples]
        return starts[np.isin(block.hashes(n, starts), np.concatenate(ours))]

    def overlap(self) -> Overlap:
        """The result, after the whole training text has been searched."""
        copied = total = 0
        for sample in self.samples:
            at = np.flatnonzero(self._found[np.searchsorted(self.grams, sample.hashes(self.shortest))])
            ends = np.zeros(len(sample.tokens) + 1, np.int64)
            np.add.at(ends, at, 1)
            np.add.at(ends, at + self.shortest, -1)
            copied += int(np.count_nonzero(np.cumsum(ends[:-1])))
            total += len(sample.tokens)
        return Overlap(copied / max(total, 1), self._longest, self._passage.copy())


def _hash_tables(vocabulary_size: int, span: int) -> tuple[Hashes, Hashes, Hashes]:
    """Random numbers for the tokens, -1 being the last of them; powers of B and of its inverse."""
    rng = np.random.default_rng(0)
    values = rng.integers(2**64, size=vocabulary_size + 1, dtype=np.uint64)
    base = int(rng.integers(2**62)) * 2 + 1
    return values, _powers(base, span), _powers(pow(base, -1, 2**64), span)


def _powers(base: int, count: int) -> Hashes:
    """base^0, base^1, ... modulo 2^64."""
    powers = np.full(count, base % 2**64, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)
