"""The training steps by name, so that another process can make one of them."""

from bench import convolutions, mlps, recurrences
from bench.ours import Task


def named(name: str) -> Task | None:
    """The task of a workload of groups a, b and c, or "classic x16" of another size of batch."""
    for sizes, batch_size, _ in mlps.SIZES:
        if mlps.name_of(sizes, batch_size) == name:
            return mlps.mlp(sizes, batch_size)
    for size, cells in recurrences.GOALS.items():
        for cell in cells:
            if f"{cell} {size}" == name:
                return recurrences.recurrent(cell, size)
    preset, _, batch = name.partition(" x")
    if preset in convolutions.GOALS and batch.isdecimal():
        return convolutions.convolutional(preset, int(batch))
    return None
