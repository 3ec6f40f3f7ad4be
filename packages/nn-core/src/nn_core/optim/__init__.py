"""Optimizers, learning-rate schedules and gradient transforms."""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core.optim.lion import Lion
    from nn_core.optim.muon import Muon
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
    from nn_core.optim.schedule_free import ScheduleFreeAdamW
    from nn_core.optim.schedules import SCHEDULES, Constant, Cosine, Exponential, InverseTime, Schedule, Step
    from nn_core.optim.soap import SOAP

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SOAP",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Exponential",
    "GradientDescent",
    "InverseTime",
    "Lion",
    "Momentum",
    "Muon",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "Schedule",
    "ScheduleFreeAdamW",
    "Step",
]

_NAMES = lazy_names(
    __name__,
    {
        "lion": "Lion",
        "muon": "Muon",
        "optimizers": "OPTIMIZERS Adam AdamW GradientDescent Momentum Nesterov Optimizer RMSProp",
        "schedule_free": "ScheduleFreeAdamW",
        "schedules": "SCHEDULES Constant Cosine Exponential InverseTime Schedule Step",
        "soap": "SOAP",
    },
)

__getattr__, __dir__ = lazy_attributes(__name__, _NAMES)
