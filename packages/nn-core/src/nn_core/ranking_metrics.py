"""Metrics of how well scores rank positive examples above negative ones."""

import math

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.errors import ShapeError


def binary_roc_auc(scores: Array, positive: npt.NDArray[np.bool_]) -> float:
    """The probability that a positive example has a higher score than a negative one, ties counting half.

    AUC = (R - P (P + 1) / 2) / (P N)

    with the sum R of the ranks of the P positive among all examples; equal scores share their mean
    rank. NaN without positive or without negative examples.

    scores, positive  (n,)
    Source: Mann, Whitney (1947); Fawcett, An introduction to ROC analysis (2006), sec. 7.
    """
    hits, counts = _by_threshold(scores, positive)
    P, N = int(hits.sum()), int(counts.sum() - hits.sum())
    if P == 0 or N == 0:
        return math.nan
    # Thresholds descend: a group of equal scores stands above all later negatives, and half of its own.
    misses = counts - hits
    below = N - np.cumsum(misses)
    return float((hits * (below + 0.5 * misses)).sum() / (P * N))


def binary_average_precision(scores: Array, positive: npt.NDArray[np.bool_]) -> float:
    """The mean precision over the thresholds, weighted by the gain in recall.

    AP = sum_k (R_k - R_{k-1}) P_k

    over the distinct scores in descending order, with precision P_k and recall R_k of the examples that
    score at least the k-th, and R_0 = 0. NaN without positive examples.

    scores, positive  (n,)
    Source: scikit-learn, average_precision_score; Zhu, Recall, precision and average precision (2004).
    """
    hits, counts = _by_threshold(scores, positive)
    total = hits.sum()
    if total == 0:
        return math.nan
    precision = np.cumsum(hits) / np.cumsum(counts)
    return float((hits * precision).sum() / total)


def _by_threshold(scores: Array, positive: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Positive examples and all examples at each distinct score, in descending order."""
    if scores.shape != positive.shape or scores.ndim != 1:
        raise ShapeError(f"scores {scores.shape} and positive {positive.shape} must both be (n,)")
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], positive[order].astype(np.float64)
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]][: len(ranked)])
    if not len(starts):
        return np.zeros(0), np.zeros(0)
    return np.add.reduceat(hits, starts), np.diff(np.r_[starts, len(ranked)]).astype(np.float64)
