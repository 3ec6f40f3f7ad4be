"""scikit-learn's estimator checks, and its tools with our estimators."""

import copy
import importlib
import os
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from nn_core.sklearn import NetworkClassifier, NetworkRegressor

SMALL = {"hidden": (16, 8), "activation": "tanh", "optimizer": "momentum", "learning_rate": 0.3, "epochs": 40}


@pytest.mark.parametrize(
    "estimator",
    [NetworkClassifier(), NetworkRegressor(), NetworkClassifier(**SMALL), NetworkRegressor(**SMALL)],
    ids=["classifier", "regressor", "small classifier", "small regressor"],
)
def test_all_checks_of_scikit_learn_pass(estimator: Any) -> None:
    results = check_estimator(estimator, on_skip=None)
    skipped = [result["check_name"] for result in results if result["status"] == "skipped"]  # without pandas
    assert {result["status"] for result in results} <= {"passed", "skipped"}
    assert len(results) - len(skipped) >= 50, skipped


def test_a_grid_search_over_a_pipeline() -> None:
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), NetworkClassifier(epochs=20, learning_rate=0.05, random_state=0))
    grid = {"networkclassifier__hidden": [(4,), (16,)], "networkclassifier__l2": [0.1, 1e4]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_params_["networkclassifier__l2"] == 0.1  # the other one leaves no weights
    assert search.best_score_ > 0.9
    network = search.best_estimator_[-1].network_
    assert network.input_shape == (4,)
    assert network.output_shape == (3,)


@pytest.mark.parametrize(
    ("estimator", "data", "least"),
    [(NetworkClassifier, load_breast_cancer, 0.95), (NetworkRegressor, load_diabetes, 0.4)],
)
def test_cross_validation(estimator: Any, data: Any, least: float) -> None:
    X, y = data(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), estimator(epochs=30, random_state=0))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > least


def test_voting_and_calibration() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    network = NetworkClassifier(hidden=(8,), epochs=10, random_state=0)
    voting = VotingClassifier([("network", network), ("bayes", GaussianNB())], voting="soft").fit(X, y)
    assert voting.score(X, y) > 0.9
    calibrated = CalibratedClassifierCV(network, cv=2).fit(X, y)
    assert calibrated.score(X, y) > 0.95
    assert calibrated.predict_proba(X).shape == (569, 2)


@pytest.mark.parametrize("duplicate", [lambda made: pickle.loads(pickle.dumps(made)), copy.deepcopy])
def test_pickle_and_copy(duplicate: Any) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    made = NetworkRegressor(hidden=(4,), random_state=0).partial_fit(X, y)
    other = duplicate(made)
    np.testing.assert_array_equal(other.predict(X), made.predict(X))
    made.partial_fit(X, y)
    assert not np.array_equal(other.predict(X), made.predict(X))
    np.testing.assert_array_equal(other.partial_fit(X, y).predict(X), made.predict(X))  # Adam's state went along
    assert not hasattr(clone(made), "network_")


def test_nn_core_alone_does_not_import_scikit_learn() -> None:
    code = "import sys, nn_core; nn_core.Model; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0


def test_missing_scikit_learn_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("nn_core.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "\./packages/nn-core\[sklearn\]"'):
        importlib.import_module("nn_core.sklearn")
