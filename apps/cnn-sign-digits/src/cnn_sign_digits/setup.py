"""Set up a training run from settings: photos, network and trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnn_sign_digits.calibration import Calibration, calibrate, calibration_report
from cnn_sign_digits.datasets.catalog import CATALOG, PhotoSplits, is_generated
from cnn_sign_digits.datasets.extra_data import add_backgrounds, add_extra_data
from cnn_sign_digits.datasets.known_subjects import PhotoReader
from cnn_sign_digits.model import INPUT_SHAPE, Model
from cnn_sign_digits.photo_predictor import PhotoPredictor, Transform
from cnn_sign_digits.settings import PhotoSettings, settings_of, spawn_rngs
from nn_core.arrays import Labels
from nn_core.batches.augmentation import Augment, Augmentation, augmentation
from nn_core.cli.class_weight import weights_by_class
from nn_core.cli.dataset import require_same_data
from nn_core.cli.standard_input import require_stored
from nn_core.errors import DataError, SettingError
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.storage.files import printable

if TYPE_CHECKING:
    from nn_core.training.trainer import Trainer

TEST_TIME_ROTATION = 20.0
"""Degrees."""


@dataclass(frozen=True)
class Setup:
    """A training run, not yet started.

    subjects  of all photos of the data, if `--group` found them
    """

    settings: PhotoSettings
    splits: PhotoSplits
    trainer: Trainer
    subjects: Labels | None = None

    @property
    def source(self) -> str:
        """The name of the training set."""
        return self.splits.train.name

    @property
    def network(self) -> str:
        """A short description of the network."""
        return f"{self.settings.preset} network"

    @property
    def fingerprint(self) -> str:
        """Identifies the training set."""
        return self.splits.fingerprint

    def details(self) -> dict[str, Any]:
        """What a checkpoint stores besides the network."""
        return {
            "settings": self.settings.to_dict(),
            "classes": self.splits.train.classes,
            "fingerprint": self.fingerprint,
            "test_time_augmentation": prediction_transforms(augmentation(self.settings.augment)),
            **({} if self.subjects is None else {"subjects": self.subjects.tolist()}),
        }

    def result(self) -> dict[str, Any]:
        """The final metrics of the run."""
        from nn_core.cli.train_report import training_result

        result = training_result(self.trainer, data=self.source, classes=self.splits.train.classes)
        calibration = self.calibration
        return result if calibration is None else {**result, "calibration": calibration.summary()}

    @cached_property
    def calibration(self) -> Calibration | None:
        """The calibration of the trained network on the validation set; None if there is none."""
        held_out = self.splits.validation
        if held_out is None:
            return None
        augment = augmentation(self.settings.augment)
        predictor = PhotoPredictor(self.trainer.network, prediction_transforms(augment))
        return calibrate(predictor, self.splits.train, held_out, augment, seed=self.settings.seed)

    def final_details(self) -> dict[str, Any]:
        """What the checkpoint of a finished run stores besides `details`."""
        return {} if self.calibration is None else {"calibration": self.calibration.to_dict()}

    def scores(self, result: Mapping[str, Any]) -> dict[str, float]:
        """The metrics on the validation set."""
        from nn_core.cli.train_report import validation_scores

        return validation_scores(result)

    def report(self, result: Mapping[str, Any]) -> str:
        """The result as text."""
        from nn_core.cli.train_report import training_report

        report = training_report(result, network=self.network, origin=self.splits.origin)
        return f"{report}\n{calibration_report(result['calibration'])}" if "calibration" in result else report


def set_up(
    settings: PhotoSettings,
    threads: int | None = None,
    start: Model | None = None,
    resumed: Model | None = None,
    *,
    group: str | None = None,
) -> Setup:
    """Photos, network and trainer of a run.

    threads  number of threads; None for the number of cores, at most 4
    start    the model whose weights the network starts from, with its classes
    resumed  the model of the run to resume, with its classes
    group    `--group`, if the user gave it; that of the settings may be a stranger's, and is not run
    Raises DataError, ShapeError or SettingError for invalid settings or data.
    """
    rngs = spawn_rngs(settings.seed)
    known = start or resumed
    reader = photo_reader(settings, known, group)
    splits = load_splits(settings, None if known is None else known.classes, reader)
    network = Network(
        settings.layers(len(splits.train.classes)), input_shape=INPUT_SHAPE, rng=rngs.weights, dtype=settings.dtype
    )
    from nn_core.cli.train_run import backend_for, start_from
    from nn_core.training.trainer import Trainer

    if start is not None:
        start_from(network, start.network)
    held_out = splits.validation
    trainer = Trainer(
        backend_for(network, settings, threads),
        splits.train.x,
        splits.train.y,
        settings.recipe(softmax_cross_entropy),
        epochs=settings.epochs,
        seed=settings.seed,
        validation=None if held_out is None else (held_out.x, held_out.y),
        measure_training=True,
        augment=augmentation(settings.augment),
        weights=weights_by_class(settings.class_weight, splits.train.y, splits.train.classes),
    )
    return Setup(settings, splits, trainer, reader.found)


def build_trainer(settings: PhotoSettings) -> Trainer:
    """A single-threaded trainer, for sweeps."""
    return set_up(settings, threads=1, group=settings.group).trainer


def photo_reader(settings: PhotoSettings, model: Model | None, group: str | None) -> PhotoReader:
    """What reads the photos of a run, with their subjects.

    model  the model that the settings are of; None for a new run
    group  `--group`, if the user gave it
    Raises DataError for the settings of a model with a group, whose checkpoint has no subjects.
    """
    if settings.group is None or group is not None:
        return PhotoReader(group)
    if model is None or model.subjects is None:
        raise DataError(
            "the photos were split by subject, but the checkpoint does not have the subjects;"
            f" give --group again (it was {printable(settings.group)!r})"
        )
    return PhotoReader(known=model.subjects)


def load_splits(
    settings: PhotoSettings, classes: tuple[str, ...] | None = None, reader: PhotoReader | None = None
) -> PhotoSplits:
    """Training and validation set; the same for the same settings.

    classes  of the model that training starts from; None for those of the data
    reader   reads the photos; None: without a group
    """
    rngs = spawn_rngs(settings.split_seed)
    if settings.group is not None and is_generated(settings.data):
        raise SettingError(f"--group needs a folder of photos, not {settings.data}")
    splits = CATALOG.load(
        settings.data,
        test=settings.test,
        validation=settings.validation,
        fold=settings.fold,
        classes=classes,
        rng=rngs.data,
        read=PhotoReader() if reader is None else reader,
    )
    if settings.backgrounds:
        splits = add_backgrounds(splits, settings.backgrounds, rng=rngs.backgrounds)
    if settings.extra_data != "none":
        splits = add_extra_data(splits, settings.extra_data, rng=rngs.extra_data)
    return splits


def splits_of(model: Model, group: str | None = None) -> PhotoSplits:
    """The training and validation set of a model. Raises DataError if they are missing or changed.

    group  `--group`, if the user gave it
    """
    settings = settings_of(model)
    require_stored(settings.data, settings.test, settings.extra_data)
    reader = photo_reader(settings, model, group)
    try:
        splits = load_splits(settings, model.classes, reader)
    except DataError as error:
        raise DataError(f"cannot load the training data: {error}; give --data instead") from None
    source = (splits.original or splits.train).name
    require_same_data(source, splits.fingerprint, model.fingerprint)
    return splits


def prediction_transforms(augment: Augment | None) -> list[Transform]:
    """Test-time augmentation: transforms of a photo over which predictions are averaged.

    Horizontal flips, and rotations by TEST_TIME_ROTATION in both directions, limited to those used
    in training.
    """
    flips, rotations = [False], [0.0]
    if isinstance(augment, Augmentation):
        if augment.horizontal_flip:
            flips = [False, True]
        if augment.rotation > TEST_TIME_ROTATION:
            rotations = [0.0, TEST_TIME_ROTATION, -TEST_TIME_ROTATION]
    return [(rotation, flip) for rotation in rotations for flip in flips]
