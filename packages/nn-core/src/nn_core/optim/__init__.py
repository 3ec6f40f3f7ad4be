"""Optimizers, learning-rate schedules and gradient transforms."""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core.optim.optimizers import (
        OPTIMIZERS,
        Adam,
        AdamW,
        GradientDescent,
        Momentum,
        Nesterov,
        Optimizer,
        RMSProp,
    )
    from nn_core.optim.schedules import SCHEDULES, Constant, Cosine, Exponential, InverseTime, Schedule, Step

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Exponential",
    "GradientDescent",
    "InverseTime",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "Schedule",
    "Step",
]

_NAMES = lazy_names(
    __name__,
    {
        "optimizers": "OPTIMIZERS Adam AdamW GradientDescent Momentum Nesterov Optimizer RMSProp",
        "schedules": "SCHEDULES Constant Cosine Exponential InverseTime Schedule Step",
    },
)

__getattr__, __dir__ = lazy_attributes(__name__, _NAMES)
