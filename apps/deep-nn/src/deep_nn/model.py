"""Build a network from settings, and load a trained model from its checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from deep_nn import target_scale
from deep_nn.datasets import RawExamples, columns, preprocessing
from deep_nn.datasets.columns import Columns
from deep_nn.datasets.preprocessing import Preprocessing
from deep_nn.settings import NetworkSettings, migrate_settings
from deep_nn.target_scale import TargetScale
from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.checkpoint import Checkpoint
from nn_core.cli.labels import CLASSES, class_names
from nn_core.cli.settings import SETTINGS, OptionTypes, option_types, require_options
from nn_core.engine.engine import Engine
from nn_core.errors import CheckpointError, DataError
from nn_core.layers import ACTIVATIONS, Activation, Dense, Dropout, Layer
from nn_core.losses import Loss, binary_cross_entropy, mean_squared_error, softmax_cross_entropy
from nn_core.metrics import probabilities
from nn_core.network import Network
from nn_core.storage.json_schema import Schema, Text, check_json

if TYPE_CHECKING:
    from deep_nn.datasets.trained_table import TrainedTable

PROGRAM = "deep-nn"
BLOCK = 2**14
"""Examples predicted at a time."""


@dataclass(frozen=True)
class Model:
    """A trained network with its classes and preprocessing, for raw examples.

    classes      their names; none for regression
    target       the scale of the target; None for classification
    checkpoint   the contents of the file: the network, and optionally a run to resume
    fingerprint  identifies the training set (see `nn_core.cli.dataset.fingerprint`)
    columns      of the training table; None for other data, and in checkpoints until 0.1
    """

    checkpoint: Checkpoint
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    settings: NetworkSettings
    fingerprint: str
    target: TargetScale | None = None
    columns: Columns | None = None

    @property
    def table(self) -> TrainedTable | None:
        """How to read tables for this model; None for a model of images."""
        from deep_nn.datasets.trained_table import TrainedTable

        shape = self.preprocessing.shape
        if len(shape) == 3:
            return None
        columns = self.columns or Columns.unnamed(shape[0], regress=self.target is not None)
        seen = self.preprocessing.categories or None
        return TrainedTable(columns, self.settings.table_options, self.classes, seen)

    @property
    def network(self) -> Network:
        """The trained network, which outputs logits, or the standardized target."""
        return self.checkpoint.network

    def logits(self, x: RawExamples, source: str) -> Array:
        """Logits (N, outputs) of raw examples.

        source  where they come from, for messages
        Raises ShapeError for examples of another shape, DataError where a logit is not finite.
        """
        return np.concatenate(list(self.logit_blocks(x, source)))

    def logit_blocks(self, x: RawExamples, source: str) -> Iterator[Array]:
        """The logits of BLOCK examples after another, so that memory does not grow with their number."""
        engine = Engine(self.network)
        for start in range(0, len(x), BLOCK):
            try:
                rows = self.preprocessing.apply(x[start : start + BLOCK], self.network.dtype, source)
            except DataError:
                self.preprocessing.apply(x[: start + BLOCK], self.network.dtype, source)  # to count from the first
                raise
            with np.errstate(over="ignore", invalid="ignore"):
                logits, _ = engine.predict(rows)
            overflow = ~np.isfinite(logits).all(axis=1)
            if overflow.any():
                raise DataError(
                    f"{source}: the network overflows at example {start + int(np.argmax(overflow))} (from 0),"
                    " which is too far from the training data"
                )
            yield logits

    def values(self, x: RawExamples, source: str) -> npt.NDArray[np.float64]:
        """Predictions of a regression (N,), in the units of the target. Raises DataError for a model of classes."""
        if self.target is None:
            raise DataError("the model predicts classes, not numbers")
        return self.target.restore(self.logits(x, source))

    def probabilities(self, x: RawExamples, source: str) -> Array:
        """P(class | example), (N, classes)."""
        return probabilities(self.logits(x, source))


DETAILS: Schema = {
    "settings": SETTINGS,
    "classes": CLASSES,
    "preprocessing": preprocessing.SCHEMA,
    "fingerprint": Text(100),
    "columns?": (columns.SCHEMA, None),
    "target?": (target_scale.SCHEMA, None),
}
"""The details of a deep-nn checkpoint."""


def load_model(path: Path) -> Model:
    """Load a deep-nn checkpoint. Raises CheckpointError with a one-line message."""
    return checkpoint.load_model(path, PROGRAM, model_of)


def model_of(loaded: Checkpoint) -> Model:
    """The model of a deep-nn checkpoint. Raises an NNError if its details are invalid."""
    details = loaded.details
    check_json(details, DETAILS, source="/details")
    settings = NetworkSettings.from_mapping(migrate_settings(details["settings"]))
    require_options(settings, _option_types())
    build_layers(settings, 1)
    settings.recipe(binary_cross_entropy)
    target = None if details.get("target") is None else TargetScale.from_dict(details["target"])
    model = Model(
        loaded,
        () if target is not None else class_names(details["classes"]),
        Preprocessing.from_dict(details["preprocessing"]),
        settings,
        details["fingerprint"],
        target,
        None if details.get("columns") is None else Columns.from_dict(details["columns"]),
    )
    shapes = model.network.input_shape, model.network.output_shape
    if shapes != ((model.preprocessing.inputs,), (output_units(model.classes),)) or not _fits(model):
        raise CheckpointError("its network does not fit its data")
    return model


@cache
def _option_types() -> OptionTypes:
    from deep_nn.options import network_options

    return option_types(network_options())


checkpoint.READERS[PROGRAM] = model_of


def _fits(model: Model) -> bool:
    """Whether columns and preprocessing are of the same features."""
    if model.columns is None:
        return not model.preprocessing.categories
    if model.columns.regress != (model.target is not None):
        return False
    features, codes = model.columns.features, model.preprocessing.categories
    return model.preprocessing.shape == (len(features),) and all(
        bool(held) == (feature.kind == "category") and max(held, default=-1) < len(feature.categories)
        for feature, held in zip(features, codes or [()] * len(features), strict=True)
    )


def output_units(classes: tuple[str, ...]) -> int:
    """One logit for two classes, otherwise one per class; one output for regression."""
    return 1 if len(classes) in {0, 2} else len(classes)


def loss_for(classes: tuple[str, ...]) -> Loss:
    """Binary cross-entropy for two classes, otherwise softmax cross-entropy; mean squared error for regression."""
    if not classes:
        return mean_squared_error
    return binary_cross_entropy if len(classes) == 2 else softmax_cross_entropy


def activation(text: str) -> Activation:
    """The layer for a text such as "relu" or "leaky-relu:slope=0.2".

    Raises SettingError for an unknown name or setting.
    """
    made: Activation = ACTIVATIONS.parse(text)()
    return made


def build_layers(settings: NetworkSettings, outputs: int) -> list[Layer]:
    """Dense, activation and dropout per hidden layer, then a dense layer of logits."""
    layers: list[Layer] = []
    for units, rate in zip(settings.units(), settings.dropout_rates(), strict=True):
        layers += [Dense(units, initializer=settings.initializer), activation(settings.activation)]
        if rate > 0:
            layers.append(Dropout(rate))
    return [*layers, Dense(outputs, initializer=settings.initializer)]
