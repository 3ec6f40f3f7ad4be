"""Training configuration: loss, optimizer and their settings."""

import math
from dataclasses import dataclass, field

from nn_core.hints import HelpfulErrors
from nn_core.losses import Loss
from nn_core.optim.optimizers import Optimizer
from nn_core.optim.schedules import Constant, Schedule
from nn_core.registry import require


@dataclass(frozen=True)
class Recipe(HelpfulErrors):
    """Loss, optimizer and their settings.

    learning_rate  multiplied by the factor of the schedule; None: the default of the optimizer
    batch_size     None for all examples at once
    bptt_length    for one long text: steps per chunk, read in `batch_size` parallel streams, with
                   the state carried along; see `StreamBatches`
    l2             adds l2 / 2 * sum(W^2) to the loss, weights only
    clip_norm      maximum norm of the gradient of all parameters
    clip_value     maximum of each component of the gradient
    """

    loss: Loss
    optimizer: Optimizer
    learning_rate: float | None = None
    schedule: Schedule = field(default_factory=Constant)
    batch_size: int | None = 64
    bptt_length: int | None = None
    l2: float = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None

    def __post_init__(self) -> None:
        if self.bptt_length is not None:
            require(self.bptt_length >= 1, f"bptt_length must be at least 1, not {self.bptt_length}")
            require(self.batch_size is not None, "bptt_length needs a batch_size: the number of parallel streams")
        for name in ("learning_rate", "clip_norm", "clip_value"):
            value = getattr(self, name)
            require(value is None or 0 < value < math.inf, f"{name} must be positive, not {value}")
        require(0 <= self.l2 < math.inf, f"l2 must be at least 0 and finite, not {self.l2}")

    @property
    def base_rate(self) -> float:
        """The learning rate without the schedule."""
        if self.learning_rate is None:
            return self.optimizer.default_learning_rate
        return self.learning_rate
