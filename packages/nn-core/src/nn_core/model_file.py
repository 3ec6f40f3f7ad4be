"""Save and load models as checkpoints, with their settings and history in the details."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nn_core import checkpoint
from nn_core.checkpoint import Checkpoint
from nn_core.checkpoint.snapshot import MAX_SHARDS, check_history
from nn_core.errors import CheckpointError, NNError
from nn_core.losses import LOSSES, loss
from nn_core.metrics import METRICS, Metric, metrics_by_name
from nn_core.network import Network
from nn_core.optim.optimizers import OPTIMIZERS, optimizer
from nn_core.optim.schedules import SCHEDULES, schedule
from nn_core.registry import Registry
from nn_core.storage.json_file import MAX_DIGITS
from nn_core.storage.json_schema import Integer, Number, Schema, Text, check_json
from nn_core.training.history import History
from nn_core.training.recipe import Recipe

_NUMBER = (Number(above=0), None)
_SCHEMA: Schema = {
    "settings": {
        "loss": Text(1000),
        "optimizer": Text(1000),
        "schedule": Text(1000),
        "metrics": {str: Text(1000)},
        "learning_rate": _NUMBER,
        "l2": Number(0),
        "clip_norm": _NUMBER,
        "clip_value": _NUMBER,
        "engine": Text(100),
        "shards": (Integer(1, MAX_SHARDS), None),
    },
    "seed": (Integer(0, 10**MAX_DIGITS), None),
    "columns": {str: [(float, None)]},
    "step_loss": [(float, None)],
}
"""The model in the details of a checkpoint; a value that is missing in a column is null."""


class StoredModel(NamedTuple):
    """The contents of a model file.

    settings  arguments of `nn_core.model.Model`, apart from the network
    """

    network: Network
    settings: dict[str, Any]
    history: History
    seed: int | None


def save_model(
    path: str | os.PathLike[str],
    network: Network,
    recipe: Recipe,
    metrics: Mapping[str, Metric],
    engine: Mapping[str, Any],
    history: History,
    seed: int | None,
) -> None:
    """Write a model. Raises CheckpointError if a part is not registered, or the file cannot be written.

    metrics  by column; unregistered ones are not saved
    engine   the arguments `engine` and `shards`
    """
    names = {function: name for name, function in METRICS.items()}
    settings = {
        "loss": _described(recipe.loss, LOSSES, "nn_core.losses", "LOSSES"),
        "optimizer": _described(recipe.optimizer, OPTIMIZERS, "nn_core.optim.optimizers", "OPTIMIZERS"),
        "schedule": _described(recipe.schedule, SCHEDULES, "nn_core.optim.schedules", "SCHEDULES"),
        "metrics": {column: names[metric] for column, metric in metrics.items() if metric in names},
        "learning_rate": recipe.learning_rate,
        "l2": recipe.l2,
        "clip_norm": recipe.clip_norm,
        "clip_value": recipe.clip_value,
        **engine,
    }
    columns = {name: [_finite(value) for value in column] for name, column in history.columns.items()}
    run = {"seed": seed, "columns": columns, "step_loss": list(map(_finite, history.step_loss))}
    checkpoint.save(path, network, details={"model": {"settings": settings, **run}})


def load_model(path: str | os.PathLike[str]) -> StoredModel:
    """Read a model. Raises CheckpointError for a file not written by `save_model`."""
    stored = checkpoint.load(path)
    if "model" not in stored.details:
        line = f"nn_core.checkpoint.load({os.fspath(path)!r}).network"
        raise CheckpointError(f"{path} has a network saved by {stored.program}, but no model; use {line}")
    try:
        return _model_of(stored)
    except (NNError, TypeError, ValueError) as error:
        raise checkpoint.unusable(Path(path), error) from None


def _model_of(stored: Checkpoint) -> StoredModel:
    """The model in the details of a checkpoint. Raises an NNError if they are invalid."""
    model = stored.details["model"]
    check_json(model, _SCHEMA, source="/details")
    settings = dict(model["settings"])
    made = {
        "loss": loss(settings["loss"]),
        "optimizer": optimizer(settings["optimizer"]),
        "schedule": schedule(settings["schedule"]),
        "metrics": metrics_by_name(settings["metrics"]),
    }
    columns = {name: list(map(_known, column)) for name, column in model["columns"].items()}
    history = History(columns, list(map(_known, model["step_loss"])))
    check_history(history, "/details: columns")
    return StoredModel(stored.network, settings | made, history, model["seed"])


def _require_model(stored: Checkpoint) -> None:
    """Raise an NNError if a checkpoint of the library has a model, but not a valid one."""
    if "model" in stored.details:
        _model_of(stored)


checkpoint.READERS["nn-core"] = _require_model


def _finite(value: float) -> float | None:
    """A value for JSON, which has no NaN."""
    return value if math.isfinite(value) else None


def _known(value: float | None) -> float:
    """The inverse of `_finite`."""
    return math.nan if value is None else float(value)


def _described(thing: Any, registry: Registry[Any], module: str, name: str) -> str:
    """The spec of an object. Raises CheckpointError, saying how to register it, if its class is not registered."""
    title = type(thing).__name__
    if type(thing) not in registry.values():
        raise CheckpointError(
            f"the {registry.kind} {thing!r} cannot be saved: its class {title} is not registered; decorate it with"
            f" @{name}.register (from {module} import {name})"
        )
    return registry.describe(thing)
