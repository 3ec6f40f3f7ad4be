"""Networks as scikit-learn estimators: `NetworkClassifier` and `NetworkRegressor`."""

try:
    import sklearn as _installed  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "sklearn":
        raise
    message = 'nn_core.sklearn needs scikit-learn: pip install "./packages/nn-core[sklearn]"'
    raise ModuleNotFoundError(message, name="sklearn") from None

from nn_core.sklearn.classifier import NetworkClassifier
from nn_core.sklearn.regressor import NetworkRegressor

__all__ = ["NetworkClassifier", "NetworkRegressor"]
