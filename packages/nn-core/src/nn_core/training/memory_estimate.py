"""The memory that a training run needs, by the shapes of its network, before any of it is allocated."""

from typing import NamedTuple

from nn_core.arrays import Shape
from nn_core.errors import SettingError
from nn_core.memory import in_bytes, memory_limit
from nn_core.network import Network


class TrainingMemory(NamedTuple):
    """Bytes at least.

    parameters   of the network
    optimizer    the gradient, and the state of the optimizer
    activations  the outputs of all layers for a batch, kept for the backward pass
    """

    parameters: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        return sum(self)

    def __str__(self) -> str:
        """Such as "240 GB of memory (parameters 80 GB, gradient and optimizer 160 GB, a batch 4 MB)"."""
        parts = zip(("parameters", "gradient and optimizer", "a batch"), self, strict=True)
        return f"{in_bytes(self.total)} of memory ({', '.join(f'{name} {in_bytes(size)}' for name, size in parts)})"


def training_memory(
    network: Network, *, states: int, examples: int, steps: int = 1, matrices: int = 0
) -> TrainingMemory:
    """What is needed to train a network.

    states    vectors that the optimizer keeps: 2 for Adam
    examples  that pass through all layers together
    steps     of a sequence
    matrices  numbers that the optimizer keeps besides its state vectors
    """
    parameters = network.vector.nbytes
    each = sum(_numbers(shape, steps) for shape in network.shapes)
    optimizer = parameters * (1 + states) + matrices * network.dtype.itemsize
    return TrainingMemory(parameters, optimizer, each * examples * network.dtype.itemsize)


def require_training_memory(needed: TrainingMemory) -> None:
    """Raise SettingError if that is not there. The parameters already are."""
    if needed.total - needed.parameters > memory_limit():
        raise SettingError(
            f"training needs {needed}; the limit is {in_bytes(memory_limit())} more than the parameters (--max-memory)"
        )


def _numbers(shape: Shape, steps: int) -> int:
    count = 1
    for size in shape:
        count *= steps if size is None else size
    return count
