"""Changes of checkpoints; half of them pass the checksum."""

import hashlib
from random import Random

from fuzz.mutant import Bait, Mutant
from fuzz.mutators.hdf5 import mutate_hdf5
from fuzz.mutators.raw import mutate_bytes

SEAL = b"\nnn-core sha256 "
"""Stands between the HDF5 data and their SHA-256."""


def mutate_checkpoint(content: bytes, random: Random, bait: Bait) -> Mutant:
    """A change of the HDF5 data, under a checksum that is right (half of the cases), wrong or cut off."""
    image, _, digest = content.rpartition(SEAL)
    if random.random() < 0.03:
        return mutate_bytes(content, random, bait)
    changed = mutate_hdf5(image, random, bait)
    kind = random.random()
    if kind < 0.5:
        return Mutant(sealed(changed.content), changed.what, changed.honest)
    if kind < 0.6:
        return Mutant(changed.content + SEAL + digest, f"{changed.what}, old checksum", changed.honest)
    return Mutant(changed.content, f"{changed.what}, no checksum", changed.honest)


def sealed(image: bytes) -> bytes:
    """The HDF5 data with their checksum."""
    return image + SEAL + hashlib.sha256(image).hexdigest().encode()
