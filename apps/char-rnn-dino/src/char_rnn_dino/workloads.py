"""A problem of the suite of `compare-optimizers`: names of dinosaurs."""

from char_rnn_dino.settings import NameSettings
from char_rnn_dino.setup import build_trainer
from nn_core.cli.tuning.workload import Workload


def names() -> Workload:
    """The bundled list of names."""
    settings = NameSettings.from_mapping(
        {
            "optimizer": "adam",
            "learning_rate": None,
            "schedule": "constant",
            "batch_size": 32,
            "epochs": 10,
            "l2": 0.0,
            "clip_norm": 5.0,
            "early_stopping": None,
            "seed": 0,
            "dtype": "float32",
            "data": None,
            "validation": 0.2,
            "cell": "gru",
            "hidden": 32,
            "layers": 1,
            "embedding": 16,
            "dropout": 0.0,
            "embedding_dropout": 0.0,
            "recurrent_initializer": "orthogonal",
        }
    )
    return Workload("names", "names of dinosaurs, GRU of 32 units, 10 epochs", build_trainer, settings, target=1.78)
