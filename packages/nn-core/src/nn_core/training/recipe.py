"""Training configuration: loss, optimizer and their settings."""

import math
from dataclasses import dataclass

from nn_core.hints import HelpfulErrors
from nn_core.losses import Loss, loss
from nn_core.optim.optimizers import Optimizer, optimizer
from nn_core.optim.schedules import Schedule, schedule
from nn_core.registry import is_integer, is_number, require, require_positive


@dataclass(frozen=True, init=False)
class Recipe(HelpfulErrors):
    """Loss, optimizer and their settings.

    loss           a Loss, or its name: "softmax-cross-entropy"
    optimizer      an Optimizer, or its name, optionally with settings: "adam:learning_rate=0.01"
    learning_rate  scaled by the schedule; None: that of the optimizer
    schedule       a Schedule, or its name: "cosine:warmup=1"
    batch_size     None for all examples at once
    bptt_length    for one long text: steps per chunk, read in `batch_size` parallel streams, with
                   the state carried along; see `StreamBatches`
    l2             adds l2 / 2 * sum(W^2) to the loss, weights only
    clip_norm      maximum norm of the gradient of all parameters
    clip_value     maximum of each component of the gradient

    It holds no arrays, so trainers can share it.
    Raises SettingError for an invalid value, or if the optimizer has a learning rate as well.
    """

    loss: Loss
    optimizer: Optimizer
    learning_rate: float | None
    schedule: Schedule
    batch_size: int | None
    bptt_length: int | None
    l2: float
    clip_norm: float | None
    clip_value: float | None

    def __init__(
        self,
        loss: str | Loss,
        optimizer: str | Optimizer = "adam",
        *,
        learning_rate: float | None = None,
        schedule: str | Schedule = "constant",
        batch_size: int | None = 64,
        bptt_length: int | None = None,
        l2: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ) -> None:
        values = {
            **_objects(loss, optimizer, schedule),
            "learning_rate": learning_rate,
            "batch_size": batch_size,
            "bptt_length": bptt_length,
            "l2": l2,
            "clip_norm": clip_norm,
            "clip_value": clip_value,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        for name in ("batch_size", "bptt_length"):
            value = values[name]
            require(value is None or is_integer(value, 1), f"{name} must be at least 1, not {value!r}")
        require(bptt_length is None or batch_size is not None, "bptt_length needs batch_size, the number of streams")
        for name in ("learning_rate", "clip_norm", "clip_value"):
            if values[name] is not None:
                require_positive(name, values[name])
        require(is_number(l2) and 0 <= l2 < math.inf, f"l2 must be at least 0 and finite, not {l2}")
        own = self.optimizer.learning_rate
        require(
            own is None or learning_rate is None,
            f"the learning rate is set twice: {own} in {type(self.optimizer).__name__} and {learning_rate=}",
        )
        if learning_rate is None:
            self.optimizer.base_rate  # noqa: B018 - raises if there is none

    @property
    def base_rate(self) -> float:
        """The learning rate without the schedule."""
        return self.optimizer.base_rate if self.learning_rate is None else self.learning_rate


def _objects(of_loss: str | Loss, of_optimizer: str | Optimizer, of_schedule: str | Schedule) -> dict[str, object]:
    """Objects from names; separate from `__init__`, whose arguments shadow these functions."""
    return {"loss": loss(of_loss), "optimizer": optimizer(of_optimizer), "schedule": schedule(of_schedule)}
