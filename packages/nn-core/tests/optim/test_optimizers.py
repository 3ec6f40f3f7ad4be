"""Optimizers against their formulas, written out for single numbers in plain Python.

Each `*_path` gives w after every step, from sums over all earlier gradients rather than from
running averages wherever the formula has such a form.
"""

import dataclasses
import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core import optim
from nn_core.arrays import Array
from nn_core.errors import SettingError
from nn_core.optim.optimizers import ALIASES, OPTIMIZERS, AdamW, GradientDescent, Momentum, Optimizer, optimizer

Path = list[float]
Formula = Callable[[float, Sequence[float], Sequence[float]], Path]

GRADIENTS = [0.5, -0.3, 0.2, 0.9, -0.7, 0.0, 1e-9, 40.0]
RATES = [0.1, 0.1, 0.05, 0.2, 0.1, 0.1, 0.03, 0.1]


def descent_path(w: float, gradients: Sequence[float], rates: Sequence[float]) -> Path:
    return [
        w - math.fsum(rate * g for rate, g in zip(rates[:t], gradients[:t], strict=True))
        for t in range(1, len(gradients) + 1)
    ]


def weighted_mean(beta: float, numbers: Sequence[float]) -> float:
    """(1 - beta) sum_k beta^(t - k) numbers[k]: an exponential average that began at zero."""
    t = len(numbers)
    return (1 - beta) * math.fsum(beta ** (t - 1 - k) * numbers[k] for k in range(t))


def momentum_path(beta: float) -> Formula:
    def path(w: float, gradients: Sequence[float], rates: Sequence[float]) -> Path:
        velocities = [weighted_mean(beta, gradients[: t + 1]) for t in range(len(gradients))]
        return descent_path(w, velocities, rates)

    return path


def nesterov_path(beta: float) -> Formula:
    def path(w: float, gradients: Sequence[float], rates: Sequence[float]) -> Path:
        ahead = [
            # The velocity one step on, if the gradient came once more.
            weighted_mean(beta, [*gradients[: t + 1], gradients[t]])
            for t in range(len(gradients))
        ]
        return descent_path(w, ahead, rates)

    return path


def rmsprop_path(rho: float, epsilon: float) -> Formula:
    def path(w: float, gradients: Sequence[float], rates: Sequence[float]) -> Path:
        squares = [g * g for g in gradients]
        divided = [g / (math.sqrt(weighted_mean(rho, squares[: t + 1])) + epsilon) for t, g in enumerate(gradients)]
        return descent_path(w, divided, rates)

    return path


def adam_path(beta1: float, beta2: float, epsilon: float, weight_decay: float = 0.0) -> Formula:
    def path(w: float, gradients: Sequence[float], rates: Sequence[float]) -> Path:
        points = []
        for t in range(1, len(gradients) + 1):
            m_hat = weighted_mean(beta1, gradients[:t]) / (1 - beta1**t)
            v_hat = weighted_mean(beta2, [g * g for g in gradients[:t]]) / (1 - beta2**t)
            rate = rates[t - 1]
            w = w - rate * weight_decay * w - rate * m_hat / (math.sqrt(v_hat) + epsilon)
            points.append(w)
        return points

    return path


def lion_path(beta1: float, beta2: float) -> Formula:
    def path(w: float, gradients: Sequence[float], rates: Sequence[float]) -> Path:
        def sign(t: int) -> float:
            direction = beta1 * weighted_mean(beta2, gradients[:t]) + (1 - beta1) * gradients[t]
            return math.copysign(1.0, direction) if direction else 0.0

        return descent_path(w, [sign(t) for t in range(len(gradients))], rates)

    return path


def schedule_free_path(beta: float, beta2: float, epsilon: float, weight_decay: float = 0.0) -> Formula:
    """y after each step, with x as the weighted mean of all z: x_t = sum_i c_i z_i / sum_i c_i."""

    def path(w: float, gradients: Sequence[float], rates: Sequence[float]) -> Path:
        z, points, averages, weights = w, [], [], []
        y = w
        for t in range(1, len(gradients) + 1):
            v = weighted_mean(beta2, [g * g for g in gradients[:t]])
            rate = rates[t - 1] * math.sqrt(1 - beta2**t)
            z = z - rate * (gradients[t - 1] / (math.sqrt(v) + epsilon) + weight_decay * y)
            averages.append(z)
            weights.append(1 - beta2**t)
            x = math.fsum(c * each for c, each in zip(weights, averages, strict=True)) / math.fsum(weights)
            y = (1 - beta) * z + beta * x
            points.append(y)
        return points

    return path


# Once with the settings as they come, once with others, an epsilon that matters among them.
FORMULAS: dict[str, Formula] = {
    "gradient-descent": descent_path,
    "momentum": momentum_path(0.9),
    "momentum:beta=0.5": momentum_path(0.5),
    "momentum:beta=0": descent_path,
    "nesterov": nesterov_path(0.9),
    "nesterov:beta=0.4": nesterov_path(0.4),
    "nesterov:beta=0": descent_path,
    "rmsprop": rmsprop_path(0.9, 1e-8),
    "rmsprop:rho=0.6,epsilon=0.1": rmsprop_path(0.6, 0.1),
    "adam": adam_path(0.9, 0.999, 1e-8),
    "adam:beta1=0.5,beta2=0.7,epsilon=0.1": adam_path(0.5, 0.7, 0.1),
    "adamw": adam_path(0.9, 0.999, 1e-8, 0.01),
    "adamw:weight_decay=0.5,epsilon=0.1": adam_path(0.9, 0.999, 0.1, 0.5),
    "adamw:weight_decay=0": adam_path(0.9, 0.999, 1e-8),
    "lion": lion_path(0.9, 0.99),
    "lion:beta1=0.5,beta2=0.7": lion_path(0.5, 0.7),
    "schedule-free-adamw": schedule_free_path(0.9, 0.999, 1e-8),
    "schedule-free-adamw:beta=0.5,beta2=0.7,epsilon=0.1,weight_decay=0.3": schedule_free_path(0.5, 0.7, 0.1, 0.3),
    "muon": adam_path(0.95, 0.95, 1e-8),  # of a single number; matrices are in test_matrix_optimizers.py
    "soap": adam_path(0.95, 0.95, 1e-8),
}
by_text = pytest.mark.parametrize("text", FORMULAS)
by_name = pytest.mark.parametrize("name", OPTIMIZERS)
ELEMENTWISE = [name for name, made in OPTIMIZERS.items() if made.elementwise]


def follow(text: str, w: Array, gradients: Array, rates: Sequence[float]) -> Array:
    """w after each step, one row a step."""
    w = w.copy()
    made = optimizer(text)
    state = made.init(w)
    state |= {name: np.zeros(shape, w.dtype) for name, shape in made.matrices(w.shape).items()}
    rows = []
    for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        made.decay(w, rate)
        made.update(w, g, state, learning_rate=rate, step=t)
        rows.append(w.copy())
    return np.array(rows)


def test_every_optimizer_has_its_formula_here() -> None:
    modules = [importlib.import_module(f"nn_core.optim.{each.name}") for each in pkgutil.iter_modules(optim.__path__)]
    classes = {
        item
        for module in modules
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Optimizer) and not inspect.isabstract(item)
    }
    assert classes == set(OPTIMIZERS.values())
    assert {text.partition(":")[0] for text in FORMULAS} == set(OPTIMIZERS)


@by_text
def test_the_path_is_that_of_the_formula(text: str) -> None:
    received = follow(text, np.array([0.7]), np.array(GRADIENTS)[:, None], RATES)
    np.testing.assert_allclose(received[:, 0], FORMULAS[text](0.7, GRADIENTS, RATES), rtol=1e-11, atol=1e-14)


@by_text
@given(
    numbers=st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=12), rate=st.floats(1e-4, 0.5)
)
def test_each_number_goes_its_own_way(text: str, numbers: list[tuple[float, float]], rate: float) -> None:
    gradients, rates = np.array(numbers), [rate] * len(numbers)
    received = follow(text, np.array([1.0, -2.0]), gradients, rates)
    for i, w in enumerate([1.0, -2.0]):
        expected = FORMULAS[text](w, gradients[:, i].tolist(), rates)
        np.testing.assert_allclose(received[:, i], expected, rtol=1e-7, atol=1e-9)


def test_the_first_steps_by_hand() -> None:
    # g = 2, rate 0.1, w = 1. Momentum: v = 0.1 * 2, w = 1 - 0.02. Nesterov: 0.9 * 0.2 + 0.1 * 2
    # = 0.38, w = 1 - 0.038. RMSProp: s = 0.1 * 4, w = 1 - 0.2 / sqrt(0.4). Adam: the
    # corrections undo the averages, so it moves by its rate. AdamW: 1 - 0.1 * 0.01 before that.
    expected = {
        "gradient-descent": 0.8,
        "momentum": 0.98,
        "nesterov": 0.962,
        "rmsprop": 1 - 0.2 / math.sqrt(0.4),
        "adam": 0.9,
        "adamw": 0.899,
        "lion": 0.9,
    }
    for name, w in expected.items():
        path = follow(name, np.array([1.0]), np.array([[2.0]]), [0.1])
        assert path[0, 0] == pytest.approx(w, abs=1e-8)


def test_a_steady_gradient_brings_momentum_to_the_speed_of_gradient_descent() -> None:
    # v after t steps is 1 - 0.9^t of the gradient.
    path = follow("momentum", np.zeros(1), np.full((401, 1), 3.0), [0.1] * 401)
    assert (path[-2] - path[-1])[0] == pytest.approx(0.3, rel=1e-12)


def test_only_adamw_decays_and_only_what_it_is_given() -> None:
    for name in OPTIMIZERS:
        weights = np.full(3, 2.0)
        made = AdamW(weight_decay=0.1) if name == "adamw" else optimizer(name)
        made.decay(weights, 0.5)
        np.testing.assert_allclose(weights, 2 * 0.95 if name == "adamw" else 2, rtol=1e-15)


def test_adamw_keeps_the_decay_out_of_its_averages() -> None:
    w, plain = np.full(4, 2.0), np.full(4, 2.0)
    adamw, adam = optimizer("adamw:weight_decay=0.1"), optimizer("adam")
    decayed, expected = adamw.init(w), adam.init(plain)
    for t, g in enumerate(np.random.default_rng(0).normal(size=(5, 4)), start=1):
        adamw.decay(w, 0.1)
        adamw.update(w, g, decayed, learning_rate=0.1, step=t)
        adam.update(plain, g, expected, learning_rate=0.1, step=t)
    for name, values in expected.items():
        np.testing.assert_array_equal(decayed[name], values)


@by_name
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_update_is_in_place_and_leaves_the_gradient(name: str, dtype: npt.DTypeLike) -> None:
    rng = np.random.default_rng(0)
    storage = rng.normal(size=12).astype(dtype)
    w, g = storage[2:8], rng.normal(size=6).astype(dtype)
    around, before, g_before = storage.copy(), w.copy(), g.copy()
    made = optimizer(name)
    state = made.init(w)
    assert tuple(state) == made.state_names
    kept = dict(state)
    made.update(w, g, state, learning_rate=0.1, step=1)
    assert (w != before).all()
    np.testing.assert_array_equal(g, g_before)
    np.testing.assert_array_equal(storage[:2], around[:2])
    np.testing.assert_array_equal(storage[8:], around[8:])
    assert w.dtype == dtype
    for slot, values in state.items():
        assert values is kept[slot]
        assert values.dtype == dtype
        assert values.any()


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("shape", [(21,), (3, 7), (1, 2, 3)])
def test_parameters_may_have_any_shape(name: str, shape: tuple[int, ...]) -> None:
    gradients = np.random.default_rng(3).normal(size=(4, *shape))
    flat = follow(name, np.ones(math.prod(shape)), gradients.reshape(4, -1), [0.1] * 4)
    received = follow(name, np.ones(shape), gradients, [0.1] * 4)
    np.testing.assert_array_equal(received.reshape(4, -1), flat)


@by_name
def test_float32_follows_float64(name: str) -> None:
    rng = np.random.default_rng(2)
    w, gradients = rng.normal(size=5), rng.normal(size=(20, 5))
    double = follow(name, w, gradients, [0.05] * 20)
    single = follow(name, w.astype(np.float32), gradients.astype(np.float32), [0.05] * 20)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=1e-4, atol=1e-5)


@by_name
def test_a_quadratic_is_descended(name: str) -> None:
    # f(w) = sum(a w^2) / 2 with curvatures a from 0.2 to 2; its gradient is a w.
    a, w = np.geomspace(0.2, 2, 8), np.linspace(-2, 2, 8)
    start = 0.5 * (a * w**2).sum()
    made = optimizer(name)
    state, rate = made.init(w), 0.02 if name == "lion" else made.default_learning_rate
    for t in range(1, 301):
        made.decay(w, rate)
        made.update(w, a * w, state, learning_rate=rate, step=t)
    assert 0.5 * (a * w**2).sum() < 0.02 * start


def test_no_two_optimizers_go_the_same_way() -> None:
    gradients = np.random.default_rng(1).normal(size=(4, 2, 3))
    paths = {name: follow(name, np.ones((2, 3)), gradients, [0.1] * 4) for name in OPTIMIZERS}
    names = list(paths)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert abs(paths[one][-1] - paths[other][-1]).min() > 1e-4, (one, other)


@by_name
@pytest.mark.parametrize("size", [1e-30, 1e-10, 1e10])
def test_gradients_of_any_size_give_finite_weights(name: str, size: float) -> None:
    gradients = np.array([size, -size, 0]) * np.array([[1], [-1], [0], [1]])
    path = follow(name, np.ones(3, np.float32), gradients.astype(np.float32), [0.01] * 4)
    assert np.isfinite(path).all()


@by_name
def test_zero_gradients_from_the_start_move_nothing(name: str) -> None:
    w, made = np.ones(2), optimizer(name)
    made.update(w, np.zeros(2), made.init(w), learning_rate=0.1, step=1)
    np.testing.assert_array_equal(w, np.ones(2))


@by_name
def test_an_optimizer_is_a_value(name: str) -> None:
    made = optimizer(name)
    assert made == optimizer(name)
    assert hash(made) == hash(optimizer(name))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.beta = 0.5  # type: ignore[attr-defined]
    a, b = made.init(np.ones(3)), made.init(np.ones(3))
    assert not any(np.shares_memory(a[slot], b[slot]) for slot in a)


@by_name
@pytest.mark.parametrize("block", [1, 7, 10, 20])
def test_the_bits_do_not_depend_on_the_blocks(name: str, block: int) -> None:
    gradients = np.random.default_rng(3).normal(size=(4, 21)).astype(np.float32)
    w = np.linspace(-1, 1, 21, dtype=np.float32)
    whole = follow(name, w, gradients, [0.1] * 4)[-1]
    for start in range(0, 21, block):
        part = slice(start, start + block)
        received = follow(name, w[part], gradients[:, part], [0.1] * 4)[-1]
        np.testing.assert_array_equal(received, whole[part])


@by_text
def test_a_description_gives_the_optimizer_back(text: str) -> None:
    made = optimizer(text)
    assert optimizer(OPTIMIZERS.describe(made)) == made


def test_settings_reach_the_optimizer() -> None:
    made = optimizer("adamw:beta1=0.8,weight_decay=0.2")
    assert made == AdamW(beta1=0.8, beta2=0.999, epsilon=1e-8, weight_decay=0.2)
    assert repr(made) == "AdamW(learning_rate=None, beta1=0.8, beta2=0.999, epsilon=1e-08, weight_decay=0.2)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("adm", "unknown optimizer 'adm'; did you mean 'adam'?"),
        ("newton", "unknown optimizer 'newton'; choose from adam, .*, rmsprop, schedule-free-adamw, soap"),
        ("lion:beta1=1", "beta1 must be in"),
        ("lion:weight_decay=-1", "weight_decay cannot be negative"),
        ("muon:iterations=0", "iterations must be from 1 to 100, not 0"),
        ("soap:frequency=0", "frequency must be at least 1, not 0"),
        ("soap:largest=-1", "largest cannot be negative"),
        ("schedule-free-adamw:beta=1", "beta must be in"),
        ("shampoo", "unknown optimizer 'shampoo'; use 'soap'"),
        ("adam:beta=0.9", "no setting 'beta'; did you mean 'beta[12]'?"),
        ("momentum:beta=1", r"beta must be in \[0, 1\), not 1.0"),
        ("nesterov:beta=-0.1", r"beta must be in \[0, 1\), not -0.1"),
        ("rmsprop:rho=1", "rho must be in"),
        ("rmsprop:epsilon=0", "epsilon must be positive, not 0"),
        ("adam:beta1=1", "beta1 must be in"),
        ("adam:beta2=1", "beta2 must be in"),
        ("adam:epsilon=-1", "epsilon must be positive"),
        ("adamw:weight_decay=-1", "weight_decay cannot be negative: -1"),
        ("adamw:beta1=2", "beta1 must be in"),
        ("momentum:beta=nan", "beta must be finite"),
        ("gradient-descent:beta=1", "no setting 'beta'; choose from learning_rate"),
        ("adam:learning_rate=0", "learning_rate must be positive, not 0.0"),
        ("adam:learning_rate=nan", "learning_rate must be finite, not 'nan'"),
        ("adam:learning_rate=fast", "learning_rate must be a number, not 'fast'"),
        ("AdamW:", "did you mean 'adamw'?"),
        ("nag", "unknown optimizer 'nag'; use 'nesterov'"),
    ],
)
def test_wrong_settings_are_refused(text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        optimizer(text)


@pytest.mark.parametrize("name", ALIASES)
def test_gradient_descent_has_two_shorter_names(name: str) -> None:
    assert optimizer(name) == GradientDescent()
    assert OPTIMIZERS.describe(optimizer(name)) == "gradient-descent"


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_the_learning_rate_is_the_first_argument_and_the_only_positional_one(kind: type[Optimizer]) -> None:
    assert kind(0.001) == kind(learning_rate=0.001)
    assert kind(0.001).base_rate == 0.001
    assert kind().base_rate == kind.default_learning_rate
    with pytest.raises(TypeError):
        kind(0.001, 0.9)  # type: ignore[call-arg]


def test_describe_omits_the_default_rate() -> None:
    assert OPTIMIZERS.describe(Momentum()) == "momentum:beta=0.9"
    assert OPTIMIZERS.describe(Momentum(0.5)) == "momentum:learning_rate=0.5,beta=0.9"
    assert optimizer("momentum:learning_rate=0.5") == Momentum(0.5)


@pytest.mark.parametrize("rate", [0, -1.0, math.inf, math.nan, "0.1", True])
def test_a_learning_rate_is_positive(rate: Any) -> None:
    with pytest.raises(SettingError, match="learning_rate must be positive, not"):
        Momentum(rate)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Momentum, r"^Momentum is a class; use Momentum\(\)$"),
        (None, "^the optimizer is a name such as 'gradient-descent' or an Optimizer, not NoneType$"),
        (int, "not the class int$"),
    ],
)
def test_what_is_no_optimizer_is_refused(given: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        optimizer(given)


def test_optimizer_is_returned_unchanged() -> None:
    made = Momentum(0.5)
    assert optimizer(made) is made


def test_an_optimizer_without_a_default_rate_asks_for_one() -> None:
    class Own(GradientDescent):
        @property
        def default_learning_rate(self) -> float:  # type: ignore[override]
            raise AttributeError

    assert Own(0.5).base_rate == 0.5
    with pytest.raises(SettingError, match=r"Own has no default learning rate; use Own\(0.01\)"):
        Own().base_rate  # noqa: B018
