"""Problems of the suite of `compare-optimizers`: half moons, and photos of cats."""

from deep_nn.datasets.catalog import CATS
from deep_nn.settings import NetworkSettings
from deep_nn.setup import build_trainer
from nn_core.cli.download import locate
from nn_core.cli.tuning.workload import Workload


def _settings(**changes: object) -> NetworkSettings:
    plain: dict[str, object] = {
        "optimizer": "adam",
        "learning_rate": None,
        "schedule": "constant",
        "batch_size": 64,
        "epochs": 50,
        "l2": 0.0,
        "clip_norm": None,
        "early_stopping": None,
        "seed": 0,
        "dtype": "float32",
        "test": None,
        "validation": 0.4,
        "activation": "relu",
        "initializer": "he",
        "dropout": "0",
    }
    return NetworkSettings.from_mapping(plain | changes)


def moons() -> Workload:
    """Half moons with noise."""
    return Workload(
        "moons",
        "1,000 points on noisy half moons, 2-16-16-1 network, 50 epochs",
        build_trainer,
        _settings(data="moons:points=1000", hidden="16,16"),
        target=0.1,
    )


def cats() -> Workload:
    """Photos of cats and others, from the training set that `deep-nn fetch cats` downloads."""
    return Workload(
        "cats",
        "209 photos with and without a cat, 84 of them held out, 12288-20-7-5-1 network, 60 epochs",
        build_trainer,
        _settings(data=str(locate(CATS.files[0]) or CATS.name), hidden="20,7,5", epochs=60, batch_size=32),
        target=0.62,
    )
