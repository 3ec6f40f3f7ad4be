"""NetworkClassifier: classes, weights, partial_fit and errors."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits, load_iris, make_blobs

from nn_core.errors import DataError, SettingError
from nn_core.layers import BatchNorm, Conv2D, Dense, Flatten, GlobalAveragePool2D, Reshape
from nn_core.optim.optimizers import Adam
from nn_core.sklearn import NetworkClassifier

X, LABELS = make_blobs(90, centers=3, cluster_std=0.5, random_state=0)
X = (X - X.mean(axis=0)) / X.std(axis=0)


def small(**settings: Any) -> NetworkClassifier:
    return NetworkClassifier(**{"hidden": (8,), "epochs": 20, "learning_rate": 0.05, "random_state": 0, **settings})


@pytest.mark.parametrize(
    "names",
    [
        np.array(["cat", "dog", "owl"]),
        np.array(["cat", "dog", "owl"], object),
        np.array([-1.0, 0.0, 7.0]),
        np.array([1, 20, 300], np.uint16),
        np.array([False, True, True]),
    ],
    ids=lambda names: str(names.dtype),
)
def test_class_labels_of_any_type(names: npt.NDArray[Any]) -> None:
    y = names[LABELS]
    made = small().fit(X, y)
    assert made.classes_.dtype == names.dtype
    assert made.classes_.tolist() == np.unique(names).tolist()
    assert made.predict(X).dtype == names.dtype
    assert made.score(X, y) > 0.97


@pytest.mark.parametrize("count", [2, 3])
def test_probabilities_and_logits_agree_with_the_network(count: int) -> None:
    y = np.minimum(LABELS, count - 1)
    made = small().fit(X, y)
    logits = made.network_(X)
    probabilities = made.predict_proba(X)
    assert probabilities.shape == (90, count)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.exp(made.predict_log_proba(X)), probabilities)
    if count == 2:
        np.testing.assert_allclose(made.decision_function(X), logits[:, 0])
        np.testing.assert_allclose(probabilities[:, 1], 1.0 / (1.0 + np.exp(-logits[:, 0])))
    else:
        np.testing.assert_allclose(made.decision_function(X), logits)
    np.testing.assert_array_equal(made.predict(X), probabilities.argmax(axis=1))


def test_log_probabilities_stay_finite() -> None:
    made = small().fit(X, LABELS > 0)
    assert np.isfinite(made.predict_log_proba(1e6 * X)).all()


def test_dtype_follows_the_examples_by_default() -> None:
    assert small(epochs=1).fit(X, LABELS).predict_proba(X).dtype == np.float64
    assert small(epochs=1).fit(X.astype(np.float32), LABELS).predict_proba(X).dtype == np.float32
    assert small(epochs=1).fit(np.rint(X).astype(int), LABELS).network_.dtype == np.float64
    assert small(epochs=1, dtype="float32").fit(X, LABELS).network_.dtype == np.float32
    with pytest.raises(SettingError, match="'float32' or 'float64', not 'float16'"):
        small(dtype="float16").fit(X, LABELS)


def test_integer_weights_repeat_examples_and_zero_removes_them() -> None:
    x, y = load_iris(return_X_y=True)
    rows = np.arange(0, 150, 5)  # fewer than a batch, repeated too
    weights = np.arange(30) % 3
    weighted = small().fit(x[rows], y[rows], sample_weight=weights)
    rows = np.repeat(rows, weights)
    repeated = small().fit(x[rows], y[rows])
    np.testing.assert_allclose(weighted.predict_proba(x), repeated.predict_proba(x), atol=1e-9)


def test_small_weights_do_not_increase_l2() -> None:
    even = np.full(90, 1.0 / 90)
    plain = small().fit(X, LABELS).predict_proba(X)
    np.testing.assert_allclose(small().fit(X, LABELS, even).predict_proba(X), plain, atol=1e-6)


def test_class_weights_move_the_boundary() -> None:
    x = np.r_[np.zeros(90), np.ones(10)][:, None]
    y = np.array(["no"] * 60 + ["yes"] * 30 + ["no"] * 3 + ["yes"] * 7)  # in both places mixed
    plain = small(hidden=()).fit(x, y)
    assert plain.predict([[0.0]]) == ["no"]
    assert small(hidden=(), class_weight={"yes": 10.0}).fit(x, y).predict([[0.0]]) == ["yes"]
    balanced = small(hidden=(), class_weight="balanced", l2=0.0, epochs=60).fit(x, y)
    share = (30 / 37) / (30 / 37 + 60 / 63)  # of the weight at 0
    assert balanced.predict_proba([[0.0]])[0, 1] == pytest.approx(share, abs=0.02)


def test_partial_fit() -> None:
    made = small(learning_rate=0.02)
    for _ in range(15):
        for start in range(0, 90, 30):
            made.partial_fit(X[start : start + 30], LABELS[start : start + 30], classes=[0, 1, 2])
    assert made.n_iter_ == len(made.history_) == 45
    assert made.score(X, LABELS) > 0.97
    with pytest.raises(SettingError, match="were \\[0 1 2\\] in the first call"):
        made.partial_fit(X, LABELS, classes=[0, 1])
    with pytest.raises(DataError, match=r"unknown classes \[3\]; the classes are \[0, 1, 2\]"):
        made.partial_fit(X, LABELS + 1)


def test_partial_fit_requirements() -> None:
    with pytest.raises(SettingError, match=r"partial_fit\(X, y, classes="):
        small().partial_fit(X, LABELS)
    with pytest.raises(SettingError, match="compute_class_weight"):
        small(class_weight="balanced").partial_fit(X, LABELS, classes=[0, 1, 2])


def test_custom_layers() -> None:
    x, y = load_digits(return_X_y=True)
    x, y = x[:300] / 16.0, y[:300]
    layers = [Reshape((8, 8, 1)), Conv2D(8, 3), BatchNorm(), "relu", Flatten()]
    made = small(layers=layers, epochs=8).fit(x, y)
    assert made.score(x, y) > 0.95
    assert made.network_.shapes[-2:] == [(8 * 6 * 6,), (10,)]
    with pytest.raises(SettingError, match=r"output shape \(8, 8, 1\).* add Flatten\(\)"):
        small(layers=[Reshape((8, 8, 1))]).fit(x, y)
    assert small(layers=[Reshape((8, 8, 1)), GlobalAveragePool2D()], epochs=1).fit(x, y).network_.output_shape == (10,)


def test_hidden_layers() -> None:
    made = small(hidden=(5, 4), activation="leaky-relu:slope=0.2", initializer="he", dropout=0.5, epochs=1)
    names = [type(layer).__name__ for layer in made.fit(X, LABELS).network_.layers]
    assert names == ["Dense", "LeakyReLU", "Dropout", "Dense", "LeakyReLU", "Dropout", "Dense"]
    assert small(hidden=7, epochs=1).fit(X, LABELS).network_.shapes[1] == (7,)
    assert small(hidden=(), epochs=1).fit(X, LABELS).network_.layers == (Dense(3, initializer="xavier"),)


def test_unusable_data_is_rejected() -> None:
    with pytest.raises(TypeError, match=r"Sparse data was passed for X, but dense data is required.*toarray"):
        small().fit(csr_array(X), LABELS)
    with pytest.raises(SettingError, match=r"at least two classes, but y has one class: \['a'\]"):
        small().fit(X, ["a"] * 90)
    with pytest.raises(ValueError, match="zero"):
        small().fit(X, LABELS, np.zeros(90))
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        small().fit(X, LABELS, -np.ones(90))
    with pytest.raises(ValueError, match="continuous"):
        small().fit(X, X[:, 0])


def test_partial_fit_keeps_the_state_of_the_optimizer() -> None:
    """Two calls with all examples as one batch are two steps of one run of Adam."""
    calls = small(batch_size=None, l2=0.0).partial_fit(X, LABELS, classes=[0, 1, 2])
    moments = {name: vector.copy() for name, vector in calls._partial.optimizer_state.items()}
    calls.partial_fit(X, LABELS)
    assert calls._partial.step == 2
    assert any(vector.any() for vector in moments.values())
    once = small(batch_size=None, l2=0.0, epochs=2, schedule="constant").fit(X, LABELS)
    np.testing.assert_allclose(calls.network_.vector, once.network_.vector, rtol=1e-5, atol=1e-6)


def test_class_weights_multiply_sample_weights() -> None:
    weights = np.where(LABELS == 2, 2.0, 1.0)
    both = small(class_weight={0: 3.0, 1: 1.0, 2: 1.0}).fit(X, LABELS, sample_weight=weights)
    product = small().fit(X, LABELS, sample_weight=weights * np.where(LABELS == 0, 3.0, 1.0))
    np.testing.assert_allclose(both.network_.vector, product.network_.vector, rtol=1e-6, atol=1e-7)


def test_arguments_of_other_estimators() -> None:
    for given, line in [
        ({"hidden_layer_sizes": (3,)}, "use NetworkClassifier(hidden=(3,))"),
        ({"max_iter": 5}, "use NetworkClassifier(epochs=5)"),
        ({"alpha": 0.1}, "use NetworkClassifier(l2=0.1)"),
    ]:
        with pytest.raises(TypeError) as refused:
            NetworkClassifier(**given)
        assert line in str(refused.value)
    assert NetworkClassifier(optimizer=Adam(0.1), epochs=1).fit(X, LABELS).n_iter_ == 1
