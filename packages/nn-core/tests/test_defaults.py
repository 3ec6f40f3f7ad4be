"""Default values, as documented: another one would change the runs of all who leave it out."""

from collections.abc import Callable
from dataclasses import MISSING, fields
from inspect import signature
from typing import Any

import pytest

from nn_core.activations import leaky_relu, leaky_relu_derivative
from nn_core.batches.augmentation import Augmentation
from nn_core.calibration import FeatureDistribution
from nn_core.finite_differences import check_function
from nn_core.gradient_check import check_gradients
from nn_core.initializers import normal
from nn_core.layers import BatchNorm, InstanceNorm, LeakyReLU
from nn_core.optim.optimizers import Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp
from nn_core.optim.schedules import Constant, Cosine, Exponential, InverseTime, Step

ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
DEFAULTS: list[tuple[Any, dict[str, Any]]] = [
    (BatchNorm, {"momentum": 0.9, "epsilon": 1e-5}),
    (InstanceNorm, {"epsilon": 1e-5}),
    (LeakyReLU, {"slope": 0.01}),
    (GradientDescent, {}),
    (Momentum, {"beta": 0.9}),
    (Nesterov, {"beta": 0.9}),
    (RMSProp, {"rho": 0.9, "epsilon": 1e-8}),
    (Adam, ADAM),
    (AdamW, ADAM | {"weight_decay": 0.01}),
    (Constant, {"warmup": 0.0}),
    (InverseTime, {"warmup": 0.0, "rate": 1.0, "interval": 100.0}),
    (Step, {"warmup": 0.0, "gamma": 0.5, "interval": 100.0}),
    (Exponential, {"warmup": 0.0, "rate": 0.01}),
    (Cosine, {"warmup": 0.0, "final": 0.0}),
    (
        Augmentation,
        {"shift": 0.1, "rotation": 15.0, "scale": 0.1, "stretch": 0.0}
        | {"brightness": 0.1, "contrast": 0.2, "color": 0.1},
    ),
]


@pytest.mark.parametrize(("kind", "expected"), DEFAULTS, ids=[kind.__name__ for kind, _ in DEFAULTS])
def test_numbers_that_may_be_left_out(kind: Any, expected: dict[str, float]) -> None:
    given = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    assert {name: value for name, value in given.items() if isinstance(value, float)} == expected


@pytest.mark.parametrize(
    ("kinds", "rate"), [((GradientDescent, Momentum, Nesterov), 0.3), ((RMSProp, Adam, AdamW), 0.01)]
)
def test_learning_rates_that_may_be_left_out(kinds: tuple[Any, ...], rate: float) -> None:
    assert [kind.default_learning_rate for kind in kinds] == [rate] * 3


@pytest.mark.parametrize(
    ("function", "name", "value"),
    [
        (leaky_relu, "slope", 0.01),
        (leaky_relu_derivative, "slope", 0.01),
        (normal, "scale", 0.01),
        (FeatureDistribution.fit, "shrinkage", 0.01),
        (check_function, "tolerance", 1e-6),
        (check_gradients, "tolerance", 1e-6),
    ],
)
def test_arguments_that_may_be_left_out(function: Callable[..., Any], name: str, value: float) -> None:
    assert signature(function).parameters[name].default == value
