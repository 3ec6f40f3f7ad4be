"""Changes of ZIP archives and of the arrays in them: .npy headers, sizes, methods, versions, names, bombs."""

import io
import struct
import warnings
import zipfile
from random import Random

from fuzz.mutant import Bait, Mutant
from fuzz.mutators.raw import NUMBERS, mutate_bytes
from fuzz.mutators.texts import hostile_text

MAGIC = b"\x93NUMPY"
HEADERS = (
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3000000000,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<f4', 'fortran_order': True, 'shape': (4, 3), }",
    "{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<c16', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<U1000000', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-4, -3), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4.0,), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,), }",
    "{'descr': ('<f4', (1000, 1000)), 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<f4', 'shape': (4,), }",
    "{}",
    "[]",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (True,), }",
    "{'descr': '|V0', 'fortran_order': False, 'shape': (2**70,), }",
    "{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000,), }",
    "(" * 500,
    "__import__('os').getpid()",
    "9" * 5000,
    "{'descr': '\\x1b[31m', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': '<m8[99999D]', 'fortran_order': 1, 'shape': (), }",
)
"""Headers that a reader may believe."""


def mutate_npy(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Another header, version or length of it, or other bytes."""
    if not content.startswith(MAGIC) or random.random() < 0.3:
        return mutate_bytes(content, random, bait)
    length = struct.unpack("<H", content[8:10])[0]
    header, values = content[10 : 10 + length].decode("latin-1"), content[10 + length :]
    kind = random.random()
    if kind < 0.5:
        header, what = random.choice(HEADERS), "another header"
    elif kind < 0.8:
        old = random.choice(["<f4", "|u1", "<i8", "False", "shape", "(", ")", ",", "'", ": "])
        new = random.choice([">f8", "<U7", "<f2", "True", "", "(", "-1, ", "2, ", "10000, ", hostile_text(random)[:60]])
        header, what = header.replace(old, new, 1), f"{new[:20]!r} for {old!r}"
    else:
        header, what = header + " " * random.choice([1, 65, 20_000, 60_000]), "a long header"
    version = random.choice([(1, 0), (1, 0), (1, 0), (2, 0), (3, 0), (4, 0), (0, 0), (255, 255)])
    raw = header.encode("utf-8", "replace") + b"\n"
    size = len(raw) if random.random() < 0.9 else random.choice(NUMBERS)
    code, most = ("<H", 2**16 - 1) if version == (1, 0) else ("<I", 2**32 - 1)
    if random.random() < 0.2:
        values = values[: random.randrange(len(values) + 1)]
    return Mutant(MAGIC + bytes(version) + struct.pack(code, size & most) + raw + values, f"{what}, version {version}")


def mutate_npz(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Other members, or another archive around them."""
    kind = random.random()
    if kind < 0.15:
        return mutate_bytes(content, random, bait)
    if kind < 0.5:
        return _records(content, random)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    what, honest = "packed anew", 0
    row = random.randrange(len(members))
    name, data = members[row]
    if kind < 0.75:
        changed = mutate_npy(data, random, bait)
        members[row], what = (name, changed.content), f"{name}: {changed.what}"
    elif kind < 0.97:
        new = _name(name, random)
        members[row], what = (new, data), f"{name} is {new[:40]!r}"
        if random.random() < 0.3:
            members.append((name, data))
    else:
        size = random.choice([10**5, 10**6, 10**7, 3 * 10**7])
        members[row], what, honest = (name, data[:128] + bytes(size)), f"{size} zeros in {name}", 2 * size
    packed = io.BytesIO()
    method = random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    with zipfile.ZipFile(packed, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name twice is meant
        for each, contents in members:
            archive.writestr(zipfile.ZipInfo(each) if each else "x", contents, method)
    image = packed.getvalue()
    return _damaged(image, what, honest, random) if random.random() < 0.2 else Mutant(image, what, honest)


mutate_zip = mutate_npz


def _damaged(image: bytes, what: str, honest: int, random: Random) -> Mutant:
    changed = _records(image, random)
    return Mutant(changed.content, f"{what}, {changed.what}", honest)


def _name(name: str, random: Random) -> str:
    return random.choice(
        [
            "../../x.npy",
            "/etc/x.npy",
            "x.npy/../../y",
            "a" * 60_000 + ".npy",
            "",
            ".npy",
            "x",
            "x.txt",
            "\x1b[31m.npy",
            "C:\\x.npy",
            name.upper(),
            f"folder/{name}",
            f"{name}/",
            hostile_text(random)[:200].encode("utf-8", "replace").decode(),
            "y.npy",
        ]
    )


def _records(content: bytes, random: Random) -> Mutant:
    """Fields of the headers of members, in the archive and in its directory."""
    changed, done = bytearray(content), []
    fields = {
        b"PK\x03\x04": {
            "version": 4,
            "flags": 6,
            "method": 8,
            "crc": 14,
            "packed": 18,
            "size": 22,
            "name": 26,
            "extra": 28,
        },
        b"PK\x01\x02": {
            "version": 6,
            "flags": 8,
            "method": 10,
            "crc": 16,
            "packed": 20,
            "size": 24,
            "name": 28,
            "extra": 30,
            "comment": 32,
            "offset": 42,
        },
        b"PK\x05\x06": {"disk": 4, "entries": 8, "total": 10, "directory": 12, "start": 16, "comment": 20},
    }
    for _ in range(random.choice([1, 1, 2, 3])):
        signature = random.choice(list(fields))
        places = (
            [at for at in range(len(content)) if content.startswith(signature, at)] if len(content) < 200_000 else []
        )
        if not places:
            continue
        field = random.choice(list(fields[signature]))
        at = random.choice(places) + fields[signature][field]
        size = 4 if field in {"crc", "packed", "size", "offset", "directory", "start"} else 2
        value = random.choice([*NUMBERS, 8, 12, 14, 93, 99, 100, 1 << 11, 0x41]) & ((1 << 8 * size) - 1)
        changed[at : at + size] = value.to_bytes(size, "little")
        done.append(f"{field} is {value}")
    return Mutant(bytes(changed), ", ".join(done) or "nothing")
