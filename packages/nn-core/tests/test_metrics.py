"""Metrics by hand and against naive counting."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.losses import softmax_cross_entropy
from nn_core.metrics import (
    METRICS,
    Metric,
    accuracy,
    confusion_matrix,
    mean_absolute_error,
    metrics_by_name,
    perplexity,
    precision_and_recall,
    predicted_labels,
    probabilities,
    r2,
    root_mean_squared_error,
)


def test_the_predicted_class_is_the_largest_logit() -> None:
    logits = np.array([[0.1, 0.3, 0.2], [5.0, -1.0, 4.0], [-3.0, -2.0, -1.0]])
    np.testing.assert_array_equal(predicted_labels(logits), [1, 0, 2])


@pytest.mark.parametrize("shape", [(4, 1), (4,)])
def test_one_logit_decides_by_its_sign(shape: tuple[int, ...]) -> None:
    logits = np.array([-0.1, 0.0, 0.1, 7.0]).reshape(shape)
    labels = predicted_labels(logits)
    np.testing.assert_array_equal(labels, [0, 0, 1, 1])
    assert labels.dtype == np.int64


def test_probabilities_by_hand() -> None:
    # softmax(0, ln 3) = (1/4, 3/4), which is also what sigmoid(ln 3) says of two classes.
    expected = [[1 / 4, 3 / 4]]
    two = probabilities(np.array([[0.0, math.log(3)]]))
    one = probabilities(np.array([[math.log(3)]]))
    flat = probabilities(np.array([math.log(3)]))
    for received in (two, one, flat):
        np.testing.assert_allclose(received, expected, rtol=1e-14)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_probabilities_add_up_and_agree_with_the_labels(width: int) -> None:
    logits = np.random.default_rng(0).normal(scale=3, size=(20, width)).astype(np.float32)
    p = probabilities(logits)
    assert p.shape == (20, max(width, 2))
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), np.ones(20), rtol=1e-6)
    np.testing.assert_array_equal(p.argmax(axis=1), predicted_labels(logits))


def test_accuracy_by_hand() -> None:
    logits = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert accuracy(logits, np.array([0, 1, 1, 1])) == 0.75
    assert accuracy(logits, np.array([1, 1, 0, 0])) == 0
    assert accuracy(np.array([[-1.0], [1.0]]), np.array([0, 1])) == 1


def test_accuracy_counts_the_steps_that_have_a_target() -> None:
    logits = np.zeros((2, 3, 4))
    logits[..., 1] = 1.0
    labels = np.array([[1, 1, -1], [0, -1, -1]])
    assert accuracy(logits, labels) == pytest.approx(2 / 3)
    binary = np.ones((2, 3, 1))
    assert accuracy(binary, labels) == pytest.approx(2 / 3)
    for of_one in (np.eye(3), np.array([[-1.0], [1.0], [1.0]]), np.array([-1.0, 1.0, 1.0])):
        assert accuracy(of_one, np.array([0, -1, 0])) == 0.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.int8])
def test_accuracy_of_any_integers(dtype: npt.DTypeLike) -> None:
    logits = np.eye(3)[None]  # one sequence, predicted as 0, 1, 2
    assert accuracy(logits, np.array([[0, 1, 1]], dtype)) == pytest.approx(2 / 3)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40), extra=st.integers(0, 2)
)
def test_the_confusion_matrix_is_its_definition(pairs: list[tuple[int, int]], extra: int) -> None:
    predicted, labels = np.array(pairs)[:, 0], np.array(pairs)[:, 1]
    classes = 5 + extra
    received = confusion_matrix(predicted, labels, classes)
    np.testing.assert_array_equal(received, oracles.confusion_matrix(predicted, labels, classes))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64])
def test_confusion_of_many_classes_in_narrow_integers(dtype: npt.DTypeLike) -> None:
    # 29 * 30 + 28 does not fit in eight bits.
    predicted, labels = np.array([28, 0], dtype), np.array([29, 29], dtype)
    received = confusion_matrix(predicted, labels, 30)
    assert received.shape == (30, 30)
    assert received[29, 28] == received[29, 0] == 1
    assert received.sum() == 2


def test_precision_and_recall_by_hand() -> None:
    # Class 0: predicted 3 times, correctly 2; of its 4 examples 2 were found. Class 1: predicted
    # 7 times, correctly 5; of 6 examples 5 were found. Class 2: never predicted, no examples.
    precision, recall = precision_and_recall(np.array([[2, 2, 0], [1, 5, 0], [0, 0, 0]]))
    np.testing.assert_allclose(precision, [2 / 3, 5 / 7, math.nan])
    np.testing.assert_allclose(recall, [2 / 4, 5 / 6, math.nan])


def test_precision_and_recall_of_a_class_only_predicted_or_only_there() -> None:
    precision, recall = precision_and_recall(np.array([[0, 3], [0, 0]]))
    np.testing.assert_array_equal(precision, [math.nan, 0])
    np.testing.assert_array_equal(recall, [0, math.nan])


def test_the_perplexity_of_even_odds_is_their_number() -> None:
    nats, _ = softmax_cross_entropy(np.zeros((3, 7)), np.array([0, 3, 6]))
    assert perplexity(nats) == pytest.approx(7)
    assert perplexity(0.0) == 1


def test_the_perplexity_of_a_hopeless_model_is_infinite_and_no_error() -> None:
    assert perplexity(2e4) == math.inf


def test_regression_errors_by_hand() -> None:
    output, targets = np.array([[1.0], [2.0], [6.0]]), np.array([[1.0], [4.0], [4.0]])
    assert mean_absolute_error(output, targets) == pytest.approx(4 / 3)
    assert root_mean_squared_error(output, targets) == pytest.approx(math.sqrt(8 / 3))
    assert r2(output, targets) == pytest.approx(1 - 8 / 6)  # mean 3: 4 + 1 + 1
    assert r2(targets, targets) == 1


def test_r2_is_the_mean_over_columns_and_defined_for_constant_targets() -> None:
    targets = np.array([[0, 5], [2, 5]])
    assert r2(np.array([[0.0, 5.0], [2.0, 5.0]]), targets) == 1
    assert r2(np.array([[1.0, 5.0], [1.0, 5.0]]), targets) == 0.5
    assert r2(np.array([[0.0, 5.0], [2.0, 6.0]]), targets) == 0.5


@pytest.mark.parametrize("metric", [mean_absolute_error, root_mean_squared_error, r2])
def test_predictions_and_targets_must_have_the_same_shape(metric: Metric) -> None:
    with pytest.raises(ShapeError, match=r"predictions \(3, 1\) and targets \(3,\) differ in shape"):
        metric(np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(DataError, match="at least one example"):
        metric(np.zeros((0, 1)), np.zeros((0, 1)))


def test_accuracy_of_several_binary_decisions() -> None:
    logits, labels = np.array([[1.0, -1.0], [2.0, 3.0]]), np.array([[1, 0], [0, -1]])
    assert accuracy(logits, labels) == pytest.approx(2 / 3)


def test_metrics_are_names_functions_or_both() -> None:
    both = metrics_by_name(["accuracy", "mean-absolute-error", "mean_absolute_error", r2])
    assert both == {"accuracy": accuracy, "mean_absolute_error": mean_absolute_error, "r2": r2}
    assert metrics_by_name("accuracy") == metrics_by_name([accuracy]) == {"accuracy": accuracy}
    assert metrics_by_name({"own": r2, "error": "mean-absolute-error"}) == {"own": r2, "error": mean_absolute_error}
    assert metrics_by_name(()) == {}
    assert metrics_by_name(accuracy) == {"accuracy": accuracy}
    assert set(METRICS) == {"accuracy", "mean-absolute-error", "root-mean-squared-error", "r2"}


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (["acc"], "unknown metric 'acc'; use 'accuracy'"),
        (["mae"], "unknown metric 'mae'; use 'mean-absolute-error'"),
        (["acuracy"], "did you mean 'accuracy'?"),
        ([3], "a metric is a name or a function of outputs and targets, not 3"),
        (3, "a metric is a name or a function of outputs and targets, not 3"),
    ],
)
def test_what_is_no_metric_is_refused(metrics: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        metrics_by_name(metrics)


def test_two_metrics_of_the_same_name() -> None:
    with pytest.raises(SettingError, match="two metrics are named '<lambda>'"):
        metrics_by_name([lambda output, y: 0.0, lambda output, y: 1.0])
