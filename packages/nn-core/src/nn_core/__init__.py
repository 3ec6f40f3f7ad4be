"""Neural networks from first principles in NumPy, every gradient written by hand."""

from nn_core.callbacks import BestWeights, Callback, EarlyStopping
from nn_core.history import History
from nn_core.layers import GELU, Dense, Dropout, Flatten, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.network import Network
from nn_core.training import Recipe, Trainer

__all__ = [
    "GELU",
    "BestWeights",
    "Callback",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Flatten",
    "History",
    "LeakyReLU",
    "Network",
    "ReLU",
    "Recipe",
    "Sigmoid",
    "Tanh",
    "Trainer",
]
