"""The sides of a training step."""

from collections.abc import Callable, Mapping

from bench import floor, machine, ours
from bench.ours import Task
from bench.parity import check_same
from bench.sides import FLOOR, SCIKIT, Case, Settings, Side
from nn_core.layers import Dense, ReLU


def training_case(group: str, name: str, goals: Mapping[str, float], task: Callable[[], Task]) -> Case:
    """A case that makes its batch when it is measured."""
    return Case(group, name, goals, lambda settings: training_sides(task(), settings))


def training_sides(task: Task, settings: Settings) -> list[Side]:
    """Ours, PyTorch's, scikit-learn's if it knows the network, and the floor.

    Raises ParityError if loss or gradients differ.
    """
    network = ours.network_of(task)
    expected = ours.outcome(task, network)
    theirs: list[Side] = []
    if machine.HAS_TORCH:
        from bench import torch_side

        theirs += torch_side.sides(task, network, expected, settings)
    if machine.HAS_SCIKIT and all(isinstance(layer, Dense | ReLU) for layer in network.layers):
        from bench import scikit_side

        check_same(task.name, SCIKIT, expected, scikit_side.outcome(task, network))
        theirs.append(Side(SCIKIT, "", scikit_side.training_step(task, network)))
    batch = task.x.shape[: 1 + task.input_shape.count(None)]
    theirs.append(ours.reference_side(task))
    theirs.append(Side(FLOOR, "products", floor.floor_step(network, batch, training=True)))
    return [*ours.training_sides(task, settings.threads), *theirs]
