"""How novel generated names are: copies, duplicates, and edit distance to real names."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from char_rnn_dino.names.generate_names import GeneratedName
from nn_core.arrays import Labels

TOGETHER = 256
"""Real names to measure the distance to at a time."""
MAX_COLUMNS = 64
"""Letters that are counted apart; of more, as in Chinese, several are counted as one."""


@dataclass(frozen=True)
class Novelty:
    """Statistics of generated names.

    copies      fraction that are in the training set, or begin a name of it if they were cut
    duplicates  fraction that repeat an earlier name
    cut         fraction that reached the maximum length without an end
    distance    mean edit distance to the nearest real name, in letters
    length      mean length, in letters
    """

    copies: float
    duplicates: float
    cut: float
    distance: float
    length: float


def novelty(generated: Sequence[GeneratedName], training: Collection[str], real: "RealNames") -> Novelty:
    """The statistics of at least one generated name; repeated names count each time.

    training  the training set
    real      all real names, training and validation
    """
    texts = [name.text for name in generated]
    distances = {text: real.nearest(text) for text in set(texts)}
    known, ordered = frozenset(training), sorted(training)
    N = len(generated)
    return Novelty(
        copies=sum(name.text in known or (not name.ended and _begins(name.text, ordered)) for name in generated) / N,
        duplicates=1 - len(distances) / N,
        cut=sum(not name.ended for name in generated) / N,
        distance=sum(distances[text] for text in texts) / N,
        length=sum(map(len, texts)) / N,
    )


def _begins(beginning: str, names: Sequence[str]) -> bool:
    """Whether any of the sorted names begins like this."""
    at = bisect_left(names, beginning)
    return at < len(names) and names[at].startswith(beginning)


class RealNames:
    """At least one name to measure edit distances to."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = tuple(names)
        self._known = frozenset(self._names)
        self._column = {letter: i % MAX_COLUMNS for i, letter in enumerate(sorted(set().union(*self._names)))}
        self._counts = np.array([self._count(name) for name in self._names])

    def distances(self, name: str, rows: Sequence[int] | None = None) -> Labels:
        """The edit distance (Levenshtein) from a name to real ones, (R,).

        rows  which of them; None for all

        The minimum number of insertions, deletions and substitutions to turn one into the other.
        With d[i, j] the distance between the first i letters of a and the first j letters of b:

        d[0, j] = j,   d[i, 0] = i
        d[i, j] = min(d[i-1, j] + 1,                       delete letter i of a
                      d[i, j-1] + 1,                       insert letter j of b
                      d[i-1, j-1] + (a[i] != b[j]))        substitute, if they differ

        and d[len a, len b] is the distance. All real names are processed together: a row d[i] is
        (J + 1, R), for R names padded to the longest length J. Row i depends only on row i - 1, so
        only two rows are kept; values computed in the padding are never read.
        Source: Levenshtein, Binary codes capable of correcting deletions, insertions, and
        reversals (1966); Wagner, Fischer, The string-to-string correction problem (1974).
        """
        names = self._names if rows is None else [self._names[r] for r in rows]
        lengths = np.array([len(each) for each in names])
        J, R = int(lengths.max()), len(names)
        letters = np.full((J, R), -1, np.int32)
        for r, each in enumerate(names):
            letters[: len(each), r] = _code_points(each)
        row = np.repeat(np.arange(J + 1, dtype=np.int32)[:, None], R, axis=1)
        for i, letter in enumerate(_code_points(name), start=1):
            previous, row = row, np.empty_like(row)
            row[0] = i
            np.minimum(previous[1:] + 1, previous[:-1] + (letters != letter), out=row[1:])
            for j in range(1, J + 1):
                np.minimum(row[j], row[j - 1] + 1, out=row[j])
        distances: Labels = row[lengths, np.arange(R)].astype(np.int64)
        return distances

    def nearest(self, name: str) -> int:
        """The edit distance to the nearest real name, in letters.

        A substitution lowers the surplus of one letter in one of two names, and that of another in
        the other; an insertion or deletion lowers one of them. So the distance is at least the larger
        of the two sums of surpluses; with several letters counted as one, the sums are no larger. Names
        are tried in the order of this bound until it is reached.
        """
        if name in self._known:
            return 0
        surplus = self._count(name) - self._counts
        bounds = np.maximum(np.maximum(surplus, 0).sum(axis=1), np.maximum(-surplus, 0).sum(axis=1))
        order = np.argsort(bounds, kind="stable")
        nearest, first = np.inf, 0
        while first < len(order) and bounds[order[first]] < nearest:
            rows = order[first : first + TOGETHER]
            nearest = min(nearest, int(self.distances(name, rows.tolist()).min()))
            first += TOGETHER
        return int(nearest)

    def _count(self, name: str) -> Labels:
        """How often each letter of the real names is in a name, and in the last place all others."""
        others = min(len(self._column), MAX_COLUMNS)
        columns = [self._column.get(letter, others) for letter in name]
        return np.bincount(np.array(columns, np.intp), minlength=others + 1).astype(np.int16)


def _code_points(name: str) -> npt.NDArray[np.int32]:
    return np.array([ord(letter) for letter in name], dtype=np.int32)
