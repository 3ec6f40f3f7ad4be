"""Every layer: its gradients, its manners, and its own formula."""

import importlib
import inspect
import math
import pickle
import pkgutil
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, dataclass, fields

import numpy as np
import numpy.typing as npt
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_close

import nn_core.layers
from nn_core import activations
from nn_core.arrays import Array, Shape
from nn_core.errors import SettingError, ShapeError
from nn_core.fusion import KERNELS
from nn_core.gradient_check import check_layer
from nn_core.layers import (
    ACTIVATIONS,
    GELU,
    GRU,
    LAYERS,
    LSTM,
    AveragePool2D,
    BatchNorm,
    Cache,
    Context,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Sigmoid,
    SimpleRNN,
    Tanh,
)
from nn_core.layers.activated import Activated
from nn_core.layers.batch_norm_relu import BatchNormReLU
from nn_core.layers.batch_norm_relu_max_pool import BatchNormReLUMaxPool
from nn_core.layers.conv_relu_max_pool import ConvReLUMaxPool
from nn_core.layers.embedded_recurrent import EmbeddedRecurrent
from nn_core.layers.winograd_conv2d import WinogradConv2D
from nn_core.network import Network

STAND_INS = (
    Activated,
    BatchNormReLU,
    BatchNormReLUMaxPool,
    ConvReLUMaxPool,
    EmbeddedRecurrent,
    WinogradConv2D,
)

ELEMENTWISE = [
    Sigmoid(),
    Tanh(),
    ReLU(),
    LeakyReLU(),
    LeakyReLU(slope=0.3),
    GELU(),
    Dropout(0.5),
    Dropout(0.9),
    Dropout(1.0),
    Dropout(0.5, whole_maps=True),
]

# Layers that stand for several others, whose fields are these.
COMPOSED = {Activated} | {
    getattr(importlib.import_module(module), name) for module, name in KERNELS.values()
}

# Layer, shape of a batch. Whoever adds a layer adds its odd shapes here: a batch of one, a
# single feature, more numbers than are checked one by one (200).
CHECKED: list[tuple[Layer, Shape]] = [
    (Dense(1), (1, 1)),
    (Dense(3), (1, 4)),
    (Dense(2), (5, 1)),
    (Dense(1), (2, 3)),
    (Dense(4, "orthogonal"), (3, 4)),
    (Dense(15), (4, 14)),
    (Dense(2), (30, 9)),
    (Flatten(), (1, 1)),
    (Flatten(), (2, 3)),
    (Flatten(), (1, 2, 3)),
    (Flatten(), (3, 2, 4, 3)),
    (ConvReLUMaxPool(Conv2D(2, 3, padding="same"), MaxPool2D(2)), (2, 5, 4, 2)),
    (ConvReLUMaxPool(Conv2D(3, (1, 2), (2, 1)), MaxPool2D((2, 3))), (1, 5, 5, 1)),
    (WinogradConv2D(Conv2D(2, 3, padding="same")), (2, 5, 4, 3)),
    (WinogradConv2D(Conv2D(3, 3)), (1, 7, 3, 2)),
    (WinogradConv2D(Conv2D(1, 3, padding=(2, 0))), (3, 3, 6, 1)),
    (Activated(Dense(3), Tanh()), (4, 3)),
    (Activated(Conv2D(2, 3, padding="same"), Sigmoid()), (2, 4, 3, 2)),
    (BatchNormReLU(BatchNorm()), (5, 3)),
    (BatchNormReLU(BatchNorm(epsilon=0.1)), (2, 3, 2, 4)),
    (BatchNormReLUMaxPool(BatchNorm(epsilon=0.1), MaxPool2D(2)), (2, 4, 2, 3)),
    (BatchNormReLUMaxPool(BatchNorm(epsilon=0.1), MaxPool2D((1, 3))), (3, 2, 3, 2)),
    (Conv2D(1, 1), (1, 1, 1, 1)),
    (Conv2D(2, 3, padding="same"), (2, 5, 4, 3)),
    (Conv2D(3, (2, 4), stride=(2, 1)), (1, 5, 6, 2)),
    (Conv2D(2, (3, 2), stride=(1, 3), padding=(2, 1)), (3, 4, 7, 1)),
    (Conv2D(6, 5, padding="same"), (2, 8, 8, 3)),
    (MaxPool2D(1), (1, 1, 1, 1)),
    (MaxPool2D(2), (2, 5, 6, 3)),
    (MaxPool2D((3, 2), stride=(1, 1)), (3, 5, 4, 2)),
    (AveragePool2D(1), (1, 1, 1, 1)),
    (AveragePool2D(2), (2, 5, 6, 3)),
    (AveragePool2D((3, 2), stride=(1, 1)), (3, 5, 4, 2)),
    (GlobalAveragePool2D(), (1, 1, 1, 1)),
    (GlobalAveragePool2D(), (3, 4, 5, 2)),
    (BatchNorm(), (1, 1)),
    (BatchNorm(), (5, 3)),
    (BatchNorm(momentum=0.5, epsilon=1e-3), (2, 3, 4, 2)),
    (BatchNorm(), (2, 3, 4)),
    (InstanceNorm(), (1, 1, 1, 1)),
    (InstanceNorm(), (2, 1, 3, 2)),
    (InstanceNorm(epsilon=0.5), (3, 4, 5, 2)),
    (Embedding(1, 1), (1,)),
    (Embedding(3, 5), (4,)),
    (Embedding(2, 300), (7,)),
    *(
        (cell, shape)
        for cell in (SimpleRNN(1), GRU(1), LSTM(1), SimpleRNN(3), GRU(3), LSTM(3))
        for shape in [(1, 1, 1), (2, 3, 2), (1, 4, 3), (3, 1, 2)]
    ),
    (SimpleRNN(8, "he", "xavier"), (3, 2, 5)),
    *(
        (EmbeddedRecurrent(Embedding(2, 5), cell), shape)
        for cell in (SimpleRNN(3), GRU(3), LSTM(3))
        for shape in [(1, 1), (2, 3), (4, 1)]
    ),
    (EmbeddedRecurrent(Embedding(3, 300), GRU(2)), (2, 4)),
    *((layer, shape) for layer in ELEMENTWISE for shape in [(1, 1), (4, 3), (1, 2, 3), (3, 4, 30)]),
]
checked = pytest.mark.parametrize(
    ("layer", "shape"), CHECKED, ids=[f"{layer} {shape}" for layer, shape in CHECKED]
)
# One of each class, for what does not depend on shapes.
EACH = list({type(layer): (layer, shape[1:]) for layer, shape in CHECKED}.values())


def input_shape(layer: Layer, shape: Shape) -> Shape:
    """What remains of a batch's shape without the examples and, over time, the steps."""
    return shape[1 + layer.over_time :]


def output_shape(layer: Layer, shape: Shape) -> Shape:
    return *shape[: 1 + layer.over_time], *layer.output_shape(input_shape(layer, shape))


def draw(layer: Layer, shape: Shape, rng: np.random.Generator, dtype: npt.DTypeLike) -> Array:
    """An input that the layer takes."""
    if isinstance(layer, EmbeddedRecurrent):
        return draw(layer.embedding, shape, rng, dtype)
    if isinstance(layer, Embedding):
        return rng.integers(layer.vocabulary, size=shape)  # type: ignore[return-value]
    return rng.normal(size=shape).astype(dtype)


each = pytest.mark.parametrize(("layer", "example"), EACH, ids=[repr(layer) for layer, _ in EACH])


@dataclass
class Call:
    """A layer with float64 arrays around it, drawn from a fixed seed."""

    layer: Layer
    x: Array
    params: dict[str, Array]
    grads: dict[str, Array]
    context: Context
    r: Array

    @classmethod
    def of(
        cls, layer: Layer, shape: Shape, *, training: bool, dtype: npt.DTypeLike = np.float64
    ) -> "Call":
        rng = np.random.default_rng(11)
        params = {
            name: rng.normal(size=declared.shape).astype(dtype)
            for name, declared in layer.parameters(input_shape(layer, shape)).items()
        }
        for name, declared in layer.parameters(input_shape(layer, shape)).items():
            if not declared.trained:  # there may be a variance among them
                np.exp(params[name], out=params[name])
        return cls(
            layer,
            draw(layer, shape, rng, dtype),
            params,
            {name: np.full_like(values, np.nan) for name, values in params.items()},
            Context(dtype, training=training, rng=np.random.default_rng(12)),
            rng.normal(size=output_shape(layer, shape)).astype(dtype),
        )

    def forward(self) -> tuple[Array, Cache]:
        self.context.rng = np.random.default_rng(12)
        return self.layer.forward(self.x, self.params, self.context)

    def backward(self, cache: Cache) -> Array | None:
        return self.layer.backward(self.r, cache, self.params, self.grads, self.context)

    def loss(self) -> float:
        """sum(r * y), whose gradient with respect to y is r."""
        return float((self.r * self.forward()[0]).sum())


def concrete_layers() -> Iterator[type[Layer]]:
    """Every public layer of nn_core that can be made, found by walking its modules."""
    for module in pkgutil.walk_packages(nn_core.layers.__path__, "nn_core.layers."):
        importlib.import_module(module.name)
    waiting: list[type[Layer]] = Layer.__subclasses__()
    while waiting:
        layer = waiting.pop()
        waiting += layer.__subclasses__()
        own = layer.__module__.startswith("nn_core.") and not layer.__name__.startswith("_")
        if own and not inspect.isabstract(layer):
            yield layer


def test_every_public_layer_is_held_to_finite_differences() -> None:
    found = set(concrete_layers())
    exported = {
        item
        for name in nn_core.layers.__all__
        if isinstance(item := getattr(nn_core.layers, name), type)
        and issubclass(item, Layer)
        and not inspect.isabstract(item)
    }
    assert found == {type(layer) for layer, _ in CHECKED}
    assert found - COMPOSED == exported
    assert exported == set(LAYERS.values())
    assert all(LAYERS[layer.__name__] is layer for layer in exported)


@checked
@pytest.mark.parametrize("training", [True, False])
def test_gradients_are_what_the_checker_finds(layer: Layer, shape: Shape, training: bool) -> None:
    rng = np.random.default_rng(7)
    x = draw(layer, shape, rng, np.float64)
    report = check_layer(layer, x, rng=rng, training=training)
    assert report.error <= 1e-6
    names = [array.name for array in report.arrays]
    declared = layer.parameters(input_shape(layer, shape)).items()
    expected = [] if layer.takes_integers else ["the input x"]
    if layer.over_time:
        states = "hc" if isinstance(getattr(layer, "cell", layer), LSTM) else "h"
        expected += [f"layer 0, {layer!r}, the initial {name}" for name in states]
    expected += [f"layer 0, {layer!r}, {name}" for name, p in declared if p.trained]
    assert names == expected
    assert all(array.numbers > 0 and not array.kinks for array in report.arrays)


@checked
@pytest.mark.parametrize("training", [True, False])
def test_gradients_are_the_slopes(layer: Layer, shape: Shape, training: bool) -> None:
    call = Call.of(layer, shape, training=training)
    d_x = call.backward(call.forward()[1])
    if layer.takes_integers:
        assert d_x is None
    else:
        assert d_x is not None
        d_x = d_x.copy()
        assert_close(d_x, oracles.finite_differences(call.loss, call.x))
    for name, declared in layer.parameters(input_shape(layer, shape)).items():
        if declared.trained:
            slopes = oracles.finite_differences(call.loss, call.params[name])
            assert_close(call.grads[name], slopes)


@checked
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_keep_their_type_and_arguments_their_values(
    layer: Layer, shape: Shape, dtype: npt.DTypeLike
) -> None:
    call = Call.of(layer, shape, training=True, dtype=dtype)
    x, r = call.x.copy(), call.r.copy()
    params = {name: values.copy() for name, values in call.params.items()}
    y, cache = call.forward()
    d_x = call.backward(cache)
    assert y.dtype == dtype
    assert y.shape == output_shape(layer, shape)
    if not layer.takes_integers:
        assert d_x is not None
        assert d_x.dtype == dtype
        assert d_x.shape == shape
    np.testing.assert_array_equal(call.x, x)
    np.testing.assert_array_equal(call.r, r)
    for name, values in params.items():
        np.testing.assert_array_equal(call.params[name], values)
        assert np.isfinite(call.grads[name]).all()
        assert call.grads[name].dtype == dtype


@checked
def test_a_second_call_uses_the_memory_of_the_first(layer: Layer, shape: Shape) -> None:
    call = Call.of(layer, shape, training=True)
    y, cache = call.forward()
    d_x = call.backward(cache)
    kept_y, kept_d_x = y.copy(), np.array(d_x)
    again, cache = call.forward()
    again_d_x = call.backward(cache)
    assert np.shares_memory(again, y)
    np.testing.assert_array_equal(again, kept_y)
    if not layer.takes_integers:
        assert again_d_x is not None
        assert d_x is not None
        assert np.shares_memory(again_d_x, d_x)
        np.testing.assert_array_equal(again_d_x, kept_d_x)


@checked
def test_examples_do_not_know_of_each_other(layer: Layer, shape: Shape) -> None:
    call = Call.of(layer, shape, training=False)
    together = call.forward()[0].copy()
    for n in range(shape[0]):
        alone, _ = layer.forward(call.x[n : n + 1], call.params, Context(np.float64))
        np.testing.assert_allclose(alone[0], together[n], rtol=1e-12, atol=1e-14)


@each
def test_a_smaller_last_batch_sees_nothing_of_the_one_before(layer: Layer, example: Shape) -> None:
    call = Call.of(layer, (5, *example), training=False)
    whole = call.forward()[0].copy()
    few, cache = layer.forward(call.x[:2], call.params, call.context)
    np.testing.assert_allclose(few, whole[:2], rtol=1e-14)
    d_x = layer.backward(call.r[:2], cache, call.params, call.grads, call.context)
    fresh = Call.of(layer, (5, *example), training=False)
    _, cache = layer.forward(fresh.x[:2], fresh.params, fresh.context)
    expected = layer.backward(fresh.r[:2], cache, fresh.params, fresh.grads, fresh.context)
    np.testing.assert_array_equal(d_x, expected)
    for name in call.grads:
        np.testing.assert_array_equal(call.grads[name], fresh.grads[name])
    np.testing.assert_allclose(call.forward()[0], whole, rtol=1e-14)


@each
def test_a_layer_is_a_value(layer: Layer, example: Shape) -> None:
    twin = type(layer)(**{field.name: getattr(layer, field.name) for field in fields(layer)})
    assert twin == layer
    assert hash(twin) == hash(layer)
    assert pickle.loads(pickle.dumps(layer)) == layer
    assert eval(repr(layer), {**LAYERS, type(layer).__name__: type(layer)}) == layer
    for field in fields(layer):
        value = getattr(layer, field.name)
        values = value if isinstance(value, tuple) else (value,)
        kinds = Layer | int if isinstance(layer, STAND_INS) else int | float | str
        assert all(isinstance(number, kinds) for number in values)
    with pytest.raises(FrozenInstanceError):
        setattr(layer, fields(layer)[0].name if fields(layer) else "anything", 0)


def test_different_settings_are_different_layers() -> None:
    assert Dense(3) != Dense(4)
    assert Dense(3, "he") != Dense(3, "lecun")
    assert len({Sigmoid(), Tanh(), ReLU(), ReLU()}) == 3
    assert LeakyReLU(0.1) != LeakyReLU(0.2)


def test_names_on_a_command_line() -> None:
    assert dict(ACTIVATIONS) == {
        "sigmoid": Sigmoid,
        "tanh": Tanh,
        "relu": ReLU,
        "leaky-relu": LeakyReLU,
        "gelu": GELU,
    }


# Dense


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 5),
    inputs=st.integers(1, 6),
    units=st.integers(1, 6),
)
def test_dense_is_its_definition(seed: int, count: int, inputs: int, units: int) -> None:
    rng = np.random.default_rng(seed)
    x, d_y = rng.normal(size=(count, inputs)), rng.normal(size=(count, units))
    params = {"W": rng.normal(size=(inputs, units)), "b": rng.normal(size=units)}
    grads = {name: np.full_like(values, np.nan) for name, values in params.items()}
    layer, context = Dense(units), Context(np.float64)

    y, cache = layer.forward(x, params, context)
    np.testing.assert_allclose(y, oracles.dense_forward(x, **params), rtol=1e-10, atol=1e-13)

    d_x = layer.backward(d_y, cache, params, grads, context)
    assert d_x is not None
    expected_x, expected_W, expected_b = oracles.dense_backward(x, params["W"], d_y)
    np.testing.assert_allclose(d_x, expected_x, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(grads["W"], expected_W, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(grads["b"], expected_b, rtol=1e-10, atol=1e-13)


def test_dense_by_hand() -> None:
    # y = (1*1 + 2*0 + 10, 1*3 + 2*-1 + 20) and (0*1 - 1*0 + 10, 0*3 - 1*-1 + 20).
    x = np.array([[1.0, 2.0], [0.0, -1.0]])
    params = {"W": np.array([[1.0, 3.0], [0.0, -1.0]]), "b": np.array([10.0, 20.0])}
    grads = {"W": np.empty((2, 2)), "b": np.empty(2)}
    context = Context(np.float64)
    y, cache = Dense(2).forward(x, params, context)
    np.testing.assert_array_equal(y, [[11, 21], [10, 21]])
    # d_W = x^T d_y = [[1*1 + 0*0, 1*2 + 0*1], [2*1 - 1*0, 2*2 - 1*1]], d_b the columns' sums,
    # d_x = d_y W^T = [[1*1 + 2*3, 1*0 + 2*-1], [0*1 + 1*3, 0*0 + 1*-1]].
    d_y = np.array([[1.0, 2.0], [0.0, 1.0]])
    d_x = Dense(2).backward(d_y, cache, params, grads, context)
    np.testing.assert_array_equal(grads["W"], [[1, 2], [2, 3]])
    np.testing.assert_array_equal(grads["b"], [1, 3])
    np.testing.assert_array_equal(d_x, [[7, -2], [3, -1]])


def test_dense_saves_the_work_that_nobody_asked_for() -> None:
    call = Call.of(Dense(3), (4, 2), training=True)
    call.context.needs_d_x = False
    assert call.backward(call.forward()[1]) is None
    _, expected_W, expected_b = oracles.dense_backward(call.x, call.params["W"], call.r)
    assert_close(call.grads["W"], expected_W, 1e-12)
    assert_close(call.grads["b"], expected_b, 1e-12)


def test_dense_declares_what_it_learns() -> None:
    declared = Dense(3, "lecun").parameters((5,))
    assert list(declared) == ["W", "b"]
    assert (declared["W"].shape, declared["W"].initializer, declared["W"].decays) == (
        (5, 3),
        "lecun",
        True,
    )
    assert (declared["b"].shape, declared["b"].initializer, declared["b"].decays) == (
        (3,),
        "zeros",
        False,
    )
    assert Dense(3).multiply_adds((5,)) == 15


@pytest.mark.parametrize("shape", [(2, 3), (), (4, 4, 3)])
def test_dense_takes_rows_only(shape: Shape) -> None:
    with pytest.raises(ShapeError, match="features"):
        Dense(3).output_shape(shape)


@pytest.mark.parametrize("units", [0, -3])
def test_dense_needs_units(units: int) -> None:
    with pytest.raises(SettingError, match=f"at least one unit, not {units}"):
        Dense(units)


# Activations


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activation_layers_are_their_functions_even_far_out(
    name: str, dtype: npt.DTypeLike
) -> None:
    x = np.array([[-1e4, -90, -87, -1, 0, 1, 87, 90, 1e4]], dtype)
    function = getattr(activations, name.replace("-", "_"))
    slope = getattr(activations, name.replace("-", "_") + "_derivative")
    layer, context = ACTIVATIONS[name](), Context(dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, cache = layer.forward(x, {}, context)
        d_x = layer.backward(np.full_like(x, 3), cache, {}, {}, context)
        np.testing.assert_array_equal(y, function(x))
        np.testing.assert_array_equal(d_x, 3 * slope(x, y))
    assert np.isfinite(y).all()
    assert d_x is not None
    assert np.isfinite(d_x).all()


def test_the_leak_is_the_one_that_was_set() -> None:
    x = np.array([[-2.0, 3.0]])
    layer, context = LeakyReLU(0.5), Context(np.float64)
    y, cache = layer.forward(x, {}, context)
    np.testing.assert_array_equal(y, [[-1, 3]])
    np.testing.assert_array_equal(
        layer.backward(np.ones((1, 2)), cache, {}, {}, context), [[0.5, 1]]
    )


@pytest.mark.parametrize("slope", [-0.1, 1.1, math.nan])
def test_a_leak_lies_between_0_and_1(slope: float) -> None:
    with pytest.raises(SettingError, match=r"\[0, 1\]"):
        LeakyReLU(slope)


# Dropout


def drop(p: float, x: Array, seed: int = 0) -> Array:
    context = Context(x.dtype, training=True, rng=np.random.default_rng(seed))
    return Dropout(p).forward(x, {}, context)[0]


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_keeps_a_share_and_scales_it_up(p: float, dtype: npt.DTypeLike) -> None:
    y = drop(p, np.ones((100, 400), dtype))
    kept = y[y != 0]
    np.testing.assert_allclose(kept, 1 / p, rtol=1e-6)
    # The share of 40,000 coins, within five of its standard errors; then E[y] = x.
    assert abs(kept.size / y.size - p) < 5 * math.sqrt(p * (1 - p) / y.size)
    assert abs(y.mean() - 1) < 5 * math.sqrt((1 - p) / p / y.size)


def test_dropout_draws_each_number_apart() -> None:
    kept = drop(0.5, np.ones((200, 300))) != 0
    # If rows or columns went together, their shares would be 0 or 1.
    assert abs(kept.mean(axis=0) - 0.5).max() < 5 * math.sqrt(0.25 / 200)
    assert abs(kept.mean(axis=1) - 0.5).max() < 5 * math.sqrt(0.25 / 300)


def test_whole_maps_go_or_stay() -> None:
    x = np.ones((200, 2, 3, 30))
    context = Context(np.float64, training=True, rng=np.random.default_rng(0))
    layer = Dropout(0.5, whole_maps=True)
    y, cache = layer.forward(x, {}, context)
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    kept = y[:, 0, 0] != 0
    np.testing.assert_array_equal(y[:, 0, 0], 2 * kept)
    assert abs(kept.mean(axis=0) - 0.5).max() < 5 * math.sqrt(0.25 / 200)
    assert abs(kept.mean(axis=1) - 0.5).max() < 5 * math.sqrt(0.25 / 30)
    d_x = layer.backward(3 * x, cache, {}, {}, context)
    np.testing.assert_array_equal(d_x, 3 * y)


def test_dropout_passes_gradients_where_it_passed_numbers() -> None:
    call = Call.of(Dropout(0.4), (6, 7), training=True)
    y, cache = call.forward()
    d_x = call.backward(cache)
    assert d_x is not None
    np.testing.assert_allclose(d_x, np.where(y != 0, call.r / 0.4, 0), rtol=1e-15)


def test_dropout_is_drawn_anew_each_time_and_again_for_the_same_seed() -> None:
    x = np.ones((10, 10))
    context = Context(np.float64, training=True, rng=np.random.default_rng(0))
    first = Dropout(0.5).forward(x, {}, context)[0].copy()
    second = Dropout(0.5).forward(x, {}, context)[0].copy()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(drop(0.5, x, seed=0), first)
    assert not np.array_equal(drop(0.5, x, seed=1), first)


@pytest.mark.parametrize(("p", "training"), [(0.5, False), (1.0, True)])
def test_dropout_does_nothing_where_it_should_not(p: float, training: bool) -> None:
    x, d_y = np.ones((3, 3)), np.full((3, 3), 2.0)
    rng = np.random.default_rng(0)
    context = Context(np.float64, training=training, rng=rng)
    y, cache = Dropout(p).forward(x, {}, context)
    assert y is x
    assert Dropout(p).backward(d_y, cache, {}, {}, context) is d_y
    assert rng.random() == np.random.default_rng(0).random()


def test_dropout_without_a_generator_is_refused_while_training() -> None:
    with pytest.raises(SettingError, match="random generator"):
        Dropout(0.5).forward(np.ones((1, 1)), {}, Context(np.float64, training=True))


@pytest.mark.parametrize("p", [0, -0.5, 1.5, math.nan])
def test_a_keep_probability_lies_above_0_and_up_to_1(p: float) -> None:
    with pytest.raises(SettingError, match=r"\(0, 1\]"):
        Dropout(p)


# Flatten


def test_flatten_keeps_the_order_and_copies_nothing() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    y, cache = Flatten().forward(x, {}, Context(np.float64))
    np.testing.assert_array_equal(y, [range(12), range(12, 24)])
    assert np.shares_memory(x, y)
    d_x = Flatten().backward(y, cache, {}, {}, Context(np.float64))
    np.testing.assert_array_equal(d_x, x)
    assert Flatten().output_shape((3, 4)) == (12,)
    assert Flatten().output_shape(()) == (1,)
    assert Flatten().forward(x[:0], {}, Context(np.float64))[0].shape == (0, 12)


# Context


def test_scratch_is_the_same_array_for_the_same_name_and_shape() -> None:
    context = Context(np.float32)
    first = context.scratch("y", (2, 3))
    assert first.shape == (2, 3)
    assert first.dtype == np.float32
    assert context.scratch("y", (2, 3)) is first
    assert not np.shares_memory(context.scratch("z", (2, 3)), first)
    assert not np.shares_memory(Context().scratch("y", (2, 3)), first)


def test_scratch_of_another_shape_is_cut_from_the_same_memory() -> None:
    context = Context(np.float64)
    large = context.scratch("y", (4, 3))
    small = context.scratch("y", (2, 3))
    assert small.shape == (2, 3)
    assert small.flags.c_contiguous
    assert np.shares_memory(small, large)
    again = context.scratch("y", (4, 3))
    assert np.shares_memory(again, large)
    assert context.scratch("y", (5, 3)).shape == (5, 3)
    assert context.scratch("y", (3, 5)).shape == (3, 5)


def test_a_network_of_float32_is_one_of_float64_rounded() -> None:
    layers = [Dense(5), Tanh(), Dense(2)]
    single, double = (
        Network(layers, input_shape=(3,), rng=np.random.default_rng(0), dtype=dtype)
        for dtype in (np.float32, np.float64)
    )
    np.testing.assert_array_equal(single.parameters, double.parameters.astype(np.float32))
    x = np.random.default_rng(1).normal(size=(4, 3))
    np.testing.assert_allclose(single.predict(x), double.predict(x), rtol=1e-5, atol=1e-6)
