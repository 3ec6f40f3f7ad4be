"""Networks whose layers are measured: new ones for each initializer, and trained ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deep_nn.layer_statistics import Measured, measure
from deep_nn.model import activation, build_layers, load_model, loss_for, output_units
from deep_nn.settings import NetworkSettings
from deep_nn.setup import build_trainer, evaluation_data, random_generators, splits_of
from nn_core.arrays import Array
from nn_core.errors import DivergenceError
from nn_core.layers import Activation
from nn_core.network import Network
from nn_core.progress import track
from nn_core.registry import require

EXAMPLES = 1000
"""Examples measured, at even distances."""
MOST_NETWORKS = 8
"""What fits in a figure."""


@dataclass(frozen=True)
class Layers:
    """What was measured.

    data         its name
    examples     how many of them
    activation   name of the activation function
    when         "before training", "after 20 epochs"
    networks     one per row of the figure
    input_scale  root mean square of their inputs
    by           what the rows and columns of a figure are
    """

    data: str
    examples: int
    activation: str
    when: str
    networks: tuple[Measured, ...]
    input_scale: float
    by: str = "initializer and hidden layer"

    @property
    def function(self) -> Activation:
        """The activation function."""
        return activation(self.activation)

    @property
    def what(self) -> str:
        """What the networks are, such as "tanh, before training"."""
        return f"{self.activation}, {self.when}"

    def title(self, quantity: str) -> str:
        """Of a figure of activations or gradients."""
        return f"{quantity} by {self.by} ({self.what})"


def measure_new(initializers: Sequence[str], options: Mapping[str, Any], *, epochs: int) -> Layers:
    """New networks, which differ in their initializer only.

    options  the fields of `NetworkSettings` about data and network, and the seed
    epochs   of training before they are measured
    """
    _require_room(len(initializers))
    found = []
    for name in track(initializers, "initializer"):
        settings = NetworkSettings(
            **options, initializer=name, optimizer="adam", learning_rate=None, schedule="constant", batch_size=64,
            epochs=epochs, l2=0.0, clip_norm=None, early_stopping=None, dtype="float32",
        )  # fmt: skip
        require(len(settings.units()) > 0, "activations need a hidden layer; --hidden has none")
        trainer = build_trainer(settings)
        if epochs:
            try:
                trainer.run()
            except DivergenceError as error:
                raise DivergenceError(f"{name}: {error}") from None
        x, y = _sample(*trainer.examples)
        found.append(measure(name, trainer.network, x, y, trainer.recipe.loss))
    when = f"after {epochs} epoch{'s' * (epochs != 1)}" if epochs else "before training"
    return Layers(options["data"], len(x), options["activation"], when, tuple(found), _scale(x))


def measure_model(path: Path, initializers: Sequence[str], data: str | None) -> Layers:
    """A trained network, and before it new ones of the same layers.

    initializers  of the new ones; none for that of the model
    data          what is measured; None for the training set
    """
    model = load_model(path)
    require(len(model.settings.units()) > 0, f"activations need a hidden layer; the network of {path} has none")
    _require_room(len(initializers) + 1)
    dataset = splits_of(model).train if data is None else evaluation_data(model, data)
    raw, labels = _sample(dataset.x, dataset.y)
    x = model.preprocessing.apply(raw, model.network.dtype, dataset.name)
    loss = loss_for(model.classes)
    targets = labels if model.target is None else model.target.standardize(labels, dataset.name)
    y = loss.as_targets(targets, model.network.output_shape)
    found = []
    for name in initializers or (model.settings.initializer,):
        layers = build_layers(replace(model.settings, initializer=name), output_units(model.classes))
        rng = random_generators(model.settings.seed)[1]
        network = Network(layers, input_shape=model.network.input_shape, rng=rng, dtype=model.network.dtype)
        found.append(measure(f"untrained: {name}", network, x, y, loss))
    found.append(measure(f"trained: {path.name}", model.network, x, y, loss))
    return Layers(
        dataset.name,
        len(x),
        model.settings.activation,
        "before and after training",
        tuple(found),
        _scale(x),
        "hidden layer",
    )


def _sample(x: Any, y: npt.NDArray[Any]) -> tuple[Array, npt.NDArray[Any]]:
    rows = np.unique(np.linspace(0, len(x) - 1, min(len(x), EXAMPLES)).round().astype(int))
    return np.asarray(x[:])[rows], y[rows]


def _scale(x: Array) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def _require_room(networks: int) -> None:
    require(networks <= MOST_NETWORKS, f"{networks} networks do not fit in a figure; at most {MOST_NETWORKS} do")
