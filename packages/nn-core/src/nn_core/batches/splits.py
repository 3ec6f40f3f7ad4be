"""Training and validation splits, by example or by group."""

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels
from nn_core.errors import DataError, ShapeError
from nn_core.registry import require


def stratified_split(
    labels: Labels, fraction: float, *, rng: int | np.random.Generator
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Training and validation indices, with the same fraction of every class.

    Of the n[c] examples of class c, v[c] are held out, sampled without replacement:

        v[c] = floor(f n[c])  or  ceil(f n[c]),      v[c] <= n[c] - 1
        sum_c v[c] = max(1, round(f N))   as far as the bound on the right allows

    The classes with the largest remainders f n[c] - floor(f n[c]) are rounded up (the largest
    remainder method). The bound keeps at least one example of every class in training.

    labels    (N,) integers, any values
    fraction  f, strictly between 0 and 1
    Returns two ascending index arrays that partition 0..N-1.
    Raises SettingError for another fraction, ShapeError for labels that are not (N,),
    DataError if nothing can be held out because each class has only one example.
    """
    require(0 < fraction < 1, f"the validation fraction must be between 0 and 1, not {fraction}")
    if labels.ndim != 1:
        raise ShapeError(f"labels must be (N,), not {labels.shape}")
    if labels.size == 0:
        raise DataError("no examples to split")
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    share = fraction * counts
    held_out = np.floor(share).astype(np.intp)
    wanted = max(1, round(fraction * labels.size)) - int(held_out.sum())
    by_remainder = np.argsort(held_out - share, kind="stable")
    has_more = (held_out < share) & (held_out < counts - 1)
    can_give = by_remainder[has_more[by_remainder]]
    held_out[can_give[: max(0, wanted)]] += 1
    if held_out.sum() == 0:
        raise DataError("cannot hold out examples: each class has only one")

    shuffled = np.random.default_rng(rng).permutation(labels.size)
    grouped = shuffled[np.argsort(classes[shuffled], kind="stable")]
    first = np.cumsum(counts) - counts
    rank = np.arange(labels.size) - np.repeat(first, counts)
    is_held_out = rank < np.repeat(held_out, counts)
    return np.sort(grouped[~is_held_out]), np.sort(grouped[is_held_out])


def random_split(
    count: int, fraction: float, *, rng: int | np.random.Generator
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Training and validation indices: max(1, round(f N)) of N examples are held out at random.

    fraction  f, strictly between 0 and 1
    Returns two nonempty ascending index arrays that partition 0..N-1.
    Raises SettingError for another fraction, DataError if no training example would be left.
    """
    require(0 < fraction < 1, f"the validation fraction must be between 0 and 1, not {fraction}")
    wanted = max(1, round(fraction * count))
    if wanted >= count:
        examples = f"{count} example{'s' * (count != 1)}"
        raise DataError(f"cannot hold out {fraction:g} of {examples}: no training example would be left")
    order = np.random.default_rng(rng).permutation(count)
    return np.sort(order[wanted:]), np.sort(order[:wanted])


def group_split(
    groups: Labels, fraction: float, *, rng: int | np.random.Generator, labels: Labels | None = None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Training and validation indices, with no group in both.

    Photos of the same person are similar, so evaluating a network on people it was trained on
    rewards memorization. So a group, such as a person, is never split. The groups to hold out are
    chosen so that their counts v are close to the fraction f of all counts: of all examples n[0],
    and of the examples of each class n[1], n[2], ..., by minimizing

        d(v) = sum_c ((v[c] - f n[c]) / n[c])^2

    A single pass over the groups, in random order, holds out each group that decreases d and
    leaves an example of every class in training.

    groups    (N,) integers, the same for all examples of a group
    fraction  f, strictly between 0 and 1
    labels    (N,) integer classes; None balances only the number of examples
    Returns two nonempty ascending index arrays that partition 0..N-1.
    Raises SettingError for another fraction, ShapeError for arrays that are not (N,),
    DataError if nothing can be held out: there is only one group, or each group has all examples of
    some class.
    """
    require(0 < fraction < 1, f"the validation fraction must be between 0 and 1, not {fraction}")
    members, counts = _count(groups, labels)
    if len(counts) < 2:
        raise DataError("cannot hold out a group: there is only one")
    total = counts.sum(axis=0)
    left = total.copy()
    off = np.full(total.shape, -fraction)  # (v[c] - f n[c]) / n[c]
    is_held_out = np.zeros(len(counts), bool)
    shuffled = np.random.default_rng(rng).permutation(len(counts))
    for group in shuffled:
        share = counts[group] / total
        if (left > counts[group]).all() and (share * (2 * off + share)).sum() < 0:
            is_held_out[group] = True
            off += share
            left -= counts[group]
    if not is_held_out.any():
        # All are too large; take the group that increases d least.
        shares = counts[shuffled] / total
        growth = (shares * (shares - 2 * fraction)).sum(axis=1)
        growth[~(counts[shuffled] < total).all(axis=1)] = np.inf
        if np.isinf(growth).all():
            raise DataError("cannot hold out a group: each has all examples of some class")
        is_held_out[shuffled[np.argmin(growth)]] = True
    chosen = is_held_out[members]
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def group_folds(
    groups: Labels, folds: int, *, rng: int | np.random.Generator, labels: Labels | None = None
) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Training and validation indices of each fold; each group is held out in one of them.

    The folds are balanced in the same counts as in `group_split`. Groups are assigned from largest
    to smallest, with ties in random order, each to the fold k that has the fewest examples of the
    group's classes:

        argmin_k sum_c g[c] v[k, c] / n[c]^2

    which increases sum_k sum_c (v[k, c] / n[c])^2 least; ties go to the smallest fold.

    folds   number of folds, from 2 to the number of groups
    labels  (N,) integer classes; None balances only the number of examples
    Returns for each fold two nonempty ascending index arrays that partition 0..N-1. A class that
    occurs in only one group is missing from training in one fold.
    Raises SettingError for fewer than two folds, ShapeError for arrays that are not (N,),
    DataError for fewer groups than folds.
    """
    require(folds >= 2, f"folds must be at least 2, not {folds}")
    members, counts = _count(groups, labels)
    if len(counts) < folds:
        raise DataError(f"{len(counts)} group{'s' * (len(counts) != 1)} cannot be divided into {folds} folds")
    total = counts.sum(axis=0)
    held = np.zeros((folds, len(total)))
    fold_of = np.empty(len(counts), np.intp)
    shuffled = np.random.default_rng(rng).permutation(len(counts))
    sizes = counts[shuffled, 0]
    for group in shuffled[np.argsort(-sizes, kind="stable")]:
        share = counts[group] / total
        crowding = held @ share
        fold = np.lexsort((held[:, 0], crowding))[0]
        fold_of[group] = fold
        held[fold] += share
    of_example = fold_of[members]
    return [(np.flatnonzero(of_example != fold), np.flatnonzero(of_example == fold)) for fold in range(folds)]


def _count(groups: Labels, labels: Labels | None) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Group index of each example, and counts of examples, (groups, 1 + classes).

    Column 0 counts all examples of a group, the others the examples of one class.
    """
    if groups.ndim != 1:
        raise ShapeError(f"groups must be (N,), not {groups.shape}")
    if labels is not None and labels.shape != groups.shape:
        raise ShapeError(f"groups are {groups.shape}, but labels are {labels.shape}")
    if groups.size == 0:
        raise DataError("no examples to split")
    _, members = np.unique(groups, return_inverse=True)
    sizes = np.bincount(members)[:, None]
    if labels is None:
        return members, sizes
    _, classes = np.unique(labels, return_inverse=True)
    by_class = np.zeros((len(sizes), classes.max() + 1), np.intp)
    np.add.at(by_class, (members, classes), 1)
    return members, np.hstack([sizes, by_class])
