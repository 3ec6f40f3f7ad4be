"""Changes of HDF5 files: of their objects through h5py, and of their bytes where the structures begin."""

import struct
from collections.abc import Callable
from random import Random
from typing import Any

import h5py
import numpy as np

from fuzz.mutant import Bait, Mutant
from fuzz.mutators.hdf5_datasets import change_dataset
from fuzz.mutators.json_values import mutate_json
from fuzz.mutators.raw import NUMBERS, mutate_bytes
from fuzz.mutators.texts import hostile_text

SIGNATURES = (
    b"\x89HDF",
    b"OHDR",
    b"OCHK",
    b"TREE",
    b"SNOD",
    b"HEAP",
    b"GCOL",
    b"FRHP",
    b"FHDB",
    b"FHIB",
    b"BTHD",
    b"BTLF",
    b"BTIN",
    b"FADB",
    b"FAHD",
    b"EAHD",
    b"EAIB",
    b"FSHD",
    b"FSSE",
    b"SMTB",
)
"""What structures of HDF5 begin with; the headers of objects in older files have none."""


def mutate_hdf5(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Other links, storage, types, shapes, filters, attributes, texts or bytes."""
    kind = random.random()
    if kind < 0.1:
        return mutate_bytes(content, random, bait)
    if kind < 0.3:
        return _structures(content, random)
    if kind < 0.32:
        size = random.choice([512, 1024, 4096])
        return Mutant(bytes([random.randrange(256)]) * size + content, f"a user block of {size} bytes")
    done, honest = [], 0
    with h5py.File.in_memory(content) as file:
        for _ in range(random.choice([1, 1, 1, 2, 3])):
            try:
                what, more = _change(file, random, bait)
            except (
                KeyError,
                OSError,
                RuntimeError,
                TypeError,
                ValueError,
            ) as error:  # HDF5 does not write all that it reads
                what, more = f"not possible: {str(error)[:60]}", 0
            done.append(what)
            honest += more
        file.flush()
        image: bytes = file.id.get_file_image()
    if kind > 0.97:
        return Mutant(_structures(image, random).content, ", ".join([*done, "structures"]), honest)
    return Mutant(image, ", ".join(done), honest)


def _change(file: Any, random: Random, bait: Bait) -> tuple[str, int]:
    """One change through h5py: what it was, and the bytes that it honestly adds."""
    names = _names(file)
    if not names:
        return "nothing left to change", 0
    name = random.choice(names)
    if random.random() < 0.5:
        return change_dataset(file, name, random, bait)
    change: Callable[[Any, str, Random, Bait], str] = random.choice(
        [_link, _link, _attribute, _attribute, _remove, _rename, _json, _json, _groups, _values, _copy]
    )
    return change(file, name, random, bait), 0


def _link(file: Any, name: str, random: Random, bait: Bait) -> str:
    """A link in the place of an object."""
    parent, _, key = name.rpartition("/")
    group = file[parent or "/"]
    other = random.choice([*_names(file), "/", ".", name, parent or "/", "missing", "a/b/c"])
    kind = random.choice(["soft", "external", "external", "hard"])
    target = file.get(other) if kind == "hard" else None
    del group[key]
    if kind == "soft":
        group[key] = h5py.SoftLink(other)
    elif kind == "external":
        group[key] = h5py.ExternalLink(bait.name(random), random.choice(["x", "/", "y", other]))
    elif target is not None:
        group[key] = target
    return f"{name} is a {kind} link to {other}"


def _attribute(file: Any, name: str, random: Random, bait: Bait) -> str:
    """An attribute changed, as of the header of a checkpoint."""
    item = file if random.random() < 0.6 else file[name]
    known = [
        *item.attrs,
        "MATLAB_class",
        "pandas_type",
        "MATLAB_sparse",
        "MATLAB_object_decode",
        hostile_text(random)[:1000],
    ]
    key = random.choice(known[:3]) if random.random() < 0.7 else random.choice(known)
    if random.random() < 0.15 and key in item.attrs:
        del item.attrs[key]
        return f"attribute {key} removed"
    makers: list[Callable[[], Any]] = [
        lambda: hostile_text(random)[:60_000].replace("\x00", ""),
        lambda: random.choice([0, 1, 2, 3, -1, 2**63 - 1, 1.0, float("nan"), True]),
        lambda: h5py.Empty(random.choice(["f4", "S10"])),
        lambda: np.zeros(random.choice([0, 1, 8000])),
        lambda: np.bytes_(b"nn-core\xff\x1b[31m"),
        lambda: np.array(["nn-core checkpoint"], h5py.string_dtype()),
        lambda: file.ref,
        lambda: np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]),
        lambda: np.array(["2"], dtype="S1"),
        lambda: "nn-core checkpoint",
    ]
    value = random.choice(makers)()
    item.attrs[_storable(key) or "a"] = _without_surrogates(value)
    return f"attribute {key[:30]!r} = {str(value)[:40]!r}"


def _remove(file: Any, name: str, random: Random, bait: Bait) -> str:
    del file[name]
    return f"{name} removed"


def _rename(file: Any, name: str, random: Random, bait: Bait) -> str:
    new = _storable(hostile_text(random)[: random.choice([10, 60_000])]) or "b"
    if new in file or new.strip("/.") == "":
        return "nothing renamed"
    file.move(name, new)
    return f"{name} renamed to {new[:30]!r}"


def _json(file: Any, name: str, random: Random, bait: Bait) -> str:
    """JSON of other values, in a data set of one text."""
    texts = [each for each in _names(file) if _is_text(file.get(each))]
    if not texts:
        return _attribute(file, name, random, bait)
    name = random.choice(texts)
    text, what = mutate_json(file[name].asstr()[()], random)
    kind = random.random()
    raw = text.encode("utf-8", "surrogatepass").replace(b"\x00", b"")
    del file[name]
    if kind < 0.85:
        file.create_dataset(name, data=raw, dtype=h5py.string_dtype("utf-8" if kind < 0.8 else "ascii"))
    elif kind < 0.95:
        file[name] = np.bytes_(raw or b" ")
    else:
        file.create_dataset(name, data=[raw, raw], dtype=h5py.string_dtype())
    return f"{name}: {what}"


def _groups(file: Any, name: str, random: Random, bait: Bait) -> str:
    """Many groups, beside or in each other."""
    count, at = random.choice([10, 100, 1000]), file
    nested = random.random() < 0.5
    for index in range(count if not nested else min(count, 300)):
        made = at.create_group(f"g{index}") if f"g{index}" not in at else at
        at = made if nested else file
    return f"{count} groups"


def _values(file: Any, name: str, random: Random, bait: Bait) -> str:
    """Numbers that are not finite, or far too large."""
    item = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    if (
        not isinstance(item, h5py.Dataset)
        or item.dtype.kind not in "fiu"
        or not item.size
        or item.is_virtual
        or item.external
    ):
        return "no numbers changed"
    if item.size > 1_000_000:
        return "too many numbers to change"
    values = item[()]
    value = random.choice([np.nan, np.inf, -np.inf, 1e38, -1e38, 1e308, 1e-45, 0.0, -1.0])
    with np.errstate(all="ignore"):
        if item.shape and random.random() < 0.5:
            values.reshape(-1)[random.randrange(values.size)] = value if item.dtype.kind == "f" else 255
        else:
            values = np.full(item.shape, value).astype(item.dtype)
    item[...] = values
    return f"{value} in {name}"


def _copy(file: Any, name: str, random: Random, bait: Bait) -> str:
    """An object in the place of another."""
    other = random.choice(_names(file))
    if other in name or name in other or file.get(other) is None:
        return "nothing copied"
    del file[name]
    file.copy(other, name)
    return f"{other} copied to {name}"


def _structures(content: bytes, random: Random) -> Mutant:
    """Numbers where a structure of HDF5 begins, such as the length of a text in a heap."""
    changed, done = bytearray(content), []
    places = [at for signature in SIGNATURES for at in _all(content, signature)] or [0]
    for _ in range(random.choice([1, 1, 2, 4])):
        start = random.choice(places)
        at, size = start + random.randrange(4, 96), random.choice([1, 1, 2, 4, 8])
        if at + size > len(changed):
            continue
        old = int.from_bytes(changed[at : at + size], "little")
        value = random.choice([*NUMBERS, old + 1, old - 1, old * 2, old ^ 1]) & ((1 << 8 * size) - 1)
        changed[at : at + size] = struct.pack("<Q", value)[:size]
        done.append(f"{old} is {value} at {bytes(changed[start : start + 4])!r} + {at - start}")
    return Mutant(bytes(changed), ", ".join(done))


def _all(content: bytes, signature: bytes) -> list[int]:
    found: list[int] = []
    at = content.find(signature)
    while at >= 0 and len(found) < 100:
        found.append(at)
        at = content.find(signature, at + 1)
    return found


def _names(file: Any) -> list[str]:
    """The paths of all objects reached by hard links, the groups among them."""
    found: list[str] = []
    file.visit(found.append)
    return found[:500]


def _is_text(item: Any) -> bool:
    return isinstance(item, h5py.Dataset) and item.shape == () and h5py.check_string_dtype(item.dtype) is not None


def _storable(text: str) -> str:
    """A text that HDF5 takes as a name."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _without_surrogates(value: Any) -> Any:
    return _storable(value) if isinstance(value, str) else value
