"""The sides of PyTorch in training: each memory format, and compiled."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from bench.compiling import compiled
from bench.ours import LEARNING_RATE, Task
from bench.parity import Outcome, check_same
from bench.sides import TORCH, Settings, Side
from bench.twin import Twin
from nn_core import Network

Step = Callable[[], object]


def sides(task: Task, network: Network, ours: Outcome, settings: Settings) -> Iterator[Side]:
    """All that are found to do the same as nn-core.

    Raises ParityError if one does not.
    """
    formats = formats_of(network)
    for variant, options in formats.items():
        step = _checked(task, Twin(network, **options), ours, settings, variant)
        yield Side(TORCH, variant, step)
    variant, options = list(formats.items())[-1]
    twin, name = Twin(network, **options), f"compiled {variant}".strip()

    def make() -> Step:
        return _checked(task, twin, ours, settings, name, torch.compile(twin.loss))

    fast = compiled(make, settings, task.name)
    if fast is not None:
        yield Side(TORCH, name, fast)


def formats_of(network: Network) -> dict[str, dict[str, bool]]:
    """The ways in which PyTorch's data can lie in memory."""
    if len(network.input_shape) == 3:
        return {"channels first": {}, "channels last": {"channels_last": True}}
    if None in network.input_shape:
        return {"batch first": {}, "time first": {"time_first": True}}
    return {"": {}}


def adam(parameters: list[torch.nn.Parameter], settings: Settings) -> torch.optim.Optimizer:
    """Fused, where that is there for the CPU."""
    try:
        return torch.optim.Adam(parameters, lr=LEARNING_RATE, fused=True)
    except RuntimeError:
        settings.note("PyTorch: no fused Adam here, foreach instead")
        return torch.optim.Adam(parameters, lr=LEARNING_RATE, foreach=True)


def _checked(
    task: Task, twin: Twin, ours: Outcome, settings: Settings, variant: str, loss: Callable[..., Any] | None = None
) -> Step:
    """A training step, after its loss and gradients were compared with ours."""
    loss = twin.loss if loss is None else loss
    x, y = twin.input(task.x), twin.targets(task.y, task.loss)
    twin.module.train()
    value = loss(task.loss, x, y)
    value.backward()
    theirs = Outcome(value.item(), twin.gradients())
    expected = Outcome(ours.loss, twin.in_torch_order(ours.arrays))
    difference = check_same(task.name, f"{TORCH} {variant}".strip(), expected, theirs)
    settings.note(f"{task.name}: {TORCH} {variant}".rstrip() + f" differs by {difference:.0e}")
    step = plain_step(task, twin, settings, loss)
    step()
    return step


def plain_step(task: Task, twin: Twin, settings: Settings, loss: Callable[..., Any] | None = None) -> Step:
    """Forward, loss, backward, Adam.

    loss  in place of the twin's own: the same, compiled
    """
    loss = twin.loss if loss is None else loss
    x, y = twin.input(task.x), twin.targets(task.y, task.loss)
    twin.module.train()
    optimizer = adam(list(twin.module.parameters()), settings)

    def step() -> float:
        optimizer.zero_grad()
        value = loss(task.loss, x, y)
        value.backward()
        optimizer.step()
        return float(value.item())

    return step
