"""Neural networks from first principles in NumPy, with hand-written gradients.

    import numpy as np
    from nn_core import Dense, Model, Network, ReLU

    x = np.random.default_rng(0).normal(size=(400, 2))     # one row per example
    y = x[:, 0] * x[:, 1] > 0                              # class labels: 0, 1, 2, ... (or False, True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)               # standardize the features

    network = Network([Dense(16), ReLU(), Dense(2)], input_shape=(2,), seed=0)
    model = Model(network, "softmax-cross-entropy", "adam", learning_rate=0.01)
    history = model.fit(x, y, epochs=20, validation=0.2, seed=0)
    print(history["validation_loss"][-1])
    print(model.evaluate(x, y))                            # {"loss": 0.1, "accuracy": 0.97}
    model.predict(x), model.probabilities(x)               # classes (N,), probabilities (N, 2)
    model.save("model.h5")
    model = Model.load("model.h5")

A network outputs logits; the loss includes the softmax or sigmoid. Losses by name:

    "softmax-cross-entropy"   classes 0 to C - 1; the last layer is Dense(C)
    "binary-cross-entropy"    labels 0 and 1; the last layer is Dense(1)
    "mean-squared-error"      real numbers; the last layer is Dense(1), or Dense(D) for D targets

Shapes of one example, without the batch axis, with channels last:

    input_shape=(30,)           features         Dense
    input_shape=(64, 64, 3)     images           Conv2D, MaxPool2D, Flatten, Dense
    input_shape=(None, 8)       sequences        LSTM, GRU, SimpleRNN, LastStep
    input_shape=(None,)         tokens           Embedding, then LSTM, GRU, ...

Training
    Model                fit, evaluate, predict, probabilities, save and load
    Network              a chain of layers with its weights: network(x), network.params
    Trainer              the training loop of Model: stops and resumes after any step
    Recipe               loss, optimizer and their settings
    Engine, Reference    backends: fast, or layer by layer as written
    History              metrics by epoch: history["loss"], history.columns, history.plot()
    summarize            print(summarize(network)): shapes, parameters, cost of each layer
    EarlyStopping        model.fit(..., callbacks=[EarlyStopping(5)]) restores the best weights
    Callback             base class of callbacks, with hooks after each step and epoch; RestoreBestWeights
    TrainingState        the argument of callbacks

Layers
    Dense                y = x @ W + b
    Conv2D               convolution of images; MaxPool2D, AveragePool2D, GlobalAveragePool2D
    SimpleRNN, GRU, LSTM recurrent layers; LastStep, MeanOverTime: one output per sequence
    Embedding            a vector for each token
    BatchNorm            normalization over the batch; InstanceNorm, over each image
    Dropout              Dropout(0.2) drops 20% in training
    Flatten, Reshape     change the shape; Select picks columns
    Residual, Parallel   x + f(x), and parallel branches; Chain, a list of layers as one layer
    ReLU, LeakyReLU, GELU, Sigmoid, Tanh    activation layers; Activation is their base class
    Layer, Parameter     for custom layers

Losses       SoftmaxCrossEntropy, BinaryCrossEntropy, MeanSquaredError; Loss for custom ones
Optimizers   GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW, Lion, Muon, ScheduleFreeAdamW, SOAP;
             Optimizer for custom ones

Modules, imported on first use: nn_core.losses, .metrics, .optim, .training, .batches, .checkpoint,
.summary, .gradient_check, .generate, .exchange, .sklearn; see help(nn_core.losses) etc.
"""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core import batches as batches
    from nn_core import checkpoint as checkpoint
    from nn_core import engine as engine
    from nn_core import errors as errors
    from nn_core import exchange as exchange
    from nn_core import generate as generate
    from nn_core import gradient_check as gradient_check
    from nn_core import initializers as initializers
    from nn_core import layers as layers
    from nn_core import losses as losses
    from nn_core import metrics as metrics
    from nn_core import network as network
    from nn_core import optim as optim
    from nn_core import reference as reference
    from nn_core import registry as registry
    from nn_core import summary as summary
    from nn_core import training as training
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
        MeanOverTime,
        Parallel,
        Parameter,
        ReLU,
        Reshape,
        Residual,
        Select,
        Sigmoid,
        SimpleRNN,
        Tanh,
    )
    from nn_core.losses import BinaryCrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy
    from nn_core.model import Model
    from nn_core.network import Network
    from nn_core.optim.lion import Lion
    from nn_core.optim.muon import Muon
    from nn_core.optim.optimizers import Adam, AdamW, GradientDescent, Momentum, Nesterov, Optimizer, RMSProp
    from nn_core.optim.schedule_free import ScheduleFreeAdamW
    from nn_core.optim.soap import SOAP
    from nn_core.reference import Reference
    from nn_core.summary import summarize
    from nn_core.training.callbacks import Callback, EarlyStopping, RestoreBestWeights
    from nn_core.training.history import History
    from nn_core.training.recipe import Recipe
    from nn_core.training.state import TrainingState
    from nn_core.training.trainer import Trainer
    from nn_core.version import __version__

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "SOAP",
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
    "Lion",
    "Loss",
    "MaxPool2D",
    "MeanOverTime",
    "MeanSquaredError",
    "Model",
    "Momentum",
    "Muon",
    "Nesterov",
    "Network",
    "Optimizer",
    "Parallel",
    "Parameter",
    "RMSProp",
    "ReLU",
    "Recipe",
    "Reference",
    "Reshape",
    "Residual",
    "RestoreBestWeights",
    "ScheduleFreeAdamW",
    "Select",
    "Sigmoid",
    "SimpleRNN",
    "SoftmaxCrossEntropy",
    "Tanh",
    "Trainer",
    "TrainingState",
    "__version__",
    "summarize",
]

_NAMES = lazy_names(
    __name__,
    {
        "engine.engine": "Engine",
        "layers": """GELU GRU LSTM Activation AveragePool2D BatchNorm Chain Conv2D Dense Dropout
            Embedding Flatten GlobalAveragePool2D InstanceNorm LastStep Layer LeakyReLU MaxPool2D
            MeanOverTime Parallel Parameter ReLU Reshape Residual Select Sigmoid SimpleRNN Tanh""",
        "losses": "BinaryCrossEntropy Loss MeanSquaredError SoftmaxCrossEntropy",
        "model": "Model",
        "network": "Network",
        "optim.lion": "Lion",
        "optim.muon": "Muon",
        "optim.optimizers": "Adam AdamW GradientDescent Momentum Nesterov Optimizer RMSProp",
        "optim.schedule_free": "ScheduleFreeAdamW",
        "optim.soap": "SOAP",
        "reference": "Reference",
        "training.callbacks": "Callback EarlyStopping RestoreBestWeights",
        "training.history": "History",
        "training.recipe": "Recipe",
        "training.state": "TrainingState",
        "summary": "summarize",
        "training.trainer": "Trainer",
        "version": "__version__",
    },
)

__getattr__, __dir__ = lazy_attributes(__name__, _NAMES)
