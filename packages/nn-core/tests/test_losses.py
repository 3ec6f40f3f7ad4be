"""Losses by hand, against naive loops, against finite differences, and at the extremes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import oracles
import oracles_rnn
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_close

from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, ShapeError
from nn_core.gradient_check import check_loss
from nn_core.losses import LOSSES, Loss, binary_cross_entropy, mean_squared_error, softmax_cross_entropy
from nn_core.losses import loss as loss_named

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 6)


def labels_of(count: int, classes: int) -> Labels:
    return np.arange(count) * 7 % classes


# Loss, shape of the logits, targets from that shape.


def words_of(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    return np.random.default_rng(4).integers(shape[2], size=shape[:2])


def padded(targets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each example with one target less than the one before it."""
    N, T = targets.shape
    return np.where(np.arange(T) < T - np.arange(N)[:, None], targets, -1)


CHECKED: list[tuple[str, tuple[int, ...], Callable[[tuple[int, ...]], Any]]] = [
    ("binary-cross-entropy", (1, 1), lambda shape: labels_of(shape[0], 2)),
    ("binary-cross-entropy", (5, 1), lambda shape: labels_of(shape[0], 2)),
    ("binary-cross-entropy", (4,), lambda shape: labels_of(shape[0], 2)),
    ("softmax-cross-entropy", (1, 1), lambda shape: labels_of(shape[0], 1)),
    ("softmax-cross-entropy", (1, 3), lambda shape: labels_of(shape[0], 3)),
    ("softmax-cross-entropy", (6, 4), lambda shape: labels_of(shape[0], 4)),
    ("softmax-cross-entropy", (30, 8), lambda shape: labels_of(shape[0], 8)),
    ("softmax-cross-entropy", (1, 1, 2), words_of),
    ("softmax-cross-entropy", (3, 4, 5), words_of),
    ("softmax-cross-entropy", (3, 4, 5), lambda shape: padded(words_of(shape))),
    ("mean-squared-error", (1, 1), np.ones),
    ("mean-squared-error", (4,), np.ones),
    ("mean-squared-error", (5, 3), np.ones),
    ("mean-squared-error", (2, 3, 4), np.ones),
]
checked = pytest.mark.parametrize(
    ("name", "shape", "targets_of"), CHECKED, ids=[f"{name} {shape}" for name, shape, _ in CHECKED]
)


def test_every_loss_is_held_to_finite_differences() -> None:
    assert {name for name, _, _ in CHECKED} == set(LOSSES)


@checked
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_a_gradient_is_what_the_checker_finds(
    name: str, shape: tuple[int, ...], targets_of: Callable[..., Any], scale: float
) -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(scale=scale, size=shape)
    report = check_loss(loss_named(name), logits, targets_of(shape), rng=rng)
    assert report.error <= 1e-6
    assert [array.kinks for array in report.arrays] == [()]
    assert report.arrays[0].shape == shape


@checked
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_a_gradient_is_the_slope(
    name: str, shape: tuple[int, ...], targets_of: Callable[..., Any], scale: float
) -> None:
    loss, targets = loss_named(name), targets_of(shape)
    logits = np.random.default_rng(4).normal(scale=scale, size=shape)
    _, d_logits = loss(logits, targets)
    assert_close(d_logits, oracles.finite_differences(lambda: loss(logits, targets)[0], logits))


@given(seed=seeds, count=sizes)
def test_binary_cross_entropy_is_its_definition(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(scale=3, size=(count, 1)), rng.integers(2, size=count)
    value, d_logits = binary_cross_entropy(logits, labels)
    expected, d_expected = oracles.binary_cross_entropy(logits, labels)
    assert_close(value, expected, 1e-12)
    np.testing.assert_allclose(d_logits, d_expected, rtol=1e-11, atol=1e-15)


@given(seed=seeds, count=sizes, classes=sizes)
def test_softmax_cross_entropy_is_its_definition(seed: int, count: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(scale=3, size=(count, classes)), rng.integers(classes, size=count)
    value, d_logits = softmax_cross_entropy(logits, labels)
    expected, d_expected = oracles.softmax_cross_entropy(logits, labels)
    assert_close(value, expected, 1e-10)
    np.testing.assert_allclose(d_logits, d_expected, rtol=1e-10, atol=1e-15)


@given(seed=seeds, count=sizes, width=sizes)
def test_mean_squared_error_is_its_definition(seed: int, count: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    predictions, targets = rng.normal(size=(2, count, width))
    value, d_predictions = mean_squared_error(predictions, targets)
    expected, d_expected = oracles.mean_squared_error(predictions, targets)
    assert_close(value, expected, 1e-12)
    np.testing.assert_allclose(d_predictions, d_expected, rtol=1e-13)


def test_binary_cross_entropy_by_hand() -> None:
    # Logits 0 and ln 3 give p = 1/2 and 3/4. Labels 1 and 0 cost -ln 1/2 = ln 2 and
    # -ln(1 - 3/4) = 2 ln 2, on average 1.5 ln 2. The gradient is (p - y) / 2.
    value, d_logits = binary_cross_entropy(np.array([[0.0], [math.log(3)]]), np.array([1, 0]))
    assert value == pytest.approx(1.5 * math.log(2), rel=1e-15)
    np.testing.assert_allclose(d_logits, [[-1 / 4], [3 / 8]], rtol=1e-15)


def test_softmax_cross_entropy_by_hand() -> None:
    # exp(0, ln 2, ln 5) = (1, 2, 5) out of 8, label 1: -ln 2/8 = ln 4. Equal logits, label 2:
    # -ln 1/3 = ln 3. The mean is ln(12) / 2, the gradient (p - onehot) / 2:
    # (1/8, 2/8 - 1, 5/8) / 2 and (1/3, 1/3, 1/3 - 1) / 2.
    logits = np.array([[0.0, math.log(2), math.log(5)], [7.0, 7.0, 7.0]])
    value, d_logits = softmax_cross_entropy(logits, np.array([1, 2]))
    assert value == pytest.approx(math.log(12) / 2, rel=1e-15)
    np.testing.assert_allclose(d_logits, [[1 / 16, -3 / 8, 5 / 16], [1 / 6, 1 / 6, -1 / 3]], rtol=1e-14)


def test_mean_squared_error_by_hand() -> None:
    # Differences 1, -2, 3, 0: (1 + 4 + 9 + 0) / 4 = 3.5, and 2 / 4 of each as gradient.
    predictions, targets = np.array([[2.0, 0.0], [5.0, 1.0]]), np.array([[1.0, 2.0], [2.0, 1.0]])
    value, d_predictions = mean_squared_error(predictions, targets)
    assert value == 3.5
    np.testing.assert_array_equal(d_predictions, [[0.5, -1.0], [1.5, 0.0]])


@pytest.mark.parametrize(
    ("loss", "logits", "targets"),
    [
        (binary_cross_entropy, [[0.3], [-1.2], [2.0]], [1, 0, 1]),
        (softmax_cross_entropy, [[0.3, -1.0], [0.1, 0.9], [2.0, 0.0]], [1, 0, 1]),
        (mean_squared_error, [[0.3], [-1.2], [2.0]], [[1.0], [2.0], [3.0]]),
    ],
)
def test_a_batch_twice_over_has_the_same_loss_and_half_the_gradient_each(
    loss: Loss, logits: list[list[float]], targets: list[Any]
) -> None:
    once, d_once = loss(np.array(logits), np.array(targets))
    twice, d_twice = loss(np.array(logits * 2), np.array(targets * 2))
    assert twice == pytest.approx(once, rel=1e-15)
    np.testing.assert_allclose(d_twice, np.concatenate([d_once, d_once]) / 2, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, 90.0, 89.0, 88.0, 87.0])
def test_binary_cross_entropy_at_the_extremes(size: float, dtype: npt.DTypeLike) -> None:
    # Far out, the right side costs nothing and the wrong side costs its distance.
    logits = np.array([[size], [-size], [size], [-size]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, d_logits = binary_cross_entropy(logits, np.array([1, 0, 0, 1]))
    assert value == pytest.approx(2 * size / 4, rel=1e-6)
    np.testing.assert_allclose(d_logits, [[0.0], [0.0], [1 / 4], [-1 / 4]], atol=1e-30)
    assert d_logits.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, 90.0, 89.0, 88.0, 87.0])
def test_softmax_cross_entropy_at_the_extremes(size: float, dtype: npt.DTypeLike) -> None:
    logits = np.array([[size, -size], [size, -size], [-size, -size]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, d_logits = softmax_cross_entropy(logits, np.array([0, 1, 0]))
    assert value == pytest.approx((0 + 2 * size + math.log(2)) / 3, rel=1e-6)
    expected = [[0.0, 0.0], [1 / 3, -1 / 3], [-1 / 6, 1 / 6]]
    np.testing.assert_allclose(d_logits, expected, rtol=1e-6, atol=1e-30)
    assert d_logits.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean_squared_error_at_the_extremes(dtype: npt.DTypeLike) -> None:
    predictions = np.array([[1e4], [-1e4]], dtype)
    value, d_predictions = mean_squared_error(predictions, np.zeros((2, 1), dtype))
    assert value == pytest.approx(1e8)
    np.testing.assert_array_equal(d_predictions, [[1e4], [-1e4]])


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 20.0), (np.float64, 35.0)])
@pytest.mark.parametrize("label", [0, 1])
def test_a_small_loss_keeps_its_digits(label: int, dtype: npt.DTypeLike, size: float) -> None:
    # Right by a distance z it is log(1 + exp(-z)), about exp(-z): too small to be seen beside
    # the 1, or beside z.
    logits = np.array([size if label else -size], dtype)
    value, _ = binary_cross_entropy(logits, np.array([label]))
    assert value == pytest.approx(math.exp(-size), rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_float32_stays_float32_and_the_arguments_stay_as_they_are(name: str) -> None:
    logits = np.random.default_rng(0).normal(size=(4, 1)).astype(np.float32)
    targets: Any = logits[::-1].copy() if name == "mean-squared-error" else np.zeros(4, np.uint8)
    kept, kept_targets = logits.copy(), targets.copy()
    value, d_logits = loss_named(name)(logits, targets)
    assert isinstance(value, float)
    assert d_logits.dtype == np.float32
    assert d_logits.shape == logits.shape
    assert not np.shares_memory(d_logits, logits)
    np.testing.assert_array_equal(logits, kept)
    np.testing.assert_array_equal(targets, kept_targets)


def test_targets_of_another_precision_do_not_turn_the_gradient() -> None:
    predictions = np.array([[1.0], [2.0]], np.float32)
    for dtype in (np.float64, np.int64):
        targets: Any = np.zeros((2, 1), dtype)
        value, d_predictions = mean_squared_error(predictions, targets)
        assert value == 2.5
        assert d_predictions.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64])
def test_labels_are_integers_of_any_width(dtype: npt.DTypeLike) -> None:
    labels = np.array([1, 0], dtype)
    value, _ = softmax_cross_entropy(np.zeros((2, 2)), labels)
    assert value == pytest.approx(math.log(2))
    value, d_logits = binary_cross_entropy(np.zeros((2, 1), np.float32), labels)
    assert value == pytest.approx(math.log(2))
    np.testing.assert_array_equal(d_logits, [[-0.25], [0.25]])


@pytest.mark.parametrize(
    ("loss", "logits"), [(binary_cross_entropy, np.zeros((2, 1))), (softmax_cross_entropy, np.zeros((2, 2)))]
)
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 2]), "label 2 is outside 0 to 1"),
        (np.array([-2, 0]), "label -2 is outside 0 to 1"),
        (np.array([-2, 5]), "label -2 is outside 0 to 1"),
        (np.array([0.0, 1.0]), "class labels are integers, not float64"),
        (np.array([True, False]), "class labels are integers, not bool"),
        (np.array(["0", "1"]), "class labels are integers"),
    ],
)
def test_labels_that_are_no_classes_are_refused(loss: Loss, logits: Array, labels: Array, message: str) -> None:
    with pytest.raises(DataError, match=message):
        loss(logits, labels)


@pytest.mark.parametrize(
    ("loss", "logits", "targets", "message"),
    [
        (binary_cross_entropy, (3, 2), (3,), r"\(3, 1\), not \(3, 2\)"),
        (binary_cross_entropy, (2, 1), (3,), r"\(3, 1\), not \(2, 1\)"),
        (binary_cross_entropy, (3, 2), (3, 1), r"\(3, 1, 1\), not \(3, 2\)"),
        (softmax_cross_entropy, (3,), (3,), r"\(3, classes\), not \(3,\)"),
        (softmax_cross_entropy, (2, 4), (3,), r"\(3, classes\), not \(2, 4\)"),
        (softmax_cross_entropy, (3, 4), (3, 1), r"\(3, 1, classes\), not \(3, 4\)"),
        (softmax_cross_entropy, (3, 4), (3, 4), r"\(3, 4, classes\), not \(3, 4\)"),
        (mean_squared_error, (3, 1), (3,), r"\(3, 1\), not \(3,\)"),
        (mean_squared_error, (3, 2), (3, 1), r"\(3, 2\), not \(3, 1\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    loss: Loss, logits: tuple[int, ...], targets: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ShapeError, match=message):
        loss(np.zeros(logits), np.zeros(targets, np.int64))


@pytest.mark.parametrize("name", LOSSES)
def test_an_empty_batch_is_refused(name: str) -> None:
    targets: Any = np.zeros((0, 1)) if name == "mean-squared-error" else np.zeros(0, np.int64)
    with pytest.raises(DataError, match="at least one target"):
        loss_named(name)(np.zeros((0, 1)), targets)


# Sequences


@given(seed=seeds, count=sizes, steps=sizes, classes=st.integers(1, 5), share=st.sampled_from([0.1, 0.5, 1.0]))
def test_softmax_cross_entropy_of_sequences_is_its_definition(
    seed: int, count: int, steps: int, classes: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=3.0, size=(count, steps, classes))
    targets = rng.integers(classes, size=(count, steps))
    targets[rng.random((count, steps)) > share] = -1
    targets[rng.integers(count), rng.integers(steps)] = 0
    value, d_logits = softmax_cross_entropy(logits, targets)
    expected, d_expected = oracles_rnn.sequence_cross_entropy(logits, targets)
    assert_close(value, expected, 1e-10)
    np.testing.assert_allclose(d_logits, d_expected, rtol=1e-9, atol=1e-15)


def test_padding_counts_for_nothing_whatever_stands_there() -> None:
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(3, 4, 5)), padded(words_of((3, 4, 5)))
    value, d_logits = softmax_cross_entropy(logits, targets)
    assert not d_logits[targets < 0].any()
    logits[targets < 0] = 1e30
    again, d_again = softmax_cross_entropy(logits, targets)
    assert again == value
    np.testing.assert_array_equal(d_again, d_logits)
    # The same as the steps that count, one after the other.
    rows, d_rows = softmax_cross_entropy(logits[targets >= 0], targets[targets >= 0])
    assert value == pytest.approx(rows, rel=1e-15)
    np.testing.assert_allclose(d_logits[targets >= 0], d_rows, rtol=1e-15)


def test_how_logits_lie_in_memory_does_not_matter() -> None:
    logits, targets = np.random.default_rng(0).normal(size=(3, 4, 5)), words_of((3, 4, 5))
    value, d_logits = softmax_cross_entropy(logits, targets)
    again, d_again = softmax_cross_entropy(np.asfortranarray(logits), targets)
    assert again == value
    np.testing.assert_array_equal(d_again, d_logits)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_cross_entropy_of_sequences_at_the_extremes(dtype: npt.DTypeLike) -> None:
    logits = np.array([[[1e4, -1e4], [-1e4, 1e4]], [[0, 0], [1e4, 1e4]]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, d_logits = softmax_cross_entropy(logits, np.array([[0, 0], [-1, 1]]))
    assert value == pytest.approx((0 + 2e4 + math.log(2)) / 3, rel=1e-6)
    assert d_logits.dtype == dtype
    expected = [[[0, 0], [-1 / 3, 1 / 3]], [[0, 0], [1 / 6, -1 / 6]]]
    np.testing.assert_allclose(d_logits, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([[-1, -1]], "at least one target"),
        ([[0, 3]], "target|label 3 is outside 0 to 2"),
        ([[0, -2]], "-2 is outside 0 to 2"),
        ([[0.0, 1.0]], "integers, not float64"),
    ],
)
def test_targets_that_are_none_are_refused(targets: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        softmax_cross_entropy(np.zeros((1, 2, 3)), np.array(targets))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (3, 2), (2, 2, 2, 2), (2,)])
def test_sequences_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"labels \(2, 2\) takes logits \(2, 2, classes\)"):
        softmax_cross_entropy(np.zeros(shape), np.zeros((2, 2), int))


def test_unsigned_labels_meet_the_ignored_one() -> None:
    assert softmax_cross_entropy.count(np.array([0, 255, 3], np.uint8)) == 3
    with pytest.raises(DataError, match="label 255 is outside 0 to 4"):
        softmax_cross_entropy(np.zeros((1, 5)), np.array([255], np.uint8))
