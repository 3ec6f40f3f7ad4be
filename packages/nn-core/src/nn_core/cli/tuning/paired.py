"""Paired differences of two methods over the same seeds, with an exact interval and an exact test.

Losses of runs are skewed, and a diverged one is infinite: means and their t-intervals say little. Wilcoxon's
signed-rank statistic needs no distribution but a symmetric one of the differences, and takes infinite ones as the
largest.
Sources: Wilcoxon, Individual comparisons by ranking methods (1945); Hodges, Lehmann, Estimates of location based on
rank tests (1963); Hollander, Wolfe, Nonparametric statistical methods (1999), sec. 3.1-3.3.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PairedDifference:
    """How much lower or higher the first of two methods is.

    estimate   the Hodges-Lehmann estimate of the difference: the median of the means of all pairs of differences
    low, high  its confidence interval; infinite if there are too few seeds for the level
    p          of the two-sided signed-rank test, exact
    seeds      number of pairs
    """

    estimate: float
    low: float
    high: float
    p: float
    seeds: int

    @property
    def verdict(self) -> str:
        """By the interval: "lower", "higher" or "no clear difference"."""
        if self.high < 0:
            return "lower"
        return "higher" if self.low > 0 else "no clear difference"


def paired_difference(first: Sequence[float], second: Sequence[float], *, level: float = 0.95) -> PairedDifference:
    """The difference first - second of values with the same seeds; infinite values are the worst, and equal.

    With the differences d_1 ... d_n, the interval has the ends of the (k + 1)-th smallest and largest of the
    n (n + 1) / 2 means (d_i + d_j) / 2, i <= j, where k is the largest number with P(W <= k) <= (1 - level) / 2 under
    the null distribution of the signed-rank statistic W. Raises ValueError for values of different numbers, or none.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"{len(first)} and {len(second)} values; as many of each as there are seeds")
    differences = [a - b if math.isfinite(a) or math.isfinite(b) else 0.0 for a, b in zip(first, second, strict=True)]
    n = len(differences)
    means = sorted(_mean(a, b) for i, a in enumerate(differences) for b in differences[i:])
    count = len(means)
    middle = _mean(means[(count - 1) // 2], means[count // 2])
    below = np.cumsum(null_distribution(list(range(1, n + 1))))
    k = int(np.searchsorted(below, (1.0 - level) / 2.0, side="right")) - 1
    low, high = (means[k], means[count - 1 - k]) if k >= 0 else (-math.inf, math.inf)
    return PairedDifference(middle, low, high, signed_rank_p(differences), n)


def signed_rank_p(differences: Sequence[float]) -> float:
    """P(|W - E W| at least as large as observed) if signs were by chance; differences of zero say nothing."""
    nonzero = [each for each in differences if each]
    if not nonzero:
        return 1.0
    doubled = _doubled_ranks([abs(each) for each in nonzero])
    positive = sum(rank for rank, each in zip(doubled, nonzero, strict=True) if each > 0)
    extreme = min(positive, sum(doubled) - positive)
    tail = float(np.cumsum(null_distribution(doubled))[extreme])
    return min(1.0, 2.0 * tail)


def null_distribution(ranks: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """P(W = 0), P(W = 1), ... for the sum W of those ranks whose sign is positive, each with probability 1/2."""
    chances = np.zeros(sum(ranks) + 1)
    chances[0] = 1.0
    for rank in ranks:
        with_rank = np.zeros_like(chances)
        with_rank[rank:] = chances[: len(chances) - rank]
        chances = 0.5 * (chances + with_rank)
    return chances


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for several comparisons, by Holm's step-down method.

    The smallest of m is multiplied by m, the next by m - 1, ..., and none is smaller than one before it. Below 0.05,
    all differences called clear are so with a probability of 95%, if the comparisons were chosen before the losses were
    seen. Compared with the best of eight equal methods by the same losses, something is called clear in about 8%.
    Source: Holm, A simple sequentially rejective multiple test procedure (1979).
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for position, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - position) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _mean(a: float, b: float) -> float:
    """(a + b) / 2; zero for infinities of both signs."""
    total = a + b
    return 0.0 if math.isnan(total) else total / 2.0


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the ranks 1, 2, ...; equal values share the mean of theirs."""
    ascending = sorted(values)
    first = {value: ascending.index(value) for value in set(values)}
    return [2 * first[value] + ascending.count(value) + 1 for value in values]
