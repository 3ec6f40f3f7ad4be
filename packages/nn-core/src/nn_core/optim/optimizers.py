"""Optimizers, each with its textbook formula.

An optimizer is an immutable value that holds settings, but no arrays. Its state, such as the
moving averages of Adam, is created by `init`, kept by the caller, and updated in place by
`update`. The formulas here are elementwise, so a long vector may be updated block by block. Later methods
have files of their own: `lion`, `muon`, `schedule_free`, `soap`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from nn_core.arrays import Array, Arrays
from nn_core.lazy_import import Lazy
from nn_core.optim.base import Optimizer as Optimizer  # noqa: PLC0414
from nn_core.optim.base import average, average_square, ratio_to_root, require_rate
from nn_core.registry import Registry, require


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """w -= learning_rate * g. Source: Cauchy (1847); Robbins, Monro (1951)."""

    default_learning_rate: ClassVar[float] = 0.3
    rate_space: ClassVar[tuple[float, float]] = (1e-3, 30.0)

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        w -= learning_rate * g


@dataclass(frozen=True, kw_only=True)
class Momentum(Optimizer):
    """Follow an exponential moving average of the gradients.

    v += (1 - beta) (g - v)
    w -= learning_rate * v

    A constant gradient moves w as far as gradient descent would, an alternating one hardly at all.
    Source: Polyak (1964), in the averaged form of Ng's Deep Learning course (2017).
    """

    state_names: ClassVar[tuple[str, ...]] = ("v",)
    default_learning_rate: ClassVar[float] = 0.3
    rate_space: ClassVar[tuple[float, float]] = (1e-3, 30.0)
    space: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType({"1-beta": (0.01, 1.0)})

    beta: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate("beta", self.beta)

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        v = state["v"]
        average(v, g, self.beta)
        w -= learning_rate * v


@dataclass(frozen=True, kw_only=True)
class Nesterov(Optimizer):
    """Momentum that looks one step ahead.

    v += (1 - beta) (g - v)
    w -= learning_rate * (beta v + (1 - beta) g)

    The second line moves by the velocity of the next step, assuming that the gradient stays the
    same: v + (1 - beta) (g - v).
    Source: Nesterov (1983), in the form of Dozat, Incorporating Nesterov momentum into Adam
    (2016), sec. 2.
    """

    state_names: ClassVar[tuple[str, ...]] = ("v",)
    default_learning_rate: ClassVar[float] = 0.3
    rate_space: ClassVar[tuple[float, float]] = (1e-3, 30.0)
    space: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType({"1-beta": (0.01, 1.0)})

    beta: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate("beta", self.beta)

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        v = state["v"]
        average(v, g, self.beta)
        w -= learning_rate * (self.beta * v + (1.0 - self.beta) * g)


@dataclass(frozen=True, kw_only=True)
class RMSProp(Optimizer):
    """Divide each gradient by its recent root mean square.

    s = rho s + (1 - rho) g^2
    w -= learning_rate * g / (sqrt(s) + epsilon)

    Source: Hinton, Neural networks for machine learning, lecture 6e (2012).
    """

    state_names: ClassVar[tuple[str, ...]] = ("s",)
    default_learning_rate: ClassVar[float] = 0.01
    rate_space: ClassVar[tuple[float, float]] = (1e-4, 1.0)
    space: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType({"1-rho": (0.001, 1.0)})

    rho: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate("rho", self.rho)
        require(self.epsilon > 0, f"epsilon must be positive, not {self.epsilon}")

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        s = state["s"]
        average_square(s, g, self.rho)
        w -= ratio_to_root(g, s, self.epsilon, learning_rate)


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Momentum divided by the recent RMS of the gradient, both corrected for zero initialization.

    m += (1 - beta1) (g - m)              m_hat = m / (1 - beta1^t)
    v = beta2 v + (1 - beta2) g^2         v_hat = v / (1 - beta2^t)
    w -= learning_rate * m_hat / (sqrt(v_hat) + epsilon)

    The two corrections are scalars: with c = sqrt(1 - beta2^t) the last line is
    w -= learning_rate c / (1 - beta1^t) * m / (sqrt(v) + c epsilon).
    Source: Kingma, Ba, Adam: a method for stochastic optimization (2015), algorithm 1.
    """

    state_names: ClassVar[tuple[str, ...]] = ("m", "v")
    default_learning_rate: ClassVar[float] = 0.01
    rate_space: ClassVar[tuple[float, float]] = (1e-4, 1.0)
    space: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType(
        {"1-beta1": (0.01, 1.0), "epsilon": (1e-8, 1.0)}
    )

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate("beta1", self.beta1)
        require_rate("beta2", self.beta2)
        require(self.epsilon > 0, f"epsilon must be positive, not {self.epsilon}")

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        m, v = state["m"], state["v"]
        average(m, g, self.beta1)
        average_square(v, g, self.beta2)
        c = math.sqrt(1.0 - self.beta2**step)
        w -= ratio_to_root(m, v, c * self.epsilon, learning_rate * c / (1.0 - self.beta1**step))


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, which does not pass through the gradient.

    W -= learning_rate * weight_decay * W          weights only, not biases
    w -= the step of Adam

    Source: Loshchilov, Hutter, Decoupled weight decay regularization (2019), algorithm 2, with
    schedule multiplier and learning rate combined, as in most implementations.
    """

    space: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType({**Adam.space, "weight_decay": (1e-5, 1.0)})

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.weight_decay >= 0, f"weight_decay cannot be negative: {self.weight_decay}")

    def decay(self, weights: Array, learning_rate: float) -> None:
        weights *= 1.0 - learning_rate * self.weight_decay


ALIASES = {"sgd": "gradient-descent", "gd": "gradient-descent"}
"""Alternative names."""

OPTIMIZERS: Registry[type[Optimizer]] = Registry(
    "optimizer",
    {
        "gradient-descent": GradientDescent,
        "momentum": Momentum,
        "nesterov": Nesterov,
        "rmsprop": RMSProp,
        "adam": Adam,
        "adamw": AdamW,
        "lion": Lazy("nn_core.optim.lion", "Lion"),
        "muon": Lazy("nn_core.optim.muon", "Muon"),
        "schedule-free-adamw": Lazy("nn_core.optim.schedule_free", "ScheduleFreeAdamW"),
        "soap": Lazy("nn_core.optim.soap", "SOAP"),
    },
    group="nn_core.optimizers",
    kebab_case=True,
    aliases=ALIASES,
    spellings={"sgdm": "momentum", "rms": "rmsprop", "nag": "nesterov"},
    foreign={
        "nag": "nesterov",
        "rms-prop": "rmsprop",
        "adam-w": "adamw",
        "lbfgs": "adam",
        "nadam": "adam",
        "shampoo": "soap",
        "schedule-free": "schedule-free-adamw",
        "adamw-schedule-free": "schedule-free-adamw",
        "adam-w-schedule-free": "schedule-free-adamw",
    },
)
"""All optimizers by name."""


def optimizer(given: str | Optimizer) -> Optimizer:
    """The optimizer for a spec such as "adam" or "momentum:beta=0.95"; an Optimizer is returned unchanged.

    Raises SettingError for an unknown name or setting, and for a class (`Adam` instead of `Adam()`).
    """
    made: Optimizer = OPTIMIZERS.create(given, Optimizer)
    return made
