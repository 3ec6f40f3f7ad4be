"""How a text is cut: parallel streams for training, parts with a burn-in for evaluation."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.batches.streams import StreamBatches, bptt_chunks
from nn_core.errors import SettingError, ShapeError

TEXT = np.random.default_rng(0).integers(5, size=203)
X, Y = TEXT[:-1], TEXT[1:]


@given(length=st.integers(1, 60), batch_size=st.integers(1, 8), bptt_length=st.integers(1, 9))
def test_chunks_in_order_are_the_streams(length: int, batch_size: int, bptt_length: int) -> None:
    text = np.arange(length)
    if length < batch_size:
        with pytest.raises(SettingError, match="too short"):
            StreamBatches(text, -text, batch_size=batch_size, bptt_length=bptt_length)
        return
    batches = StreamBatches(text, -text, batch_size=batch_size, bptt_length=bptt_length)
    steps = batches.steps_per_epoch
    for epoch in (0, 1):
        keys = [(epoch, epoch * steps + step) for step in range(1, steps + 1)]
        parts = [batches.batch(key) for key in keys]
        x = np.concatenate([x for x, _, _ in parts], axis=1)
        each = length // batch_size
        np.testing.assert_array_equal(x, text[: batch_size * each].reshape(batch_size, each))
        np.testing.assert_array_equal(np.concatenate([y for _, y, _ in parts], axis=1), -x)
        assert {x.shape for x, _, _ in parts[:-1]} <= {(batch_size, bptt_length)}
        assert parts[-1][0].size > 0
        for key, (_, y, _) in zip(keys, parts, strict=True):
            np.testing.assert_array_equal(batches.targets(key)[0], y)


def test_texts_of_vectors_keep_their_axes() -> None:
    x = np.arange(22.0).reshape(11, 2)
    y = np.arange(33.0).reshape(11, 3)
    batches = StreamBatches(x, y, batch_size=2, bptt_length=3)
    assert batches.steps_per_epoch == 2
    first, second = (batches.batch((0, step)) for step in (1, 2))
    np.testing.assert_array_equal(first[0], [x[0:3], x[5:8]])
    np.testing.assert_array_equal(second[0], [x[3:5], x[8:10]])
    np.testing.assert_array_equal(first[1], [y[0:3], y[5:8]])
    np.testing.assert_array_equal(second[1], [y[3:5], y[8:10]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"bptt_length": 0}, "bptt_length must be at least 1, not 0"),
        ({"batch_size": 203}, "a text of length 202 is too short for 203 streams"),
    ],
)
def test_what_makes_no_streams_is_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        StreamBatches(X, Y, **({"batch_size": 2, "bptt_length": 3} | settings))


def test_a_text_has_a_target_for_each_position() -> None:
    with pytest.raises(ShapeError, match="202 examples, but 203 targets"):
        StreamBatches(X, TEXT, batch_size=2, bptt_length=3)
    with pytest.raises(ShapeError, match="202 examples, but 203 targets"):
        list(bptt_chunks(X, TEXT, streams=2, bptt_length=3))


Chunks = list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]


def joined(chunks: Chunks) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    return tuple(np.concatenate(parts, axis=1) for parts in zip(*chunks, strict=True))  # type: ignore[return-value]


@given(length=st.integers(1, 80), streams=st.integers(1, 9), bptt_length=st.integers(1, 20), burn_in=st.integers(0, 6))
def test_each_target_is_evaluated_once_behind_what_precedes_it(
    length: int, streams: int, bptt_length: int, burn_in: int
) -> None:
    x, y = np.arange(length), 1000 + np.arange(length)
    chunks = list(bptt_chunks(x, y, streams=streams, bptt_length=bptt_length, burn_in=burn_in))
    read, labels = joined(chunks)
    assert sorted(labels[labels >= 0]) == y.tolist()
    assert all(x.shape[1] <= bptt_length for x, _ in chunks)
    for row, own_labels in zip(read, labels, strict=True):
        own = np.flatnonzero(own_labels >= 0)
        if len(own):
            np.testing.assert_array_equal(own_labels[own], 1000 + row[own])
            np.testing.assert_array_equal(np.diff(row[: own[-1] + 1]), 1)
            assert own[0] >= min(burn_in, row[own[0]])  # so much was read before it


@pytest.mark.parametrize(
    ("length", "streams", "burn_in", "parts"),
    [
        (40, 8, 1, 8),  # 40 / (4 * 1) = 10 parts would do
        (40, 8, 2, 5),  # 40 / (4 * 2)
        (39, 8, 2, 4),
        (40, 3, 2, 3),
        (40, 8, 0, 8),  # no burn-in counts as one step
        (7, 8, 2, 1),
        (40, 8, 100, 1),
    ],
)
def test_into_how_many_parts_a_text_is_cut(length: int, streams: int, burn_in: int, parts: int) -> None:
    text = np.arange(length)
    for x, y in bptt_chunks(text, text, streams=streams, bptt_length=5, burn_in=burn_in):
        assert len(x) == len(y) == parts


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint64, np.int8, np.int64])
def test_labels_of_any_integers_can_be_ignored(dtype: npt.DTypeLike) -> None:
    x = np.zeros(8, dtype)
    _, labels = joined(list(bptt_chunks(x, x, streams=2, bptt_length=5, burn_in=1)))
    # Two parts of four; the second starts one step early, the first ends one step late.
    np.testing.assert_array_equal(labels, [[0, 0, 0, 0, -1], [-1, 0, 0, 0, 0]])
    assert labels.dtype.kind == "i"
