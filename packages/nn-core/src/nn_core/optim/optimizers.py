"""How weights follow their gradient: the textbook formulas, on whole vectors.

Each `step` takes the vector of all parameters w and of all gradients g and changes w in
place. Arithmetic goes through one scratch vector, so that a step allocates nothing. What an
optimizer remembers between steps are its slots, vectors as long as w. Every number goes its own
way, so that long vectors are worked off in pieces, each of which stays in the cache while the
formula passes over it a dozen times.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from nn_core import registry
from nn_core.arrays import Array
from nn_core.engine.thread_pool import ThreadPool
from nn_core.errors import CheckpointError

WHOLE = 524_288
"""Numbers up to which a vector is worked on as a whole."""

PIECE = 131_072
"""Numbers of a longer one that are worked on at a time, by each thread."""


@dataclass
class Optimizer(ABC):
    """An update rule, its settings, and what it remembers.

    slots                  the names of the remembered vectors
    default_learning_rate  a rate that suits the rule when none is asked for
    """

    slots: ClassVar[tuple[str, ...]] = ()
    default_learning_rate: ClassVar[float]

    steps: int = field(default=0, init=False, repr=False)
    weight_count: int = field(init=False, repr=False, compare=False)
    scratch: Array = field(init=False, repr=False, compare=False)

    def start(self, w: Array, weight_count: int | None = None) -> None:
        """Forget everything: zero slots for parameters like w, weights first."""
        self.steps = 0
        self.weight_count = w.size if weight_count is None else weight_count
        whole = w.size <= WHOLE
        self.scratch = np.empty(w.size if whole else -(-w.size // PIECE) * PIECE, w.dtype)
        for name in self.slots:
            setattr(self, name, np.zeros_like(w))

    def step(
        self, w: Array, g: Array, learning_rate: float, crew: ThreadPool | None = None
    ) -> None:
        """Move w, given the gradient g of the loss at w. Leaves g as it is.

        crew  threads to share the pieces of a long vector
        """
        self.steps += 1
        slots = [getattr(self, name) for name in self.slots]
        if w.size <= WHOLE:
            self.move(w, g, learning_rate, slots, self.scratch)
            return

        def work(thread: int, i: int) -> None:
            part = slice(i * PIECE, min((i + 1) * PIECE, w.size))
            scratch = self.scratch[thread * PIECE :][: part.stop - part.start]
            self.move(w[part], g[part], learning_rate, [slot[part] for slot in slots], scratch)

        (crew or ThreadPool()).map(work, -(-w.size // PIECE))

    @abstractmethod
    def move(
        self, w: Array, g: Array, learning_rate: float, slots: Sequence[Array], scratch: Array
    ) -> None:
        """The formula, for some of the numbers: w, their gradient, and what is remembered.

        scratch  as long as they are
        """

    def state(self) -> dict[str, Array]:
        """The slots by name."""
        return {name: getattr(self, name) for name in self.slots}

    def restore(self, state: Mapping[str, Array], steps: int) -> None:
        """Take up the slots of an earlier run, after `start`."""
        if set(state) != set(self.slots):
            raise CheckpointError(f"{type(self).__name__} has no slots {sorted(state)}")
        for name, values in state.items():
            getattr(self, name)[...] = values
        self.steps = steps


@dataclass
class GradientDescent(Optimizer):
    """w -= learning_rate * g. Source: Cauchy (1847); Robbins, Monro (1951)."""

    default_learning_rate: ClassVar[float] = 0.3

    def move(
        self, w: Array, g: Array, learning_rate: float, slots: Sequence[Array], scratch: Array
    ) -> None:
        w -= np.multiply(g, learning_rate, out=scratch)


@dataclass
class Momentum(Optimizer):
    """Follow the exponential average of the gradients.

    v += (1 - beta) (g - v)
    w -= learning_rate * v

    A steady gradient moves w as far as gradient descent would, an alternating one hardly.
    Source: Polyak (1964), in the averaged form of Ng's Deep Learning course (2017).
    """

    slots: ClassVar[tuple[str, ...]] = ("v",)
    default_learning_rate: ClassVar[float] = 0.3

    beta: float = 0.9
    v: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_rate("beta", self.beta)

    def move(
        self, w: Array, g: Array, learning_rate: float, slots: Sequence[Array], scratch: Array
    ) -> None:
        (v,) = slots
        _average(v, g, self.beta, scratch)
        w -= np.multiply(v, learning_rate, out=scratch)


@dataclass
class Nesterov(Momentum):
    """Momentum that looks one step ahead.

    v += (1 - beta) (g - v)
    w -= learning_rate * (beta v + (1 - beta) g)

    The velocity that the next step will have if the gradient stays as it is.
    Source: Nesterov (1983), in the form of Dozat, Incorporating Nesterov momentum into Adam
    (2016), sec. 2.
    """

    def move(
        self, w: Array, g: Array, learning_rate: float, slots: Sequence[Array], scratch: Array
    ) -> None:
        (v,) = slots
        _average(v, g, self.beta, scratch)
        w -= np.multiply(v, learning_rate * self.beta, out=scratch)
        w -= np.multiply(g, learning_rate * (1.0 - self.beta), out=scratch)


@dataclass
class RMSProp(Optimizer):
    """Divide each gradient by its recent size.

    s += (1 - rho) (g^2 - s)
    w -= learning_rate * g / (sqrt(s) + epsilon)

    Source: Hinton, Neural networks for machine learning, lecture 6e (2012).
    """

    slots: ClassVar[tuple[str, ...]] = ("s",)
    default_learning_rate: ClassVar[float] = 0.01

    rho: float = 0.9
    epsilon: float = 1e-8
    s: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_rate("rho", self.rho)
        registry.require(self.epsilon > 0, f"epsilon must be positive, not {self.epsilon}")

    def move(
        self, w: Array, g: Array, learning_rate: float, slots: Sequence[Array], scratch: Array
    ) -> None:
        (s,) = slots
        _average_square(s, g, self.rho, scratch)
        np.sqrt(s, out=scratch)
        scratch += self.epsilon
        np.divide(g, scratch, out=scratch)
        scratch *= learning_rate
        w -= scratch


@dataclass
class Adam(Optimizer):
    """Momentum, divided by the gradient's recent size, both corrected for their zero start.

    m += (1 - beta1) (g - m)              m_hat = m / (1 - beta1^t)
    v += (1 - beta2) (g^2 - v)            v_hat = v / (1 - beta2^t)
    w -= learning_rate * m_hat / (sqrt(v_hat) + epsilon)

    The two corrections are numbers, not vectors: with c = sqrt(1 - beta2^t) the last line is
    w -= learning_rate c / (1 - beta1^t) * m / (sqrt(v) + c epsilon).
    Source: Kingma, Ba, Adam: a method for stochastic optimization (2015), algorithm 1.
    """

    slots: ClassVar[tuple[str, ...]] = ("m", "v")
    default_learning_rate: ClassVar[float] = 0.01

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    m: Array = field(init=False, repr=False, compare=False)
    v: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_rate("beta1", self.beta1)
        _require_rate("beta2", self.beta2)
        registry.require(self.epsilon > 0, f"epsilon must be positive, not {self.epsilon}")

    def move(
        self, w: Array, g: Array, learning_rate: float, slots: Sequence[Array], scratch: Array
    ) -> None:
        m, v = slots
        _average(m, g, self.beta1, scratch)
        _average_square(v, g, self.beta2, scratch)
        c = math.sqrt(1.0 - self.beta2**self.steps)
        np.sqrt(v, out=scratch)
        scratch += c * self.epsilon
        np.divide(m, scratch, out=scratch)
        scratch *= learning_rate * c / (1.0 - self.beta1**self.steps)
        w -= scratch


@dataclass
class AdamW(Adam):
    """Adam, with weights that shrink by themselves and not through the gradient.

    W -= learning_rate * weight_decay * W          weights only, not biases
    w -= the step of Adam

    Source: Loshchilov, Hutter, Decoupled weight decay regularization (2019), algorithm 2, with
    its schedule multiplier and its learning rate in one, as most software has it.
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        registry.require(
            self.weight_decay >= 0, f"weight_decay cannot be negative: {self.weight_decay}"
        )

    def step(
        self, w: Array, g: Array, learning_rate: float, crew: ThreadPool | None = None
    ) -> None:
        w[: self.weight_count] *= 1.0 - learning_rate * self.weight_decay
        super().step(w, g, learning_rate, crew)


def _average(mean: Array, x: Array, rate: float, scratch: Array) -> None:
    """mean += (1 - rate) (x - mean)."""
    np.subtract(x, mean, out=scratch)
    scratch *= 1.0 - rate
    mean += scratch


def _average_square(mean: Array, x: Array, rate: float, scratch: Array) -> None:
    """mean += (1 - rate) (x^2 - mean), as two products: a sum of squares stays positive."""
    np.multiply(x, x, out=scratch)
    scratch *= 1.0 - rate
    mean *= rate
    mean += scratch


def _require_rate(name: str, value: float) -> None:
    registry.require(0 <= value < 1, f"{name} lies in [0, 1), not {value}")


OPTIMIZERS: MappingProxyType[str, type[Optimizer]] = MappingProxyType(
    {
        "gradient-descent": GradientDescent,
        "momentum": Momentum,
        "nesterov": Nesterov,
        "rmsprop": RMSProp,
        "adam": Adam,
        "adamw": AdamW,
    }
)
"""Every optimizer by the name that a command line takes."""


def optimizer(text: str) -> Optimizer:
    """The optimizer that a text such as "adam" or "momentum:beta=0.95" names.

    Raises SettingError for a name or a setting that there is not.
    """
    make: Callable[..., Optimizer] = registry.parse(text, OPTIMIZERS, "optimizer")
    return make()
