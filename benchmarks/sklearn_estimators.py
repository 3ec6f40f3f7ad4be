"""Compare NetworkClassifier and NetworkRegressor with scikit-learn's MLPs: score and time, ten folds.

Data sets of scikit-learn: digits, breast cancer, diabetes. In each fold, the estimators take turns, in
alternating order: standardize the features, fit, and score the held-out tenth. All have one hidden layer
of 100 units and default settings; additional rows run the MLPs with our settings, and for diabetes with
standardized targets.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sklearn
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from nn_core.optim import Adam
from nn_core.sklearn import NetworkClassifier, NetworkRegressor

FOLDS = 10
OURS = NetworkClassifier()
SAME = {"max_iter": OURS.epochs, "batch_size": OURS.batch_size, "learning_rate_init": Adam().base_rate, "tol": 0.0}
"""Our settings for an MLP, which has no cosine schedule; its L2 is divided by the batch size instead of N."""


def classifiers(count: int, seed: int) -> dict[str, Any]:
    return {
        "NetworkClassifier": NetworkClassifier(random_state=seed),
        "MLPClassifier": MLPClassifier(random_state=seed),
        "MLPClassifier, our settings": MLPClassifier(random_state=seed, alpha=penalty(count), **SAME),
    }


def regressors(count: int, seed: int) -> dict[str, Any]:
    return {
        "NetworkRegressor": NetworkRegressor(random_state=seed),
        "MLPRegressor": MLPRegressor(random_state=seed),
        "MLPRegressor, y standardized": standardized(MLPRegressor(random_state=seed)),
        "MLPRegressor, y standardized, our settings": standardized(
            MLPRegressor(random_state=seed, alpha=penalty(count), **SAME)
        ),
    }


def penalty(count: int) -> float:
    return OURS.l2 * OURS.batch_size / count


def standardized(regressor: MLPRegressor) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(regressor, transformer=StandardScaler())


Make = Callable[[int, int], dict[str, Any]]
TASKS: list[tuple[str, Callable[..., Any], Make]] = [
    ("digits", load_digits, classifiers),
    ("breast cancer", load_breast_cancer, classifiers),
    ("diabetes", load_diabetes, regressors),
]


@dataclass
class Row:
    """The results of an estimator on a data set, compared with ours.

    score       accuracy, or R^2
    difference  ours minus this, mean and standard error over the folds of all repeats
    seconds     to fit and score one fold, median
    ratio       this divided by ours, median over the folds
    """

    data: str
    estimator: str
    score: float
    difference: float
    error: float
    seconds: float
    ratio: float


def measure(data: str, load: Callable[..., Any], make: Make, repeats: int) -> list[Row]:
    X, y = load(return_X_y=True)
    scores: dict[str, list[float]] = {}
    times: dict[str, list[float]] = {}
    for seed in range(repeats):
        splitter = (StratifiedKFold if make is classifiers else KFold)(FOLDS, shuffle=True, random_state=seed)
        for fold, (training, test) in enumerate(splitter.split(X, y)):
            estimators = list(make(len(training), seed).items())
            for name, estimator in reversed(estimators) if fold % 2 else estimators:
                pipeline = make_pipeline(StandardScaler(), estimator)
                start = time.perf_counter()
                score = pipeline.fit(X[training], y[training]).score(X[test], y[test])
                times.setdefault(name, []).append(time.perf_counter() - start)
                scores.setdefault(name, []).append(score)
    ours = next(name for name in scores if name.startswith("Network"))
    rows = []
    for name in sorted(scores, key=lambda name: (name != ours, len(name))):
        apart = np.subtract(scores[ours], scores[name])
        ratio = statistics.median(np.divide(times[name], times[ours]).tolist())
        error = float(apart.std(ddof=1) / np.sqrt(len(apart)))
        seconds = statistics.median(times[name])
        rows.append(Row(data, name, float(np.mean(scores[name])), float(apart.mean()), error, seconds, ratio))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="Repetitions of the ten folds, with different seeds.")
    parser.add_argument("--threads", type=int, default=1, help="of the BLAS")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    wanted = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # MLPs with default settings stop before convergence
    with threadpool_limits(wanted.threads):
        rows = [row for task in TASKS for row in measure(*task, wanted.repeats)]
    if wanted.json:
        print(json.dumps({"scikit-learn": sklearn.__version__, "rows": [asdict(row) for row in rows]}))
        return
    print(f"scikit-learn {sklearn.__version__}, {wanted.repeats} x {FOLDS} folds, BLAS threads: {wanted.threads}\n")
    print(f"{'data':<14} {'estimator':<43} {'score':>7} {'ours better by':>17} {'seconds':>8} {'ratio':>6}")
    for row in rows:
        print(
            f"{row.data:<14} {row.estimator:<43} {row.score:>7.4f} {row.difference:>8.4f} ± {row.error:.4f} "
            f"{row.seconds:>8.3f} {row.ratio:>6.2f}"
        )


if __name__ == "__main__":
    main()
