"""Neural networks from first principles in NumPy, with hand-written gradients."""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core.engine.engine import Engine
    from nn_core.layers import (
        GELU,
        GRU,
        LSTM,
        Activation,
        AveragePool2D,
        BatchNorm,
        Chain,
        Conv2D,
        Dense,
        Dropout,
        Embedding,
        Flatten,
        GlobalAveragePool2D,
        InstanceNorm,
        LastStep,
        Layer,
        LeakyReLU,
        MaxPool2D,
        Parameter,
        ReLU,
        Residual,
        Sigmoid,
        SimpleRNN,
        Tanh,
    )
    from nn_core.losses import BinaryCrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy
    from nn_core.network import Network
    from nn_core.optim.optimizers import Adam, AdamW, GradientDescent, Momentum, Nesterov, Optimizer, RMSProp
    from nn_core.reference import Reference
    from nn_core.training.callbacks import Callback, EarlyStopping, RestoreBestWeights
    from nn_core.training.history import History
    from nn_core.training.recipe import Recipe
    from nn_core.training.state import TrainingState
    from nn_core.training.trainer import Trainer

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "Activation",
    "Adam",
    "AdamW",
    "AveragePool2D",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Callback",
    "Chain",
    "Conv2D",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "Engine",
    "Flatten",
    "GlobalAveragePool2D",
    "GradientDescent",
    "History",
    "InstanceNorm",
    "LastStep",
    "Layer",
    "LeakyReLU",
    "Loss",
    "MaxPool2D",
    "MeanSquaredError",
    "Momentum",
    "Nesterov",
    "Network",
    "Optimizer",
    "Parameter",
    "RMSProp",
    "ReLU",
    "Recipe",
    "Reference",
    "Residual",
    "RestoreBestWeights",
    "Sigmoid",
    "SimpleRNN",
    "SoftmaxCrossEntropy",
    "Tanh",
    "Trainer",
    "TrainingState",
]

_NAMES = lazy_names(
    __name__,
    {
        "engine.engine": "Engine",
        "layers": """GELU GRU LSTM Activation AveragePool2D BatchNorm Chain Conv2D Dense Dropout
            Embedding Flatten GlobalAveragePool2D InstanceNorm LastStep Layer LeakyReLU MaxPool2D
            Parameter ReLU Residual Sigmoid SimpleRNN Tanh""",
        "losses": "BinaryCrossEntropy Loss MeanSquaredError SoftmaxCrossEntropy",
        "network": "Network",
        "optim.optimizers": "Adam AdamW GradientDescent Momentum Nesterov Optimizer RMSProp",
        "reference": "Reference",
        "training.callbacks": "Callback EarlyStopping RestoreBestWeights",
        "training.history": "History",
        "training.recipe": "Recipe",
        "training.state": "TrainingState",
        "training.trainer": "Trainer",
    },
)

__getattr__, __dir__ = lazy_attributes(__name__, _NAMES)
