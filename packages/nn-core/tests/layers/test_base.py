"""Declarations of parameters, and what shapes and states have in common."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.gradient_check import check_layer
from nn_core.layers import Cache, Context, Layer, Parameter
from nn_core.layers.base import as_rows, features, join_states, state_rows


@pytest.mark.parametrize(
    ("parameter", "region"),
    [
        (Parameter((2,), "he"), 0),
        (Parameter((2,), "he", weight_decay=False), 1),
        (Parameter((2,), "zeros", momentum=0.9), 2),
        (Parameter((2,), "zeros", momentum=0.0), 2),
        (Parameter((2,), "he", trainable=False), 3),
        (Parameter((2,), "he", weight_decay=False, trainable=False), 3),
    ],
)
def test_regions_of_the_vector(parameter: Parameter, region: int) -> None:
    """0 weights, 1 biases, 2 running statistics, 3 frozen."""
    assert parameter.region == region


def test_blocks_are_drawn_by_themselves() -> None:
    """Each by its own rule, with the fans of one block."""
    parameter = Parameter((300, 400), ("lecun", "zeros"))
    first, second = np.split(parameter.draw(np.random.default_rng(0)), 2, axis=1)
    assert not second.any()
    assert first.std() == pytest.approx(300**-0.5, rel=0.02)
    whole = Parameter((300, 400), "lecun").draw(np.random.default_rng(0))
    assert whole.shape == (300, 400)


@dataclass(frozen=True)
class Scale(Layer):
    """y = a x: as short as a layer of somebody's own can be."""

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        return {"a": Parameter((features(input_shape),), "ones")}

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        return params["a"] * x, x

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        grads["a"][...] = as_rows(d_y * cache).sum(axis=0)
        return d_y * params["a"]


def test_a_user_defined_layer() -> None:
    layer = Scale()
    assert layer.output_shape((None, 3)) == (None, 3)
    assert layer.initial_state(2, (3,), np.float32) == ()
    assert layer.macs((3,)) == 0
    assert not layer.batch_dependent
    y, state, cache = layer.forward_with_state(np.array([[2.0, 3.0]]), (), {"a": np.array([5.0, 7.0])}, Context())
    np.testing.assert_array_equal(y, [[10, 21]])
    assert state == ()
    d_x, d_state = layer.backward_with_state(
        np.ones((1, 2)), (), cache, {"a": np.array([5.0, 7.0])}, {"a": np.empty(2)}, Context()
    )
    np.testing.assert_array_equal(d_x, [[5, 7]])
    assert d_state == ()
    rng = np.random.default_rng(0)
    assert check_layer(layer, rng.normal(size=(3, 2, 4)), rng=rng).error <= 1e-6
    assert repr(layer) == "Scale()"


def test_features_are_the_last_axis() -> None:
    assert features((3,)) == features((None, 3)) == 3
    for shape in [(), (None,), (3, None)]:
        with pytest.raises(ShapeError, match="expected features on the last axis"):
            features(shape)


def test_rows_are_examples_and_steps() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(as_rows(x), x.reshape(6, 4))
    assert as_rows(x[:0]).shape == (0, 4)


def test_states_of_some_examples_and_joined_again() -> None:
    state = ((), (np.arange(6.0).reshape(3, 2), ()), (np.arange(3),))
    first, second = state_rows(state, slice(0, 2)), state_rows(state, slice(2, 3))
    assert first[0] == ()
    np.testing.assert_array_equal(first[1][0], [[0, 1], [2, 3]])
    joined = join_states([first, second])
    np.testing.assert_array_equal(joined[1][0], state[1][0])
    np.testing.assert_array_equal(joined[2][0], [0, 1, 2])
    assert joined[0] == joined[1][1] == ()
