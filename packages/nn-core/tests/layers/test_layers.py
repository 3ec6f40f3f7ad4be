"""What holds for every layer: its gradients, its shapes and types, that it is a value."""

import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import numpy.typing as npt
import oracles
import pytest
from layer_call import LayerCall, draw_input
from oracles import assert_close

import nn_core.layers
from nn_core.arrays import Array
from nn_core.gradient_check import check_layer
from nn_core.layers import (
    GELU,
    GRU,
    LAYERS,
    LSTM,
    AveragePool2D,
    BatchNorm,
    Chain,
    Context,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    LastStep,
    Layer,
    LeakyReLU,
    MaxPool2D,
    MeanOverTime,
    Parallel,
    ReLU,
    Reshape,
    Residual,
    Select,
    Sigmoid,
    SimpleRNN,
    Tanh,
)
from nn_core.network import Network

BatchShape = tuple[int, ...]

ELEMENTWISE = [
    Sigmoid(),
    Tanh(),
    ReLU(),
    LeakyReLU(),
    LeakyReLU(slope=0.3),
    GELU(),
    GELU(approximate=False),
    Dropout(0.5),
    Dropout(0.1),
    Dropout(0.0),
    Dropout(0.5, spatial=True),
]

# Layer, shape of a batch. Whoever adds a layer adds its odd shapes here: a batch of one, a
# single feature, more numbers than are checked one by one (200).
CHECKED: list[tuple[Layer, BatchShape]] = [
    (Dense(1), (1, 1)),
    (Dense(3), (1, 4)),
    (Dense(2), (5, 1)),
    (Dense(1), (2, 3)),
    (Dense(4, initializer="orthogonal"), (3, 4)),
    (Dense(15), (4, 14)),
    (Dense(2), (30, 9)),
    (Dense(3), (2, 5, 4)),
    (Dense(2, trainable=False), (2, 3, 2, 2)),
    (Flatten(), (1, 1)),
    (Flatten(), (2, 3)),
    (Flatten(), (1, 2, 3)),
    (Flatten(), (3, 2, 4, 3)),
    (Conv2D(1, 1), (1, 1, 1, 1)),
    (Conv2D(2, 3, padding="same"), (2, 5, 4, 3)),
    (Conv2D(3, (2, 4), strides=(2, 1)), (1, 5, 6, 2)),
    (Conv2D(2, (3, 2), strides=(1, 3), padding=(2, 1)), (3, 4, 7, 1)),
    (Conv2D(6, 5, padding="same"), (2, 8, 8, 3)),
    (Conv2D(2, (2, 3), padding="same", dilation=(3, 2)), (2, 5, 6, 1)),
    (Conv2D(4, 3, strides=2, padding=1, groups=2), (2, 5, 5, 6)),
    (Conv2D(6, (3, 2), dilation=(1, 2), groups=3), (1, 4, 5, 3)),
    (MaxPool2D(1), (1, 1, 1, 1)),
    (MaxPool2D(2), (2, 5, 6, 3)),
    (MaxPool2D((3, 2), strides=(1, 1)), (3, 5, 4, 2)),
    (MaxPool2D(3, strides=2, padding="same"), (2, 6, 5, 2)),
    (AveragePool2D(1), (1, 1, 1, 1)),
    (AveragePool2D(2), (2, 5, 6, 3)),
    (AveragePool2D((3, 2), strides=(1, 1)), (3, 5, 4, 2)),
    (AveragePool2D(3, strides=2, padding="same"), (2, 6, 5, 2)),
    (AveragePool2D(3, strides=2, padding=(1, 2), count_zeros=True), (2, 4, 5, 1)),
    (GlobalAveragePool2D(), (1, 1, 1, 1)),
    (GlobalAveragePool2D(), (3, 4, 5, 2)),
    (BatchNorm(), (1, 1)),
    (BatchNorm(), (5, 3)),
    (BatchNorm(momentum=0.5, epsilon=1e-3), (2, 3, 4, 2)),
    (BatchNorm(), (2, 3, 4)),
    (BatchNorm(trainable=False), (4, 3)),
    (InstanceNorm(), (1, 1, 1, 1)),
    (InstanceNorm(), (2, 1, 3, 2)),
    (InstanceNorm(epsilon=0.5), (3, 4, 5, 2)),
    (Embedding(1, 1), (1,)),
    (Embedding(5, 3), (4,)),
    (Embedding(300, 2), (7,)),
    (Embedding(4, 3), (2, 6)),
    *(
        (cell, shape)
        for cell in (SimpleRNN(1), GRU(1), LSTM(1), SimpleRNN(3), GRU(3), LSTM(3))
        for shape in [(1, 1, 1), (2, 3, 2), (1, 4, 3), (3, 1, 2)]
    ),
    (LastStep(), (2, 1, 3)),
    (LastStep(), (3, 4, 2)),
    (GRU(3, reset_after=False), (2, 3, 2)),
    (SimpleRNN(8, initializer="he", recurrent_initializer="xavier"), (3, 2, 5)),
    *((layer, shape) for layer in ELEMENTWISE for shape in [(1, 1), (4, 3), (1, 2, 3), (3, 4, 30)]),
    (Chain(()), (2, 3)),
    (Chain((Dense(3), Tanh(), Chain((Dense(2),)))), (4, 3)),
    (Residual((Dense(3), Tanh(), Residual((Dense(3), Sigmoid())))), (4, 3)),
    (Residual((Conv2D(2, 3, padding="same"), BatchNorm(), Tanh())), (3, 4, 3, 2)),
    (Residual((SimpleRNN(3), LSTM(3))), (2, 4, 3)),
    (MeanOverTime(), (2, 1, 3)),
    (MeanOverTime(), (3, 4, 2)),
    (MeanOverTime(), (2, 3, 4, 2)),
    (Reshape(-1), (2, 3)),
    (Reshape((2, -1, 1)), (3, 4, 2)),
    (Select(0), (1, 1)),
    (Select(-1), (2, 3, 4)),
    (Select([2, 0, 2]), (3, 4)),
    (Select(slice(1, None)), (2, 2, 3)),
    (Select(slice(None, None, -2)), (1, 5)),
    (Parallel([[]]), (2, 3)),
    (Parallel([Dense(3), "tanh", []]), (3, 4)),
    (Parallel([[Select([0, 1]), Dense(3), Tanh()], [Select(slice(1, 4)), Dense(3)]], merge="add"), (4, 5)),
    (Parallel([Dense(2), Dense(2), [Dense(3), Dense(2)]], merge="mean"), (2, 3, 4)),
    (Parallel([[LSTM(2), BatchNorm()], Residual([GRU(3)]), []], merge="concat"), (2, 4, 3)),
    (Parallel([Conv2D(2, 3, padding="same"), [Conv2D(3, 1), Dropout(0.3)]]), (2, 4, 3, 2)),
    (Parallel([[Dense(3), Tanh(), BatchNorm()], Parallel([Dense(3, trainable=False), []], merge="add")]), (4, 3)),
    (Parallel([Embedding(5, 3), Embedding(5, 2)]), (3,)),
]
checked = pytest.mark.parametrize(("layer", "shape"), CHECKED, ids=[f"{layer} {shape}" for layer, shape in CHECKED])
# One of each class, for what does not depend on shapes.
EACH = list({type(layer): layer for layer, _ in CHECKED}.values())
each = pytest.mark.parametrize("layer", EACH, ids=map(repr, EACH))


def concrete_layers() -> Iterator[type[Layer]]:
    """Every public layer of the package that can be made, found by walking its modules."""
    for module in pkgutil.walk_packages(nn_core.layers.__path__, "nn_core.layers."):
        importlib.import_module(module.name)
    waiting: list[type[Layer]] = Layer.__subclasses__()
    while waiting:
        layer = waiting.pop()
        waiting += layer.__subclasses__()
        own = layer.__module__.startswith("nn_core.layers.") and not layer.__name__.startswith("_")
        if own and not inspect.isabstract(layer):
            yield layer


def test_every_public_layer_is_checked_against_finite_differences() -> None:
    found = set(concrete_layers())
    exported = {
        item
        for name in nn_core.layers.__all__
        if isinstance(item := getattr(nn_core.layers, name), type)
        and issubclass(item, Layer)
        and not inspect.isabstract(item)
    }
    assert found == {type(layer) for layer, _ in CHECKED}
    assert found == exported
    assert {LAYERS[layer.__name__] for layer in found} == found


@checked
@pytest.mark.parametrize("training", [True, False])
def test_gradients_pass_the_checker(layer: Layer, shape: BatchShape, training: bool) -> None:
    rng = np.random.default_rng(7)
    report = check_layer(layer, draw_input(layer, shape, rng), rng=rng, training=training)
    assert report.error <= 1e-6
    network = Network([layer], input_shape=shape[1:], dtype=np.float64)
    learned = [p for p in network.declared.values() if p.region < 2]
    states = [array for array in leaves(network.initial_state(1)) if array.size]
    assert len(report.arrays) == (not layer.takes_integers) + len(states) + len(learned)
    assert all(array.numbers > 0 and not array.kinks for array in report.arrays)


def leaves(state: object) -> list[Array]:
    """The arrays of a state, however nested."""
    if isinstance(state, tuple):
        return [leaf for part in state for leaf in leaves(part)]
    assert isinstance(state, np.ndarray)
    return [state]


@checked
@pytest.mark.parametrize("training", [True, False])
def test_gradients_are_the_slopes(layer: Layer, shape: BatchShape, training: bool) -> None:
    """Again without the checker, so that a mistake of the checker's cannot hide a layer's."""
    call = LayerCall(layer, shape, training and layer.trainable)
    d_x = call.backward(call.forward()[1])
    if layer.takes_integers:
        assert d_x is None
    else:
        assert d_x is not None
        assert_close(d_x, oracles.finite_differences(call.loss, call.x))
    for name, declared in layer.parameters(shape[1:]).items():
        if declared.momentum is None:
            slopes = oracles.finite_differences(call.loss, call.params[name])
            assert_close(call.grads[name], slopes)


@checked
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_keep_the_type_and_arguments_their_values(
    layer: Layer, shape: BatchShape, dtype: npt.DTypeLike
) -> None:
    call = LayerCall(layer, shape, dtype=dtype)
    given = [call.x, call.d_y, *call.params.values()]
    before = [array.copy() for array in given]
    y, cache = call.forward()
    d_x = call.backward(cache)
    assert y.dtype == dtype
    assert y.shape == (shape[0], *layer.output_shape(shape[1:]))
    if not layer.takes_integers:
        assert d_x is not None
        assert d_x.dtype == dtype
        assert d_x.shape == shape
    for array, values in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, values)
    for gradient in call.grads.values():
        assert np.isfinite(gradient).all()


@checked
def test_a_second_call_leaves_the_results_of_the_first(layer: Layer, shape: BatchShape) -> None:
    call = LayerCall(layer, shape)
    y, cache = call.forward()
    kept = y.copy()
    d_x = call.backward(cache)
    kept_d_x = None if d_x is None else d_x.copy()
    again, cache = call.forward()
    call.backward(cache)
    np.testing.assert_array_equal(again, y)
    np.testing.assert_array_equal(y, kept)
    if d_x is not None and kept_d_x is not None:
        np.testing.assert_array_equal(d_x, kept_d_x)


@checked
def test_in_prediction_examples_do_not_depend_on_each_other(layer: Layer, shape: BatchShape) -> None:
    call = LayerCall(layer, shape, training=False)
    together, _ = call.forward()
    for n in range(shape[0]):
        alone, _ = layer.forward(call.x[n : n + 1], call.params, call.context)
        np.testing.assert_allclose(alone[0], together[n], rtol=1e-12, atol=1e-14)


@checked
def test_a_batch_of_no_examples(layer: Layer, shape: BatchShape) -> None:
    call = LayerCall(layer, (0, *shape[1:]))
    y, cache = call.forward()
    assert y.shape == (0, *layer.output_shape(shape[1:]))
    d_x = call.backward(cache)
    assert d_x is None or d_x.shape == (0, *shape[1:])
    for name, declared in layer.parameters(shape[1:]).items():
        expected = 0.0 if declared.momentum is None else call.params[name]
        np.testing.assert_array_equal(call.grads[name], np.broadcast_to(expected, declared.shape))


@checked
def test_the_first_layer_need_not_give_d_x(layer: Layer, shape: BatchShape) -> None:
    whole, saving = LayerCall(layer, shape), LayerCall(layer, shape, needs_d_x=False)
    for call in (whole, saving):
        call.backward(call.forward()[1])
    for name, gradient in whole.grads.items():
        np.testing.assert_array_equal(saving.grads[name], gradient)


@each
def test_a_layer_is_a_value(layer: Layer) -> None:
    layer = replace(layer, trainable=True)
    twin = type(layer)(**{field.name: getattr(layer, field.name) for field in fields(layer)})
    assert twin == layer
    assert hash(twin) == hash(layer)
    assert pickle.loads(pickle.dumps(layer)) == layer
    assert eval(repr(layer), dict(LAYERS)) == layer
    assert replace(layer, trainable=False) != layer
    with pytest.raises(FrozenInstanceError):
        setattr(layer, fields(layer)[0].name, 0)


def test_different_settings_are_different_layers() -> None:
    assert Dense(3) != Dense(4)
    assert Dense(3, initializer="he") != Dense(3, initializer="lecun")
    assert len({Sigmoid(), Tanh(), ReLU(), ReLU()}) == 3
    assert LeakyReLU(0.1) != LeakyReLU(0.2)
    assert GELU() != GELU(approximate=False)


def test_a_context_of_the_specification_has_no_memory() -> None:
    assert {field.name for field in fields(Context)} == {"training", "part", "path", "needs_d_x"}
