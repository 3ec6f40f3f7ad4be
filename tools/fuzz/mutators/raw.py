"""Changes of bytes, whatever they mean."""

import struct
from random import Random

from fuzz.mutant import Bait, Mutant

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
"""Lengths and counts where readers overflow."""
HEADER = 1024
"""Bytes at the start of a file that are changed as often as all the others."""


def mutate_bytes(content: bytes, random: Random, bait: Bait) -> Mutant:
    """A few flips, numbers, cuts, repeats or moves of bytes."""
    changed, done = bytearray(content), []
    for _ in range(random.choice([1, 1, 1, 2, 4, 16])):
        change = random.choice([_flip, _flip, _number, _number, _truncate, _remove, _repeat, _move, _fill])
        done.append(change(changed, random))
    return Mutant(bytes(changed), ", ".join(done[:4]))


def position(size: int, random: Random) -> int:
    """A place in a file, as often in its header as behind it."""
    return random.randrange(max(1, min(size, HEADER) if random.random() < 0.5 else size))


def _flip(content: bytearray, random: Random) -> str:
    if not content:
        return "nothing"
    at = position(len(content), random)
    content[at] ^= 1 << random.randrange(8) if random.random() < 0.5 else random.randrange(1, 256)
    return f"byte {at} flipped"


def _number(content: bytearray, random: Random) -> str:
    at, size = position(len(content), random), random.choice([1, 2, 4, 8])
    value = random.choice(NUMBERS) & ((1 << 8 * size) - 1)
    code = ("<" if random.random() < 0.7 else ">") + {1: "B", 2: "H", 4: "I", 8: "Q"}[size]
    content[at : at + size] = struct.pack(code, value)
    return f"{value} at {at}"


def _truncate(content: bytearray, random: Random) -> str:
    at = position(len(content), random)
    del content[at:]
    return f"cut at {at}"


def _remove(content: bytearray, random: Random) -> str:
    at, size = position(len(content), random), random.choice([1, 2, 8, 100])
    del content[at : at + size]
    return f"{size} bytes removed at {at}"


def _repeat(content: bytearray, random: Random) -> str:
    at, size = position(len(content), random), random.choice([1, 8, 100, 1000])
    content[at:at] = bytes(content[at : at + size]) * random.choice([1, 1, 10])
    return f"{size} bytes repeated at {at}"


def _move(content: bytearray, random: Random) -> str:
    source, target, size = position(len(content), random), position(len(content), random), random.choice([4, 8, 64])
    content[target : target + size] = content[source : source + size]
    return f"{size} bytes of {source} at {target}"


def _fill(content: bytearray, random: Random) -> str:
    at, size = position(len(content), random), random.choice([1, 8, 64])
    content[at : at + size] = bytes([random.choice([0, 0xFF, 0x1B, 0x80])]) * size
    return f"{size} bytes filled at {at}"
