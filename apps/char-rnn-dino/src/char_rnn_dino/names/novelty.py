"""How new invented names are: copies, duplicates, and how far they are from any real name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels


@dataclass(frozen=True)
class Novelty:
    """What some invented names are like, beside the real ones.

    copies      the share of them that stands in the training list
    duplicates  the share of them that came before among them
    distance    mean edit distance to the nearest real name, in letters
    length      mean length, in letters
    """

    copies: float
    duplicates: float
    distance: float
    length: float


def novelty(made: Sequence[str], learned: Collection[str], real: "RealNames") -> Novelty:
    """How new some names are, at least one, with repeated names counted as often as they come.

    learned  the training list
    real     all names that there are, whether they were learned or not
    """
    different = set(made)
    nearest = {name: real.nearest(name) for name in different}
    known = frozenset(learned)
    N = len(made)
    return Novelty(
        copies=sum(name in known for name in made) / N,
        duplicates=1 - len(different) / N,
        distance=sum(nearest[name] for name in made) / N,
        length=sum(map(len, made)) / N,
    )


class RealNames:
    """Names, at least one, to measure the distance to."""

    def __init__(self, names: Collection[str]) -> None:
        self.lengths = np.array([len(name) for name in names])
        self._letters = np.full((int(self.lengths.max()), len(names)), -1, np.int32)
        for r, name in enumerate(names):
            self._letters[: len(name), r] = _numbers(name)

    def distances(self, name: str) -> Labels:
        """The edit distance (Levenshtein's) from a name to each of the real ones, (R,).

        The least number of letters that are to be put in, taken out or exchanged to make one
        of the other. With d[i, j] from the first i letters of a to the first j of b:

        d[0, j] = j,   d[i, 0] = i
        d[i, j] = min(d[i-1, j] + 1,                       letter i of a is taken out
                      d[i, j-1] + 1,                       letter j of b is put in
                      d[i-1, j-1] + (a[i] != b[j]))        one stands for the other

        and d[len a, len b] is the distance. All real names take each step together: a row
        d[i], (J + 1, R), has a place for each of them, and J letters, as many as the longest
        has. Row i needs row i - 1 alone, so that two rows are all that is kept; what stands
        beyond a name's own end is worked out with the rest, and never looked at.
        Source: Levenshtein, Binary codes capable of correcting deletions, insertions, and
        reversals (1966); Wagner, Fischer, The string-to-string correction problem (1974).
        """
        J, R = self._letters.shape
        row = np.repeat(np.arange(J + 1, dtype=np.int32)[:, None], R, axis=1)
        for i, letter in enumerate(_numbers(name), start=1):
            before, row = row, np.empty_like(row)
            row[0] = i
            np.minimum(before[1:] + 1, before[:-1] + (self._letters != letter), out=row[1:])
            for j in range(1, J + 1):
                np.minimum(row[j], row[j - 1] + 1, out=row[j])
        found: Labels = row[self.lengths, np.arange(R)].astype(np.int64)
        return found

    def nearest(self, name: str) -> int:
        """The distance to the nearest of them, in letters."""
        return int(self.distances(name).min())


def _numbers(name: str) -> npt.NDArray[np.int32]:
    return np.array([ord(letter) for letter in name], dtype=np.int32)
