"""Dividing examples between training and validation."""

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels
from nn_core.errors import DataError, ShapeError
from nn_core.spec import require


def stratified_split(
    labels: Labels, fraction: float, *, rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Indices for training and for validation, every class giving up its share.

    Of the n[c] examples of class c, v[c] are held back, drawn without replacement:

        v[c] = floor(f n[c])  or  ceil(f n[c]),      v[c] <= n[c] - 1
        sum_c v[c] = max(1, round(f N))   as far as the bound on the right allows

    The classes with the largest remainders f n[c] - floor(f n[c]) are rounded up (the method
    of largest remainders, as seats are dealt out to parties). The bound keeps at least one
    example of every class in training.

    labels    (N,) integers, any values
    fraction  f, strictly between 0 and 1
    Returns two ascending index arrays that together hold 0..N-1 once each.
    Raises SettingError for another fraction, ShapeError for labels that are not (N,),
    DataError if there is nothing that could be held back: each class has one example only.
    """
    require(0 < fraction < 1, f"the validation fraction must be between 0 and 1, not {fraction}")
    if labels.ndim != 1:
        raise ShapeError(f"labels must be (N,), not {labels.shape}")
    if labels.size == 0:
        raise DataError("there are no examples to split")
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    share = fraction * counts
    held_back = np.floor(share).astype(np.intp)
    wanted = max(1, round(fraction * labels.size)) - int(held_back.sum())
    by_remainder = np.argsort(held_back - share, kind="stable")
    has_more = (held_back < share) & (held_back < counts - 1)
    can_give = by_remainder[has_more[by_remainder]]
    held_back[can_give[: max(0, wanted)]] += 1
    if held_back.sum() == 0:
        raise DataError("no example can be held back: each class has one example only")

    shuffled = rng.permutation(labels.size)
    grouped = shuffled[np.argsort(classes[shuffled], kind="stable")]
    first = np.cumsum(counts) - counts
    rank = np.arange(labels.size) - np.repeat(first, counts)
    is_held_back = rank < np.repeat(held_back, counts)
    return np.sort(grouped[~is_held_back]), np.sort(grouped[is_held_back])
