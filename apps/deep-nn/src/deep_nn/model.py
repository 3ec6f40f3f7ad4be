"""The network between the data and the answers: built from settings, kept in a checkpoint."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deep_nn.data import Splits, load
from deep_nn.dataset import Dataset, Examples, fingerprint
from deep_nn.preprocessing import Preprocessing, fit
from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.cli.labels import class_names
from nn_core.cli.settings import Settings
from nn_core.errors import CheckpointError, DataError, SettingError
from nn_core.layers import ACTIVATIONS, Activation, Dense, Dropout, Layer
from nn_core.losses import Loss, binary_cross_entropy, softmax_cross_entropy
from nn_core.metrics import probabilities
from nn_core.network import Network
from nn_core.registry import parse
from nn_core.training.trainer import Trainer

PROGRAM = "deep-nn"


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(Settings):
    """A run of deep-nn.

    hidden     widths of the hidden layers, "20,7,5"; "" for none
    keep_prob  what dropout keeps after each hidden layer: one probability, or one per layer
    """

    data: str
    test: str | None
    validation: float
    hidden: str
    activation: str
    initializer: str
    keep_prob: str

    def widths(self) -> tuple[int, ...]:
        """The hidden layers as numbers."""
        return tuple(int(width) for width in self.hidden.split(",") if width.strip())

    def keep_probabilities(self) -> tuple[float, ...]:
        """One for each hidden layer. Raises SettingError if their number is another."""
        kept = tuple(float(p) for p in self.keep_prob.split(","))
        layers = len(self.widths())
        if len(kept) not in {1, layers}:
            raise SettingError(
                f"{len(kept)} keep probabilities for {layers} hidden layers; give one for each, "
                f"or one for all"
            )
        return kept * layers if len(kept) == 1 else kept


@dataclass(frozen=True)
class Prepared:
    """A run that has not begun, and what it was made from."""

    trainer: Trainer
    splits: Splits
    preprocessing: Preprocessing

    def details(self, settings: NetworkSettings) -> dict[str, Any]:
        """What a checkpoint needs beside the network."""
        return {
            "settings": settings.to_dict(),
            "classes": self.splits.train.classes,
            "preprocessing": self.preprocessing.to_dict(),
            "fingerprint": fingerprint(self.splits.train),
        }


@dataclass(frozen=True)
class Model:
    """A trained network that answers for raw examples."""

    network: Network
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    settings: NetworkSettings
    fingerprint: str
    run: checkpoint.Run | None

    def logits(self, x: Examples, source: str) -> Array:
        """(N, outputs) of raw examples; `source` names them if they do not fit.

        Raises ShapeError for examples of another shape, DataError for one so far from the
        training data that the answer is no finite number.
        """
        rows = self.preprocessing.apply(x, self.network.dtype, source)
        with np.errstate(over="ignore", invalid="ignore"):
            logits = self.network.predict(rows)
        lost = ~np.isfinite(logits).all(axis=1)
        if lost.any():
            example = int(np.argmax(lost))
            raise DataError(
                f"{source}: example {example} (from 0) is too far from the training data"
            )
        return logits

    def probabilities(self, x: Examples, source: str) -> Array:
        """P(class | example), (N, classes)."""
        return probabilities(self.logits(x, source))


def load_model(path: Path) -> Model:
    """Read a checkpoint of deep-nn. Raises CheckpointError, in one line."""
    loaded = checkpoint.load(path, program=PROGRAM)
    details = loaded.details
    try:
        settings = NetworkSettings.from_mapping(details["settings"])
        _check(settings)
        model = Model(
            loaded.network,
            class_names(details["classes"]),
            Preprocessing.from_dict(details["preprocessing"]),
            settings,
            details["fingerprint"],
            loaded.run,
        )
    except (KeyError, TypeError, ValueError, CheckpointError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from None
    inputs, outputs = model.network.input_shape, model.network.output_shape
    expected = outputs_for(model.classes)
    if outputs != (expected,) or inputs != (math.prod(model.preprocessing.shape),):
        raise CheckpointError(f"{path} is damaged: its network does not fit its data")
    return model


def _check(settings: NetworkSettings) -> None:
    """Raise ValueError or SettingError for settings that no command line lets through."""
    layers(settings, 1)
    settings.recipe(binary_cross_entropy)
    streams(settings.seed)


def outputs_for(classes: tuple[str, ...]) -> int:
    """One logit for two classes, otherwise one each."""
    return 1 if len(classes) == 2 else len(classes)


def loss_for(classes: tuple[str, ...]) -> Loss:
    """The cross-entropy that goes with `outputs_for`."""
    return binary_cross_entropy if len(classes) == 2 else softmax_cross_entropy


def activation(text: str) -> Activation:
    """The layer that a text such as "relu" or "leaky-relu:slope=0.2" names.

    Raises SettingError for a name or a setting that there is not.
    """
    return parse(text, ACTIVATIONS, "activation")()


def layers(settings: NetworkSettings, outputs: int) -> list[Layer]:
    """Dense, activation and dropout for each hidden width, and a dense layer of logits."""
    chain: list[Layer] = []
    for width, keep in zip(settings.widths(), settings.keep_probabilities(), strict=True):
        chain += [Dense(width, settings.initializer), activation(settings.activation)]
        if keep < 1:
            chain.append(Dropout(keep))
    return [*chain, Dense(outputs, settings.initializer)]


def load_splits(settings: NetworkSettings) -> Splits:
    """What a run trains on and is judged by; the same for the same settings."""
    return load(
        settings.data,
        test=None if settings.test is None else Path(settings.test),
        validation=settings.validation,
        rng=streams(settings.seed)[0],
    )


def splits_of(model: Model) -> Splits:
    """What a model was trained on and judged by.

    Raises DataError if it is no longer to be had, or is no longer the same.
    """
    try:
        splits = load_splits(model.settings)
    except DataError as error:
        raise DataError(f"the data of the model's training: {error}; name other --data") from None
    require_same_data(model, splits)
    return splits


def require_same_data(model: Model, splits: Splits) -> None:
    """Raise DataError unless the training part is that of the model."""
    if fingerprint(splits.train) != model.fingerprint:
        raise DataError(f"{splits.train.name} is not the data that the model was trained on")


def prepare(settings: NetworkSettings) -> Prepared:
    """Data, network and trainer of a run; each draws from its own stream of the seed.

    Raises DataError, ShapeError or SettingError for what cannot be trained.
    """
    _, weights_rng, training_rng, _ = streams(settings.seed)
    splits = load_splits(settings)
    preprocessing = fit(splits.train)
    classes = splits.train.classes
    x, y = _rows(splits.train, preprocessing, settings)
    network = Network(
        layers(settings, outputs_for(classes)),
        input_shape=x.shape[1:],
        rng=weights_rng,
        dtype=settings.dtype,
    )
    trainer = Trainer(
        network,
        x,
        y,
        settings.recipe(loss_for(classes)),
        epochs=settings.epochs,
        rng=training_rng,
        validation=_rows(splits.validation, preprocessing, settings),
        measure_training=True,
    )
    return Prepared(trainer, splits, preprocessing)


def build_trainer(settings: NetworkSettings) -> Trainer:
    """The trainer alone, for comparisons."""
    return prepare(settings).trainer


def streams(seed: int) -> list[np.random.Generator]:
    """Independent generators: data and split, first weights, training, points never seen."""
    return np.random.default_rng(seed).spawn(4)


def run_to_resume(model: Model, prepared: Prepared) -> checkpoint.Run:
    """The run to go on with. Raises CheckpointError or DataError if it cannot go on."""
    if model.run is None:
        raise CheckpointError("the checkpoint holds a network, but no run to go on with")
    require_same_data(model, prepared.splits)
    return model.run


def _rows(dataset: Dataset, preprocessing: Preprocessing, settings: NetworkSettings) -> Any:
    return preprocessing.apply(dataset.x, settings.dtype, dataset.name), dataset.y
