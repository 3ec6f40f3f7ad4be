"""How novel generated names are: copies, duplicates, and edit distance to real names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels


@dataclass(frozen=True)
class Novelty:
    """Statistics of generated names.

    copies      fraction that are in the training set
    duplicates  fraction that repeat an earlier name
    distance    mean edit distance to the nearest real name, in letters
    length      mean length, in letters
    """

    copies: float
    duplicates: float
    distance: float
    length: float


def novelty(generated: Sequence[str], training: Collection[str], real: "RealNames") -> Novelty:
    """The statistics of at least one generated name; repeated names count each time.

    training  the training set
    real      all real names, training and validation
    """
    distinct = set(generated)
    distances = {name: real.nearest(name) for name in distinct}
    known = frozenset(training)
    N = len(generated)
    return Novelty(
        copies=sum(name in known for name in generated) / N,
        duplicates=1 - len(distinct) / N,
        distance=sum(distances[name] for name in generated) / N,
        length=sum(map(len, generated)) / N,
    )


class RealNames:
    """At least one name to measure edit distances to."""

    def __init__(self, names: Collection[str]) -> None:
        self.lengths = np.array([len(name) for name in names])
        self._letters = np.full((int(self.lengths.max()), len(names)), -1, np.int32)
        for r, name in enumerate(names):
            self._letters[: len(name), r] = _code_points(name)

    def distances(self, name: str) -> Labels:
        """The edit distance (Levenshtein) from a name to each of the real ones, (R,).

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
        J, R = self._letters.shape
        row = np.repeat(np.arange(J + 1, dtype=np.int32)[:, None], R, axis=1)
        for i, letter in enumerate(_code_points(name), start=1):
            previous, row = row, np.empty_like(row)
            row[0] = i
            np.minimum(previous[1:] + 1, previous[:-1] + (self._letters != letter), out=row[1:])
            for j in range(1, J + 1):
                np.minimum(row[j], row[j - 1] + 1, out=row[j])
        distances: Labels = row[self.lengths, np.arange(R)].astype(np.int64)
        return distances

    def nearest(self, name: str) -> int:
        """The edit distance to the nearest real name, in letters."""
        return int(self.distances(name).min())


def _code_points(name: str) -> npt.NDArray[np.int32]:
    return np.array([ord(letter) for letter in name], dtype=np.int32)
