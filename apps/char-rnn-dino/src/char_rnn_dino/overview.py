"""The networks of these programs in short: for `summary` and `models`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from char_rnn_dino.model import DINO_GEN, SHIPPED, load_model
from char_rnn_dino.settings import SequenceSettings, settings_of
from char_rnn_dino.tokens import UNIT_NAMES
from nn_core.cli.models_command import ModelEntry
from nn_core.cli.summary_command import Overview
from nn_core.cli.terminal import counted
from nn_core.storage.files import printable

USES = {
    "rnn": "Plain recurrent layers: the simplest to read, with the shortest memory.",
    "gru": "The default: gates keep the state over many steps, in three quarters of the parameters of an LSTM.",
    "lstm": "Gates and a cell state: the longest memory, in the most parameters.",
}
"""What each recurrent layer is for."""


def overview(path: Path | None, *, program: str, settings_type: type[SequenceSettings]) -> Overview:
    """The network of a checkpoint of a program, with its vocabulary; None for the shipped one of dino-gen."""
    model = load_model(path, program)
    vocabulary = model.vocabulary
    unit = UNIT_NAMES[vocabulary.unit]
    details: dict[str, Any] = {"vocabulary": {"unit": vocabulary.unit, "size": len(vocabulary)}}
    lines = [f"vocabulary: {counted(len(vocabulary), f'distinct {unit}')}"]
    if program == DINO_GEN:
        details["max_length"] = model.max_length
        lines = [f"vocabulary: {counted(len(vocabulary) - 1, 'distinct letter')} and the end of a name",
                 f"longest name: {model.max_length} letters"]  # fmt: skip
    settings = settings_of(model, settings_type)
    return Overview(printable((path or SHIPPED).name), model.network, settings, details, lines)


def cell_entries(
    program: str, defaults: Mapping[str, Mapping[str, Any]], settings_type: type[SequenceSettings], vocabulary_size: int
) -> list[ModelEntry]:
    """The presets of `train --cell`.

    defaults         cell -> options of `train`
    vocabulary_size  of the bundled data
    """
    rest = {"data": None, "validation": 0.1, "l2": 0.0, "early_stopping": None, "seed": 0, "dtype": "float32"}
    rest |= {"unit": "char", "lowercase": False, "bptt_length": 50}
    entries = []
    for cell, options in defaults.items():
        settings = settings_type.from_mapping(rest | dict(options) | {"cell": cell, "epochs": options["epochs"] or 1})
        shown = {name: value for name, value in options.items() if value is not None}
        parameters = settings.network(vocabulary_size).count_params()
        usage = [f"{program} train --cell {cell} --save {cell}.h5"]
        entries.append(ModelEntry(cell, "preset", USES[cell], parameters, usage, shown))
    return entries
