"""A training run on a real-valued target: its metrics, its result and its report."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from deep_nn.target_scale import TargetScale
from nn_core.arrays import Array
from nn_core.metrics import Metric, root_mean_squared_error
from nn_core.storage.files import printable

if TYPE_CHECKING:
    from nn_core.training.trainer import Trainer


def metrics_in_units(target: TargetScale) -> dict[str, Metric]:
    """The metrics to follow during training: RMSE in the units of the target."""

    def error(output: Array, standardized: npt.NDArray[Any]) -> float:
        return target.std * root_mean_squared_error(output, standardized)

    return {"root_mean_squared_error": error}


def regression_result(trainer: "Trainer", target: TargetScale, *, data: str) -> dict[str, Any]:
    """Loss, RMSE, MAE and R2 of each part in the units of the target, and the cost of the run."""
    from nn_core.cli.regression_report import regression_metrics
    from nn_core.cli.train_report import part_results, parts_of

    result = part_results(trainer, data=data) | {"target": target.to_dict()}
    for part, (x, y) in parts_of(trainer).items():
        with np.errstate(over="ignore", invalid="ignore"):
            output, _ = trainer.backend.predict(x)
        found = regression_metrics(target.restore(output), target.restore(y), target.mean)
        result |= {f"{part}_{name}": value for name, value in found.items()}
    return result


def regression_report(result: Mapping[str, Any], *, network: str, origin: str) -> str:
    """The result of a run as text and a table."""
    from nn_core.cli.regression_report import regression_table
    from nn_core.cli.train_report import data_line, run_lines

    parts = {f"{part}_": part for part in result["examples"]}
    lines = [data_line(result, origin), *run_lines(result, network=network), target_line(result["target"])]
    return "\n".join([*lines, *regression_table(result, parts, mean=result["target"]["mean"])])


def target_line(target: Mapping[str, Any]) -> str:
    """The target with its mean and standard deviation in the training set."""
    from nn_core.cli.regression_report import significant

    mean, std = significant(target["mean"]), significant(target["std"])
    return f"target: {printable(target['name'])} (mean {mean}, standard deviation {std})"


def axis_labels(target: TargetScale) -> dict[str, str]:
    """The labels of the axes of the learning curves, with units."""
    from nn_core.printable import shortened

    return {
        "loss": "mean squared error (standardized target)",
        "root_mean_squared_error": f"root mean squared error (units of {shortened(target.name)})",
    }
