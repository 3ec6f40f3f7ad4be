"""How many examples pass together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest

from nn_core import slicing
from nn_core.arrays import Array
from nn_core.layers import LSTM, BatchNorm, Conv2D, Dense
from nn_core.layers.layer import Cache, Context, Layer
from nn_core.network import Network


@dataclass(frozen=True)
class Ranked(Layer):
    """Looks at all of the batch, and cannot do a part of it."""

    couples_examples: ClassVar[bool] = True

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        return x.argsort(axis=0).astype(x.dtype), ()

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        return None


def with_slices_of(size: int, *layers: Layer, over_time: bool = False) -> Network:
    network = Network(layers, input_shape=(3,), over_time=over_time)
    network.slice_size = size
    return network


@pytest.mark.parametrize(
    ("N", "plain", "coupled"),
    [(3, 1, 1), (4, 2, 1), (6, 2, 2), (7, 4, 2), (12, 4, 2), (13, 8, 2), (18, 8, 3), (90, 32, 4)],
)
def test_one_slice_two_or_as_many_as_there_are_lanes(N: int, plain: int, coupled: int) -> None:
    assert slicing.slice_count(with_slices_of(3, Dense(2)), N) == plain
    assert slicing.slice_count(with_slices_of(3, BatchNorm(), Dense(2)), N) == coupled


def test_what_cannot_be_divided_stays_whole() -> None:
    assert slicing.slice_count(with_slices_of(3, Ranked(), Dense(2)), 90) == 1
    assert slicing.slice_count(with_slices_of(3, BatchNorm(), Ranked()), 90) == 1
    assert slicing.slice_count(with_slices_of(3, LSTM(2), over_time=True), 90) == 1


def test_what_a_kernel_keeps_counts() -> None:
    layers = [Conv2D(80, 3, padding="same")]
    plain, fused = (Network(layers, input_shape=(8, 8, 80), fused=f) for f in (False, True))
    assert plain.slice_size == slicing.SLICE_BYTES // (4 * 8 * 8 * 80)
    assert fused.slice_size == slicing.SLICE_BYTES // (4 * (8 * 8 * 80 + 6 * 2 * 8 * 80))


def test_long_sequences_are_predicted_a_few_at_a_time() -> None:
    network = with_slices_of(3, LSTM(2), over_time=True)
    network.predict_size = 80
    assert slicing.predict_count(network, 40, 1, 256) == 4  # ten make SLICE_BYTES
    assert slicing.predict_count(network, 9, 1, 256) == 1
    assert slicing.predict_count(network, 40, 20, 256) == 10
    assert slicing.predict_count(network, 40, 1000, 256) == 40
    assert slicing.predict_count(network, 40, 1, 5) == 8
