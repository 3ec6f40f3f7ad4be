"""A problem of the suite of `compare-optimizers`: synthetic hands."""

from cnn_sign_digits.settings import PhotoSettings
from cnn_sign_digits.setup import build_trainer
from nn_core.cli.tuning.workload import Workload


def hands() -> Workload:
    """Synthetic hands, small enough for many runs."""
    settings = PhotoSettings.from_mapping(
        {
            "optimizer": "adam",
            "learning_rate": None,
            "schedule": "constant",
            "batch_size": 32,
            "epochs": 12,
            "l2": 0.0,
            "clip_norm": None,
            "early_stopping": None,
            "seed": 0,
            "dtype": "float32",
            "data": "synthetic:count=300",
            "test": None,
            "validation": 0.33,
            "group": None,
            "extra_data": "none",
            "backgrounds": 0,
            "preset": "classic",
            "activation": "relu",
            "initializer": "he",
            "dropout": 0.0,
            "augment": "none",
        }
    )
    return Workload("hands", "300 synthetic hands, the preset classic, 12 epochs", build_trainer, settings, target=1.1)
