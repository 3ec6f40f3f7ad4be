"""NetworkRegressor, and features shared with the classifier: early stopping, warm start, seeds."""

from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import DataConversionWarning

from nn_core.errors import DataError, SettingError
from nn_core.sklearn import NetworkClassifier, NetworkRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=120)


def small(**settings: Any) -> NetworkRegressor:
    return NetworkRegressor(**{"hidden": (8,), "epochs": 20, "learning_rate": 0.05, "random_state": 0, **settings})


def test_invariant_to_target_units() -> None:
    plain = small().fit(X, Y)
    assert plain.score(X, Y) > 0.95
    other = small().fit(X, 1000.0 * Y + 5000.0)
    np.testing.assert_allclose(other.predict(X), 1000.0 * plain.predict(X) + 5000.0, rtol=1e-9)
    np.testing.assert_allclose(other.history_["training_loss"], plain.history_["training_loss"])


def test_network_predicts_in_original_units() -> None:
    made = small().fit(X, Y + 100.0)
    np.testing.assert_allclose(made.network_(X)[:, 0], made.predict(X))
    assert made.predict(X).mean() == pytest.approx(100.0, abs=1.0)


def test_constant_targets() -> None:
    np.testing.assert_allclose(small(epochs=50).fit(X, np.full(120, 7.0)).predict(X), 7.0, atol=0.1)


def test_several_targets_and_column_targets() -> None:
    both = np.c_[Y, 100.0 * X[:, 0]]
    made = small(epochs=40).fit(X, both)
    assert made.predict(X).shape == (120, 2)
    assert made.score(X, both) > 0.9
    with pytest.warns(DataConversionWarning):
        column = small().fit(X, Y[:, None])
    np.testing.assert_array_equal(column.predict(X), small().fit(X, Y).predict(X))


def test_sample_weights() -> None:
    x, y = np.zeros((20, 1)), np.arange(20) % 2.0
    made = small(l2=0.0, epochs=60).fit(x, y, np.where(y > 0, 3.0, 1.0))
    assert made.predict(x[:1])[0] == pytest.approx(0.75, abs=0.01)  # 3 / (1 + 3)


def test_partial_fit_keeps_the_first_standardization() -> None:
    made = small(learning_rate=0.02)
    y = 50.0 * Y + 200.0
    for _ in range(15):
        for start in range(0, 120, 40):
            made.partial_fit(X[start : start + 40], y[start : start + 40])
    assert made.n_iter_ == 45
    assert made.score(X, y) > 0.95
    with pytest.raises(DataError, match="y has 2 columns, but the first call had 1"):
        made.partial_fit(X, np.c_[y, y])


@pytest.mark.parametrize("make", [NetworkClassifier, NetworkRegressor])
def test_warm_start_continues(make: Any) -> None:
    y = Y > 0 if make is NetworkClassifier else Y
    made = make(hidden=(8,), epochs=5, random_state=0, warm_start=True).fit(X, y)
    first, network = made.history_, made.network_
    made.fit(X, y)
    assert made.network_ is network
    assert made.n_iter_ == 5
    assert made.history_["training_loss"][0] < first.columns["training_loss"][0]
    made.set_params(warm_start=False).fit(X, y)
    assert made.network_ is not network
    assert made.history_["training_loss"] == first.columns["training_loss"]


def test_warm_start_with_other_classes_is_refused() -> None:
    made = NetworkClassifier(epochs=1, warm_start=True).fit(X, Y > 0)
    with pytest.raises(DataError, match=r"unknown classes \[2\]"):
        made.fit(X, np.where(Y > 0, 2, 0))


@pytest.mark.parametrize("make", [NetworkClassifier, NetworkRegressor])
def test_early_stopping_restores_the_best_epoch(make: Any) -> None:
    noise = np.random.default_rng(1).normal(size=120)
    y = noise > 0 if make is NetworkClassifier else noise  # nothing to learn, so it stops soon
    settings = {"validation": 0.25, "l2": 0.0, "schedule": "constant", "random_state": 0}
    made = make(epochs=100, early_stopping=3, **settings).fit(X, y)
    losses = made.history_["validation_loss"]
    best = int(np.argmin(losses)) + 1
    assert made.n_iter_ == len(losses) == best + 3 < 100
    as_many = make(epochs=best, early_stopping=3, **settings).fit(X, y)
    np.testing.assert_array_equal(made.predict(X), as_many.predict(X))


def test_early_stopping_is_a_number_of_epochs() -> None:
    with pytest.raises(SettingError, match="early_stopping=10"):
        small(early_stopping=True).fit(X, Y)
    with pytest.raises(SettingError, match="validation"):
        small(early_stopping=2, validation=1.5).fit(X, Y)


def test_seeds() -> None:
    def predict(seed: Any) -> Any:
        return small(epochs=1, random_state=seed).fit(X, Y).predict(X)

    np.testing.assert_array_equal(predict(3), predict(np.random.RandomState(3)))
    assert not np.array_equal(predict(3), predict(4))
    assert not np.array_equal(predict(None), predict(None))


def test_threads_change_nothing() -> None:
    np.testing.assert_array_equal(small(threads=2).fit(X, Y).predict(X), small().fit(X, Y).predict(X))


def test_verbose_shows_progress(capsys: pytest.CaptureFixture[str]) -> None:
    small(verbose=True, epochs=10).fit(X, Y)
    assert capsys.readouterr().err.count("epoch") == 10
    small().fit(X, Y)
    assert capsys.readouterr() == ("", "")


def test_parameters_are_validated_in_fit() -> None:
    for wrong in ({"activation": "rleu"}, {"optimizer": "adm"}, {"hidden": (0,)}, {"dropout": 1.5}, {"epochs": -1}):
        with pytest.raises(SettingError):
            small(**wrong).fit(X, Y)
    with pytest.raises(SettingError, match="twice"):
        small(optimizer="adam:learning_rate=0.1").fit(X, Y)
    small(optimizer="adam:learning_rate=0.1", learning_rate=None, epochs=1).fit(X, Y)
