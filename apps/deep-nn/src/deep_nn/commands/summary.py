"""Show a network's layers and training settings.

\b
Example: deep-nn summary --model cats.h5
"""

from pathlib import Path
from typing import Any

from deep_nn.model import load_model
from deep_nn.regression import target_line
from nn_core.cli.summary_command import Overview, summary_command
from nn_core.storage.files import first_few, printable

MAX_COLUMNS, MAX_CLASSES = 20, 50


def overview(path: Path) -> Overview:
    """The network of a checkpoint, with its classes or target, and its columns."""
    model = load_model(path)
    target = None if model.target is None else model.target.to_dict()
    columns = None if model.columns is None else model.columns.to_dict()
    details: dict[str, Any] = {"classes": model.classes, "target": target, "columns": columns}
    lines = [f"classes: {first_few(model.classes, MAX_CLASSES)}" if target is None else target_line(target)]
    if model.columns is not None:
        labels = [feature.label for feature in model.columns.features]
        lines.append(f"predicts {model.columns.title} from: {first_few(labels, MAX_COLUMNS)}")
    return Overview(printable(path.name), model.network, model.settings, details, lines)


summary = summary_command(overview, required=True)
