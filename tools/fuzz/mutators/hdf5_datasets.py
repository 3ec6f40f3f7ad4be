"""Changes of data sets in HDF5: storage elsewhere, virtual sets, types, shapes, filters."""

from collections.abc import Callable
from random import Random
from typing import Any

import h5py
import numpy as np

from fuzz.mutant import Bait

TYPES: tuple[Any, ...] = (
    "?",
    "S5",
    "S1",
    "S2000000",
    "f2",
    ">f4",
    "<f8",
    "g",
    "i1",
    "u8",
    ">i8",
    "c8",
    "c16",
    "V7",
    h5py.string_dtype(),
    h5py.string_dtype("ascii"),
    h5py.string_dtype(length=10),
    h5py.vlen_dtype("i4"),
    h5py.vlen_dtype("f8"),
    h5py.enum_dtype({"a": 0, "b": 1}, "i4"),
    h5py.enum_dtype({"FALSE": 0, "TRUE": 1}, "i1"),
    h5py.ref_dtype,
    h5py.regionref_dtype,
    np.dtype([("a", "i4"), ("b", "f8")]),
    np.dtype([("r", "f4"), ("i", "f4")]),
    np.dtype(("f4", (3,))),
    np.dtype(("f4", (1000, 1000))),
    np.dtype([("a", h5py.vlen_dtype("u1"))]),
)
"""Types that a reader may take for numbers or texts."""
SHAPES: tuple[tuple[int, ...], ...] = (
    (),
    (0,),
    (1,),
    (3_000_000_000,),
    (10, 10_000, 10_000, 3),
    (2**40,),
    (2**62,),
    (2**31, 2**31),
    (1,) * 32,
    (0, 2**40),
    (100_000_000,),
    (5, 0),
    (1, 1),
    (2**20, 2**10),
    (4, 8, 8, 3),
    (100_000, 1),
)
"""Shapes that are declared, while hardly anything is stored."""


def change_dataset(file: Any, name: str, random: Random, bait: Bait) -> tuple[str, int]:
    """Put another data set in the place of an object; what was done, and the bytes that it holds."""
    old = file.get(name)
    dataset = old if isinstance(old, h5py.Dataset) and old.shape is not None else None
    shape: tuple[int, ...] = (4, 3) if dataset is None else dataset.shape
    dtype = np.dtype("f4") if dataset is None else dataset.dtype
    del file[name]
    change: Callable[..., tuple[str, int]] = random.choice(
        [
            _external,
            _external,
            _virtual,
            _virtual,
            _retyped,
            _retyped,
            _reshaped,
            _reshaped,
            _filtered,
            _bomb,
            _empty,
            _filled,
        ]
    )
    what, honest = change(file, name, shape, dtype, random, bait)
    return f"{name} {what}", honest


def _external(file: Any, name: str, shape: Any, dtype: Any, random: Random, bait: Bait) -> tuple[str, int]:
    """The values in other files."""
    shape = shape or (4,)
    if dtype.kind in "OV":
        dtype = np.dtype("u1")
    count = random.choice([1, 1, 2, 50])
    offsets = [random.choice([0, 0, 1, 2**40]) for _ in range(count)]
    parts = [(bait.name(random) or "x", offset, random.choice([10_000, h5py.h5f.UNLIMITED])) for offset in offsets]
    parts = [*[(each, offset, 10_000) for each, offset, _ in parts[:-1]], parts[-1]]
    file.create_dataset(name, shape, dtype, external=parts)
    return f"stored in {parts[0][0]}", 0


def _virtual(file: Any, name: str, shape: Any, dtype: Any, random: Random, bait: Bait) -> tuple[str, int]:
    """A view of this file, of another, or of itself."""
    shape = shape or (4,)
    if dtype.kind == "O":
        dtype = np.dtype("f4")
    layout = h5py.VirtualLayout(shape, dtype)
    others: list[str] = []
    file.visit(others.append)
    source = random.choice([".", ".", bait.name(random), "missing.h5", "part%b.h5"])
    inside = random.choice([name, name, *others[:20], "x", "/", f"{name}%b"])
    layout[...] = h5py.VirtualSource(source or ".", inside, shape)
    file.create_virtual_dataset(name, layout, fillvalue=0)
    return f"a view of {source} ({inside})", 0


def _retyped(file: Any, name: str, shape: Any, dtype: Any, random: Random, bait: Bait) -> tuple[str, int]:
    """The same shape, of another type."""
    kind = random.choice(TYPES)
    small = int(np.prod(shape, dtype=object)) * np.dtype(kind).itemsize < 100_000
    made = file.create_dataset(name, shape, kind)
    plain = np.dtype(kind).kind in "?fiucS"
    if small and plain:
        made[...] = np.ones(shape, made.dtype)
    elif small and h5py.check_string_dtype(made.dtype) is not None and shape:
        made[...] = np.full(shape, random.choice([b"a", b"\xff\xfe", b"\x1b[31m", b"9" * 2000]), object)
    return f"of type {kind}", 0


def _reshaped(file: Any, name: str, shape: Any, dtype: Any, random: Random, bait: Bait) -> tuple[str, int]:
    """A shape that is only declared, or that of something else."""
    new = random.choice([*SHAPES, shape[::-1], (*shape, 1), (1, *shape), shape[:-1], tuple(n + 1 for n in shape)])
    if random.random() < 0.3:
        new = tuple(random.choice([n, n, 1, 0, 2**31, 10**6]) for n in shape)
    size = int(np.prod(new, dtype=object))
    chunks = None
    if new and all(new) and (random.random() < 0.5 or size * dtype.itemsize >= 2**60):
        chunks = tuple(min(n, 8) if len(new) < 8 else 1 for n in new)
    if size * dtype.itemsize >= 2**63 and chunks is None:
        new = (1000, *new[:1]) if new and new[0] < 2**40 else (1000,)
    made = file.create_dataset(name, new, dtype, chunks=chunks)
    if dtype.kind in "fiu" and made.size and made.size < 10_000:
        made[...] = np.ones(made.shape, dtype)
    return f"of shape {new}{' in chunks' if chunks else ''}", 0


def _filtered(file: Any, name: str, shape: Any, dtype: Any, random: Random, bait: Bait) -> tuple[str, int]:
    """Compressed, or said to be compressed by a filter that nobody knows."""
    shape = shape or (4,)
    if not 0 < np.prod(shape, dtype=object) < 100_000 or dtype.kind not in "fiu":
        shape, dtype = (4, 3), np.dtype("f4")
    options: dict[str, Any] = random.choice(
        [
            {"compression": "gzip"},
            {"compression": "lzf"},
            {"fletcher32": True},
            {"shuffle": True},
            {"scaleoffset": 3},
            {"compression": random.choice([32001, 32004, 32015, 9999, 500]), "allow_unknown_filter": True},
        ]
    )
    made = file.create_dataset(name, shape, dtype, chunks=tuple(max(1, min(n, 4)) for n in shape), **options)
    where = tuple(0 for _ in shape)
    if "allow_unknown_filter" in options or random.random() < 0.3:
        made.id.write_direct_chunk(where, random.randbytes(random.choice([1, 20, 1000])))
    else:
        made[...] = np.ones(shape, dtype)
    return f"with {options}", 0


def _bomb(file: Any, name: str, shape: Any, dtype: Any, random: Random, bait: Bait) -> tuple[str, int]:
    """Zeros that take no place: stored in full, in one chunk, or never written."""
    if random.random() < 0.7 or dtype.kind not in "fiu":
        count = random.choice([10**7, 10**9, 10**11])
        chunk = random.choice([count, 10**6, 1000]) if count < 10**9 else random.choice([10**6, 2**28])
        file.create_dataset(name, (count,), "f4", chunks=(chunk,), compression="gzip", fillvalue=random.choice([0, 1]))
        return f"{count} zeros, none stored", 0
    rows = random.choice([10**5, 10**6])
    file.create_dataset(name, data=np.zeros((rows, *shape[1:2]), "u1"), chunks=True, compression="gzip")
    return f"{rows} rows of zeros", rows * max(1, *shape[1:2], 1) * 8


def _empty(file: Any, name: str, shape: Any, dtype: Any, random: Random, bait: Bait) -> tuple[str, int]:
    """No values at all, a group, or a named type."""
    kind = random.choice(["empty", "group", "type", "scalar"])
    if kind == "empty":
        file[name] = h5py.Empty(random.choice(["f4", "S5", h5py.string_dtype()]))
    elif kind == "group":
        file.create_group(name)
    elif kind == "type":
        file[name] = np.dtype(random.choice(["f4", "S5"]))
    else:
        file[name] = random.choice([1, 2.5, True, b"a", "text", 1j])
    return f"is a {kind}", 0


def _filled(file: Any, name: str, shape: Any, dtype: Any, random: Random, bait: Bait) -> tuple[str, int]:
    """Many texts that share one long one, or references."""
    if random.random() < 0.5:
        rows = file.create_dataset(name, (random.choice([4, 1000]),), h5py.ref_dtype)
        rows[...] = np.array([file.ref] * len(rows), object)
        return "holds references", 0
    count, length = random.choice([(4, 1_000_000), (10_000, 1000), (100, 0)])
    file.create_dataset(name, (count,), h5py.string_dtype(), fillvalue="a" * length)
    return f"holds {count} texts of {length} letters", 0
