"""Errors of Model: each is one line with corrected code."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import TASKS

from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.errors import CheckpointError, NNError
from nn_core.layers import Dense, ReLU, Sigmoid
from nn_core.losses import MeanSquaredError
from nn_core.metrics import accuracy
from nn_core.model import Model
from nn_core.network import Network
from nn_core.optim.optimizers import Momentum
from nn_core.optim.schedules import Schedule
from nn_core.testing import save_unchecked

CLASSES, NUMBER = TASKS["classes"], TASKS["number"]
X, Y = CLASSES.x, CLASSES.y
NAN = np.where(np.arange(len(X))[:, None] == 7, np.nan, X)


def refused(message: str) -> Any:
    """Expect an error with exactly this message, or this prefix if it ends in "..."."""
    end = "" if message.endswith("...") else "$"
    return pytest.raises(NNError, match=f"^{re.escape(message.removesuffix('...'))}{end}")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"epochs": 2.5}, "epochs must be at least 1, not 2.5"),
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"seed": -1}, "the seed must be an integer of at least 0, not -1"),
        ({"validation": 1.5}, "validation is a fraction between 0 and 1, such as 0.2, or a pair (x, y), not 1.5"),
        ({"validation": 1}, "validation is a fraction between 0 and 1, such as 0.2, or a pair (x, y), not 1"),
        ({"validation": True}, "validation is a fraction between 0 and 1, such as 0.2, or a pair (x, y), not True"),
        ({"validation": (X,)}, "validation is a fraction between 0 and 1, such as 0.2, or a pair (x, y), not tuple"),
        ({"validation": (X, Y[:9])}, "90 examples, but 9 targets"),
        ({"sample_weight": [1, 2]}, "sample_weight must be (90,), one per example, not (2,)"),
        ({"class_weight": {3: 1}}, "class_weight has 3, which is not a label: 0, 1, 2"),
        ({"augment": 3}, "augment is a name such as 'standard', or an Augmentation(), not 3"),
        ({"augment": "strong"}, "unknown augmentation 'strong'; choose from none, standard"),
        ({"x": NAN}, "example 7 has nan at [0]; remove such examples, or replace the values: np.nan_to_num(x)"),
        ({"x": X[:0], "y": Y[:0]}, "there are no examples: x is empty"),
        ({"x": X[0], "y": Y[0]}, "x is one example, (4,), without the batch axis: model.fit(x[None], y[None])"),
        ({"y": Y[:9]}, "90 examples, but 9 targets"),
        ({"y": Y + 1}, "label 3 is outside 0 to 2; classes count from 0: y - 1"),
        ({"y": NUMBER.y}, "labels are class numbers, not ..."),
        ({"y": np.eye(3)[Y]}, "labels are class numbers (90,), not one-hot rows (90, 3): y.argmax(axis=1)"),
        ({"y": np.array(["a", "b", "c"])[Y]}, "labels are numbers, not text: ..."),
    ],
)
def test_fit_errors(settings: dict[str, Any], message: str) -> None:
    model = CLASSES.model()
    before = model.network.vector.copy()
    with refused(message):
        model.fit(settings.pop("x", X), settings.pop("y", Y), verbose=False, **settings)
    np.testing.assert_array_equal(model.network.vector, before)


def test_class_labels_need_a_classification_loss() -> None:
    model = Model(CLASSES.model().network, "mean-squared-error")
    with refused("outputs (3,) take targets (90, 3), not (90,); for class labels use softmax-cross-entropy"):
        model.fit(X, Y, verbose=False)
    with pytest.raises(NNError, match=r"^class_weight needs class labels, not targets of float"):
        NUMBER.model().fit(NUMBER.x, NUMBER.y, class_weight="balanced")


def test_prediction_errors() -> None:
    model = CLASSES.model()
    for method in ("predict", "probabilities", "logits"):
        with refused(f"x is one example, (4,), without the batch axis: model.{method}(x[None])"):
            getattr(model, method)(X[0])
        with refused("example 7 has nan at [0]; remove such examples, or replace the values: np.nan_to_num(x)"):
            getattr(model, method)(NAN)
        with refused("the network takes (N, 4), not (90, 3)"):
            getattr(model, method)(X[:, :3])
    with refused("example 7 has nan at [0]; remove such examples, ..."):
        model.evaluate(NAN, Y)
    with refused("MeanSquaredError predicts values, not probabilities: model.predict(x)"):
        NUMBER.model().probabilities(X)
    with refused("x is one example, (7,), without the batch axis: model.predict(x[None])"):
        TASKS["many to one"].model().predict(np.arange(7) % 5)
    assert model.predict(X[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("network", "settings", "message"),
    [
        ([Dense(1)], {}, "Model takes a Network: Model(Network([...], input_shape=(4,)), loss), not a list of layers"),
        ("mean-squared-error", {}, "Model takes a Network first, Model(network, loss, optimizer), not str"),
        (Network, {}, "Model takes a Network first, Model(network, loss, optimizer), not the class Network"),
        (None, {"engine": "quick"}, "engine must be 'fast' or 'reference', not 'quick'"),
        (None, {"engine": "reference", "threads": 2}, "the reference engine has no threads or shards: ..."),
        (None, {"learning_rate": -1}, "learning_rate must be positive, not -1"),
        (None, {"metrics": ["iou"]}, "unknown metric 'iou'; ..."),
        (None, {"optimizer": "adamm"}, "unknown optimizer 'adamm'; did you mean 'adam'?"),
    ],
)
def test_constructor_errors(network: Any, settings: dict[str, Any], message: str) -> None:
    with refused(message):
        Model(network or CLASSES.model().network, "softmax-cross-entropy", **settings)


def test_a_sigmoid_before_a_loss_of_logits() -> None:
    network = Network([Dense(1), Sigmoid()], input_shape=(4,), rng=np.random.default_rng(0))
    with refused("BinaryCrossEntropy takes logits and applies the sigmoid or softmax itself; ..."):
        Model(network, "binary-cross-entropy")


@dataclass(frozen=True)
class OwnLoss(MeanSquaredError):
    """An unregistered loss."""


@dataclass(frozen=True)
class OwnOptimizer(Momentum):
    """An unregistered optimizer."""


@dataclass(frozen=True)
class OwnSchedule(Schedule):
    """An unregistered schedule."""

    def factor(self, epoch: float, epochs: float) -> float:
        return 1.0


@dataclass(frozen=True)
class OwnLayer(ReLU):
    """An unregistered layer."""


@pytest.mark.parametrize(
    ("settings", "kind", "module", "registry"),
    [
        ({"loss": OwnLoss()}, "loss", "nn_core.losses", "LOSSES"),
        ({"optimizer": OwnOptimizer(0.1)}, "optimizer", "nn_core.optim.optimizers", "OPTIMIZERS"),
        ({"schedule": OwnSchedule()}, "schedule", "nn_core.optim.schedules", "SCHEDULES"),
    ],
)
def test_unregistered_parts_are_not_saved(
    tmp_path: Path, settings: dict[str, Any], kind: str, module: str, registry: str
) -> None:
    [thing] = settings.values()
    model = Model(NUMBER.model().network, **({"loss": "mean-squared-error"} | settings))
    with refused(
        f"the {kind} {thing!r} cannot be saved: its class {type(thing).__name__} is not registered;"
        f" decorate it with @{registry}.register (from {module} import {registry})"
    ):
        model.save(tmp_path / "model.h5")
    assert not list(tmp_path.iterdir())


def test_unregistered_layer_is_not_saved(tmp_path: Path) -> None:
    network = Network([OwnLayer(), Dense(1)], input_shape=(4,), rng=np.random.default_rng(0))
    with refused("OwnLayer() cannot be saved: its class OwnLayer is not registered; ..."):
        Model(network, "mean-squared-error").save(tmp_path / "model.h5")


def test_custom_metrics_are_not_saved(tmp_path: Path) -> None:
    def mine(output: Array, labels: Any) -> float:
        return 0.5

    model = CLASSES.model(metrics=["accuracy", mine])
    assert model.evaluate(X, Y)["mine"] == 0.5
    model.save(tmp_path / "model.h5")
    assert Model.load(tmp_path / "model.h5").metrics == {"accuracy": accuracy}


def test_checkpoint_without_a_model(tmp_path: Path) -> None:
    path = tmp_path / "cats.h5"
    save_unchecked(path, CLASSES.model().network, program="deep-nn", details={"classes": ["cat"]})
    line = f"nn_core.checkpoint.load({str(path)!r}).network"
    with refused(f"{path} has a network saved by deep-nn, but no model; use {line}"):
        Model.load(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("loss", "mine", "{path}: unknown loss 'mine'; import the module that registers it ..."),
        ("loss", 3, "{path} is damaged: ..."),
        ("schedule", "cosine:warmup=-1", "{path} is damaged: ..."),
        ("engine", "quick", "{path} is damaged: engine must be 'fast' or 'reference', not 'quick'"),
        ("l2", -1.0, "{path} is damaged: /details: settings.l2 must be a number at least 0, not -1.0"),
    ],
)
def test_a_damaged_file(tmp_path: Path, key: str, value: Any, message: str) -> None:
    path = tmp_path / "model.h5"
    CLASSES.model().save(path)
    stored = checkpoint.load(path)
    stored.details["model"]["settings"][key] = value
    save_unchecked(path, stored.network, program="nn-core", details=stored.details)
    with refused(message.format(path=path)):
        Model.load(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"^no such file: "):
        Model.load(tmp_path / "none.h5")
