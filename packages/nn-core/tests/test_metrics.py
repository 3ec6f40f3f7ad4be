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
    average_precision,
    confusion_matrix,
    f1,
    f1_scores,
    macro_average,
    mean_absolute_error,
    metrics_by_name,
    perplexity,
    precision_and_recall,
    predicted_labels,
    probabilities,
    r2,
    roc_auc,
    root_mean_squared_error,
)
from nn_core.ranking_metrics import binary_average_precision, binary_roc_auc


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


def test_f1_by_hand() -> None:
    # Class 0: precision 2/3, recall 2/4, so F1 = 2 * 2 / (3 + 4). Class 1: 2 * 5 / (7 + 6). Class 2 is neither.
    confusion = np.array([[2, 2, 0], [1, 5, 0], [0, 0, 0]])
    np.testing.assert_allclose(f1_scores(confusion), [4 / 7, 10 / 13, math.nan])
    assert macro_average(f1_scores(confusion), confusion) == pytest.approx((4 / 7 + 10 / 13) / 2)
    assert math.isnan(macro_average(np.array([math.nan]), np.zeros((1, 1), np.int64)))


def test_f1_where_the_last_class_is_never_predicted() -> None:
    """By hand: class 0 has precision 2/3 and recall 1; class 2 counts as 0; class 1 does not occur."""
    logits = np.tile([3.0, 1.0, 2.0], (3, 1))
    assert f1(logits, np.array([0, 2, 0])) == pytest.approx((0.8 + 0) / 2)


def test_a_class_that_is_never_predicted_counts_as_0() -> None:
    confusion = np.array([[0, 3], [0, 9]])
    precision, recall = precision_and_recall(confusion)
    np.testing.assert_array_equal(f1_scores(confusion), [0, 18 / 21])
    assert macro_average(precision, confusion) == (0 + 9 / 12) / 2
    assert macro_average(recall, confusion) == (0 + 1) / 2


def test_ranking_by_hand() -> None:
    # From the top: positive, negative, then a tie of one of each, then negative. Of the 2 * 3 pairs the
    # first positive wins 3; the second loses 1, ties 1 and wins 1. Precision is 1/1 where the first half
    # of the positives is found, and 2/4 where the second is.
    scores = np.array([0.1, 0.4, 0.9, 0.4, 0.7])
    positive = np.array([0, 1, 1, 0, 0], bool)
    assert binary_roc_auc(scores, positive) == pytest.approx((3 + 1.5) / 6)
    assert binary_average_precision(scores, positive) == pytest.approx((1 + 2 / 4) / 2)


def test_constant_scores_rank_nothing() -> None:
    positive = np.array([1, 0, 0, 0], bool)
    assert binary_roc_auc(np.zeros(4), positive) == 0.5
    assert binary_average_precision(np.zeros(4), positive) == 0.25


def test_ranking_without_positive_or_negative_examples_is_undefined() -> None:
    scores = np.array([0.2, 0.1])
    for only in (True, False):
        assert math.isnan(binary_roc_auc(scores, np.full(2, only)))
    assert math.isnan(binary_average_precision(scores, np.zeros(2, bool)))
    assert binary_average_precision(scores, np.ones(2, bool)) == 1
    assert math.isnan(binary_roc_auc(np.zeros(0), np.zeros(0, bool)))
    with pytest.raises(ShapeError, match="must both be"):
        binary_roc_auc(np.zeros((2, 1)), np.zeros(2, bool))


@pytest.mark.parametrize("seed", range(5))
def test_metrics_of_classes_agree_with_scikit_learn(seed: int) -> None:
    oracle = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, rng.integers(2, size=40)]
    z = rng.integers(-3, 4, size=(len(y), 1)) / 2  # with ties
    assert roc_auc(z, y) == pytest.approx(oracle.roc_auc_score(y, z[:, 0]))
    assert average_precision(z, y) == pytest.approx(oracle.average_precision_score(y, z[:, 0]))
    assert f1(z, y) == pytest.approx(oracle.f1_score(y, z[:, 0] > 0, average="macro"))
    both = np.concatenate([-z, z], axis=1)
    assert (roc_auc(both, y), average_precision(both, y)) == (roc_auc(z, y), average_precision(z, y))

    y = np.r_[0, 1, 2, 3, rng.integers(4, size=60)]
    z = rng.normal(size=(len(y), 4))
    p = probabilities(z)
    assert roc_auc(z, y) == pytest.approx(oracle.roc_auc_score(y, p, multi_class="ovr"))
    assert average_precision(z, y) == pytest.approx(oracle.average_precision_score(np.eye(4)[y], p))
    assert f1(z, y) == pytest.approx(oracle.f1_score(y, z.argmax(axis=1), average="macro"))
    confusion = confusion_matrix(z.argmax(axis=1), y, 4)
    precision, recall, scores, _ = oracle.precision_recall_fscore_support(y, z.argmax(axis=1), zero_division=0)
    np.testing.assert_allclose(f1_scores(confusion), scores)
    np.testing.assert_allclose(precision_and_recall(confusion), [precision, recall])


def test_absent_classes_and_ignored_labels_are_left_out_of_the_mean() -> None:
    logits = np.array([[2.0, 0.0, -9.0], [0.0, 2.0, -9.0], [9.0, 9.0, 9.0]])
    labels = np.array([0, 1, -1])
    for metric in (f1, roc_auc, average_precision):
        assert metric(logits, labels) == 1


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
    of_classes = {"accuracy", "f1", "roc-auc", "average-precision"}
    assert set(METRICS) == of_classes | {"mean-absolute-error", "root-mean-squared-error", "r2"}


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
