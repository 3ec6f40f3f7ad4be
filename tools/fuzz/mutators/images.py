"""Changes of pictures: chunks of PNG with the right checksums, fields of the others."""

import struct
import zlib
from random import Random

from fuzz.mutant import Bait, Mutant
from fuzz.mutators.raw import NUMBERS, mutate_bytes

DECODED = 300 * 10**6
"""What a picture may honestly hold: Pillow decodes pictures of up to 89 million pixels as a whole."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def mutate_png(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Another size, depth, order of chunks, or other data in them."""
    if random.random() < 0.15:
        return mutate_photo(content, random, bait)
    chunks = _chunks(content)
    done, honest = [], 0
    for _ in range(random.choice([1, 1, 2, 3])):
        kind, row = random.random(), random.randrange(len(chunks))
        name, data = chunks[row]
        if kind < 0.4 and len(chunks[0][1]) == 13:
            header = list(struct.unpack(">IIBBBBB", chunks[0][1]))
            field = random.randrange(7)
            sizes = [0, 1, 9400, 20_000, 100_000, 2**31 - 1, 2**31]
            header[field] = random.choice(sizes) if field < 2 else random.choice([0, 1, 2, 3, 4, 6, 8, 16, 255])
            chunks[0] = (b"IHDR", struct.pack(">IIBBBBB", *header))
            done.append(f"header {header}")
        elif kind < 0.43:
            width, height = random.choice([(9400, 9400), (3000, 3000), (1, 10**6), (10**6, 1)])
            depth, color = random.choice([(16, 0), (8, 2), (16, 6), (1, 0)])
            lines = bytes(width * height * {0: 1, 2: 3, 6: 4}[color] * depth // 8 + height) if width < 9400 else b""
            chunks = [
                (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)),
                (b"IDAT", zlib.compress(lines, 1)),
                (b"IEND", b""),
            ]
            honest = 3 * width * height * 4 * depth // 8
            done.append(f"{width} x {height} pixels of {depth} bits")
        elif kind < 0.65:
            chunks[row] = (name, mutate_bytes(data, random, bait).content)
            done.append(f"{name!r} changed")
        elif kind < 0.75:
            chunks.insert(row, random.choice(_odd(random)))
            done.append(f"{chunks[row][0]!r} added")
        elif kind < 0.85:
            chunks[row:row] = [chunks[row]] * random.choice([1, 100])
            done.append(f"{name!r} repeated")
        elif len(chunks) > 1:
            del chunks[row]
            done.append(f"{name!r} removed")
    return Mutant(_written(chunks, random), ", ".join(done), max(honest, DECODED))


def mutate_photo(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Sizes at the places where the formats have them, or other bytes."""
    changed = bytearray(content)
    if content.startswith((b"II*\0", b"MM\0*")) and random.random() < 0.8:
        order = "<" if content[:2] == b"II" else ">"
        start = struct.unpack(f"{order}I", content[4:8])[0]
        count = struct.unpack(f"{order}H", content[start : start + 2])[0]
        at = start + 2 + 12 * random.randrange(max(1, count)) + random.choice([0, 2, 4, 8])
        value = random.choice([*NUMBERS, 5, 7, 8, 32773, 34712, 259, 270])
        size = 2 if (at - start - 2) % 12 < 4 else 4
        changed[at : at + size] = (
            struct.pack(f"{order}Q", value)[:size] if order == "<" else struct.pack(">Q", value)[-size:]
        )
        return Mutant(bytes(changed), f"TIFF field at {at} is {value}", DECODED)
    if content.startswith(b"GIF8") and random.random() < 0.6:
        places = [6, 8, 10, *[at for at in range(len(content)) if content[at] in {0x2C, 0x21}][:20]]
        at = random.choice(places) + random.randrange(3)
        changed[at : at + 2] = struct.pack("<H", random.choice([0, 1, 255, 2**15, 2**16 - 1]))
        return Mutant(bytes(changed), f"GIF field at {at}", DECODED)
    if content.startswith(b"\xff\xd8") and random.random() < 0.7:
        marks = [at for at in range(len(content) - 9) if content[at] == 0xFF and content[at + 1] >= 0xC0]
        at = random.choice(marks) + random.choice([1, 2, 3, 4, 5, 6, 7, 8])
        changed[at] = random.choice([0, 1, 4, 8, 0x7F, 0xFF, 0xC2, 0xD9, 0xDA])
        return Mutant(bytes(changed), f"JPEG marker at {at}", DECODED)
    changed_bytes = mutate_bytes(content, random, bait)
    return Mutant(changed_bytes.content, changed_bytes.what, DECODED)


def _odd(random: Random) -> list[tuple[bytes, bytes]]:
    text = zlib.compress(bytes(random.choice([10, 10**7])), 9)
    return [
        (b"iCCP", b"p\0\0" + text),
        (b"zTXt", b"k\0\0" + text),
        (b"iTXt", b"k\0\1\0\0\0" + text),
        (b"tEXt", b"k\0\x1b[31m"),
        (b"gAMA", b"\0"),
        (b"tRNS", bytes(300)),
        (b"PLTE", bytes(random.choice([3, 7, 900]))),
        (b"acTL", b"\xff" * 8),
        (b"eXIf", b"II*\0" + random.randbytes(50)),
        (b"fcTL", bytes(26)),
        (b"\x1b[31", b""),
        (b"pHYs", b"\0" * 9),
        (b"cHRM", b""),
    ]


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at + 8 <= len(content):
        size = struct.unpack(">I", content[at : at + 4])[0]
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + size]))
        at += size + 12
    return found


def _written(chunks: list[tuple[bytes, bytes]], random: Random) -> bytes:
    right = random.random() < 0.95
    parts = [SIGNATURE]
    for name, data in chunks:
        checksum = zlib.crc32(name + data) if right else 0
        parts.append(struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum))
    return b"".join(parts)
