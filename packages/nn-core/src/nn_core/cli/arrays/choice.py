"""Which arrays of a file are examples and which are labels, by their names and shapes."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from nn_core.cli.arrays.keys import Split, parse_key
from nn_core.errors import DataError, remark
from nn_core.storage.files import listing
from nn_core.storage.stored_array import StoredArray, describe_array

Rename = Callable[[str, str], str]
"""The line of Python that names two arrays of a file x and y."""

EXACT = frozenset({"x", "y", "x_test", "y_test", "train_set_x", "train_set_y", "test_set_x", "test_set_y"})
"""Names that are preferred to all others."""

SPARSE = frozenset({"data", "indices", "indptr", "shape"})


class Pair(NamedTuple):
    """The examples and the labels of a set."""

    x: StoredArray
    y: StoredArray


def choose_pairs(arrays: Mapping[str, StoredArray], name: str, rename: Rename) -> dict[str, Pair]:
    """The arrays of the training set ("train") and of the test set ("test"), one or both.

    name    of the file, for messages
    rename  for messages about arrays whose meaning is unclear
    A validation set takes the place of the test set. Warns with a DataWarning of arrays that
    are ignored and could have been meant. Raises DataError, starting with the name.
    """
    _refuse_sparse(arrays, name)
    pairs = _named(arrays, name, rename) or _shaped(arrays, name, rename)
    chosen = {array.name for pair in pairs.values() for array in pair}
    for array in arrays.values():
        if array.problem is not None and array.name not in chosen and parse_key(array.name).role != "names":
            remark(f"{name}: ignored: {array.name} {array.problem.partition(';')[0]}")
    return pairs


def count_examples(x: tuple[int, ...], y: tuple[int, ...]) -> int | None:
    """N, from the shapes of examples and labels: (N,), (N, 1), (1, N), or one-hot; None if they do not fit."""
    if not x or not y:
        return None
    counts = [max(y)] if len(y) - y.count(1) <= 1 else list(y) if len(y) == 2 else []
    return next((count for length in (x[0], x[-1]) for count in counts if count == length), None)


def check_readable(array: StoredArray, what: str, name: str) -> None:
    """Raise DataError for a link, a pickle or a table, with the line of Python that fixes it.

    what  "x" or "y"
    """
    if array.problem is not None:
        raise DataError(f"{name}: {array.name} {array.problem}")
    if array.objects:
        text, numbers = f"{array.name}.astype(str)", f"np.stack({array.name}).astype('float32')"
        fixed = f"{array.name}={text if what == 'y' else numbers}"
        raise DataError(
            f"{name}: {array.name} is an array of Python objects, a pickle, which is never read; save it as"
            f" {'text or numbers' if what == 'y' else 'numbers'}: np.savez(..., {fixed})"
        )
    if array.dtype.names:
        raise DataError(
            f"{name}: {array.name} has named fields ({', '.join(array.dtype.names[:10])}); save plain numbers:"
            f" {what}=np.lib.recfunctions.structured_to_unstructured({array.name})"
        )


def _named(arrays: Mapping[str, StoredArray], name: str, rename: Rename) -> dict[str, Pair]:
    """The sets whose arrays are recognized by name; empty if examples or labels are missing."""
    xs: dict[Split | None, list[StoredArray]] = {}
    ys: dict[Split | None, list[StoredArray]] = {}
    names: list[StoredArray] = []
    for array in arrays.values():
        role, split = parse_key(array.name)
        if role == "names":
            names.append(array)
        elif role is not None:
            (xs if role == "x" else ys).setdefault(split, []).append(array)
    for split, found in xs.items():
        if split not in ys and (fitting := [array for array in names if any(_fit(x, array) for x in found)]):
            ys[split] = fitting
    if not xs or not ys:
        return {}
    complete = xs.keys() & ys.keys()
    if "train" in complete and None in {*xs, *ys}:
        others = [*xs.pop(None, []), *ys.pop(None, [])]
        remark(f"{name}: ignored beside the training set: {', '.join(array.name for array in others)}")
    pairs: dict[str, Pair] = {}
    for split in sorted({*xs, *ys}, key=str):
        if split in complete:
            pairs[split or "train"] = _pair(xs[split], ys[split], name, rename)
        elif complete and split in {"test", "validation"} and split in xs:
            remark(f"{name}: ignored, since it has no labels: {', '.join(array.name for array in xs[split])}")
        else:
            given, missing = (xs[split][0], "labels") if split in xs else (ys[split][0], "examples")
            raise DataError(f"{name}: {given.name} has no {missing} beside it; {_listing(arrays)}")
    if (validation := pairs.pop("validation", None)) is not None:
        if (test := pairs.get("test")) is not None:
            remark(f"{name}: the validation set is {validation.x.name}; not read: {test.x.name}, {test.y.name}")
        pairs["test"] = validation
    return pairs


def _shaped(arrays: Mapping[str, StoredArray], name: str, rename: Rename) -> dict[str, Pair]:
    """One or two sets, recognized by the shapes of their arrays, which must be all that the file has."""
    known = [array for array in arrays.values() if array.problem is None and array.shape]
    roles = {array.name: parse_key(array.name).role for array in known}
    known = [array for array in known if roles[array.name] != "names"]
    xs = [array for array in known if roles[array.name] == "x" or (roles[array.name] is None and not array.is_flat)]
    ys = [array for array in known if array not in xs]
    if len(known) == 2 and not ys:
        xs = sorted(known, key=lambda array: -len(array.shape))  # the sort is stable: arr_0 before arr_1
        in_order = len(xs[0].shape) > len(xs[1].shape) or [array.name for array in xs] == ["arr_0", "arr_1"]
        xs, ys = (xs[:1], xs[1:]) if in_order else (xs, ys)
    if len(xs) == len(ys) == 2 and not (_fit(xs[0], ys[0]) and _fit(xs[1], ys[1])):
        ys.reverse()
    pairs = [Pair(x, y) for x, y in zip(xs, ys, strict=False)]
    if len(xs) != len(ys) or len(pairs) not in {1, 2} or not all(_fit(*pair) for pair in pairs):
        raise _unclear(arrays, name, rename)
    sets = dict(zip(("train", "test"), pairs, strict=False))
    for split, (x, y) in sets.items():
        check_readable(x, "x", name)
        check_readable(y, "y", name)
        which = "" if len(sets) == 1 else " of the training set" if split == "train" else " of the test set"
        remark(f"{name}: {describe_array(x)} read as x{which} and {describe_array(y)} as y")
    return sets


def _unclear(arrays: Mapping[str, StoredArray], name: str, rename: Rename) -> DataError:
    """The error for a file whose arrays are not recognized."""
    known = [array for array in arrays.values() if array.problem is None and array.shape]
    wrong = next((array for array in arrays.values() if array.problem is not None), None)
    if not known and wrong is not None:
        return DataError(f"{name}: {wrong.name} {wrong.problem}")
    if len(known) == 1:
        only, role = known[0], parse_key(known[0].name).role
        expected = "expected x and y"
        if len(only.shape) == 2 and role != "y":
            expected += f"; if its last column is y: x, y = {only.name}[:, :-1], {only.name}[:, -1]"
        elif role is None:
            expected += f"; save it with y: {rename(only.name, '...')}"
        if role is not None:
            missing = "examples" if role == "y" else "labels"
            return DataError(f"{name}: {describe_array(only)} has no {missing} beside it; {expected}")
        return DataError(f"{name} has one array, {describe_array(only)}; {expected}")
    if not known:
        return DataError(f"{name} has no x and y; {listing([array.name for array in arrays.values()])}")
    return DataError(f"{name} has no x and y; {_listing(arrays)}; rename them: {rename('...', '...')}")


def _pair(xs: Sequence[StoredArray], ys: Sequence[StoredArray], name: str, rename: Rename) -> Pair:
    x = _choose(xs, lambda array: any(_fit(array, y) for y in ys), "x", name, rename)
    y = _choose(ys, lambda array: _fit(x, array), "y", name, rename)
    return Pair(x, y)


def _choose(
    candidates: Sequence[StoredArray], fits: Callable[[StoredArray], bool], what: str, name: str, rename: Rename
) -> StoredArray:
    """The one candidate; among several, the readable one that fits, or the one with the plainest name."""
    found = [array for array in candidates if array.problem is None] or list(candidates)
    found = [array for array in found if fits(array)] or found
    exact = [array for array in found if array.name in EXACT]
    for plain in (exact, [array for array in found if what in array.name.lower()]):
        if len(plain) == 1 < len(found):
            others = ", ".join(describe_array(array) for array in found if array is not plain[0])
            remark(f"{name}: {plain[0].name} read as {what}; ignored: {others}")
            found = plain
    if len(found) > 1:
        several = " or ".join(describe_array(array) for array in found[:10])
        line = rename(found[0].name if what == "x" else "...", found[0].name if what == "y" else "...")
        raise DataError(f"{name}: which one is {what}, {several}? Rename it: {line}")
    check_readable(found[0], what, name)
    return found[0]


def _fit(x: StoredArray, y: StoredArray) -> bool:
    return count_examples(x.shape, y.shape) is not None


def _refuse_sparse(arrays: Mapping[str, StoredArray], name: str) -> None:
    if arrays.keys() >= SPARSE:
        raise DataError(
            f"{name} is a sparse matrix of SciPy; save it with its labels as plain arrays:"
            f" np.savez('dense.npz', x=scipy.sparse.load_npz({name!r}).toarray(), y=y)"
        )


def _listing(arrays: Mapping[str, StoredArray]) -> str:
    shown = [describe_array(array) for array in arrays.values()]
    return f"its arrays are {', '.join(shown[:20])}{', ...' * (len(shown) > 20)}"
