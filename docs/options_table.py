"""Writes options.md: the options of all programs, a row for each thing and a column for each program.

The names come from the commands. ROWS says which thing a parameter stands for, by its name in Python. An option
that is in no row, and a row with two names, are errors: the same thing has one name everywhere.

    python docs/options_table.py
"""

import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).with_name("options.md")
INTRODUCTION = """# Options

What the options of the four programs are called, and which commands have them. The same thing has the same name
everywhere. Capitals are arguments: values without an option. `compare-*` are all commands that compare.
[command-line.md](command-line.md) has the rules that all commands share.

<!-- Written by `nox -s options`; edit docs/options_table.py. -->
"""

ROWS: dict[str, dict[str, str]] = {
    "Data": {
        "training data, or data to evaluate on": "data",
        "validation data": "test",
        "fraction held out for validation": "validation",
        "fold held out for validation": "fold",
        "number of folds": "cross_validate",
        "subject of each photo": "group",
        "additional training data": "extra_data",
        "copies of each hand over other backgrounds": "backgrounds",
        "augmentation": "augment",
        "weights of classes": "class_weight",
        "characters or words": "unit",
        "lowercase the text": "lowercase",
        "files to predict": "files",
        "image to look at": "image",
        "name to look at": "hidden-states.name",
        "data set to download": "fetch.name",
        "folder of a download": "fetch.to",
        "number of examples, names or texts": "count",
        "number of test examples": "test_count",
        "size of an image": "size",
        "variety of synthetic hands": "diversity",
    },
    "Tables": {
        "column to predict": "target",
        "columns to predict from": "columns",
        "columns to leave out": "drop",
        "missing values": "missing",
        "texts that differ in case": "merge_case",
        "classes or a number": "task",
    },
    "Network": {
        "trained network": "model_path model_paths",
        "architecture": "preset",
        "recurrent layer": "cell cells",
        "units of hidden layers": "hidden",
        "number of recurrent layers": "layers",
        "embedding size": "embedding",
        "activation": "activation",
        "initializer": "initializer",
        "initializer of recurrent weights": "recurrent_initializer",
        "dropout rate": "dropout",
        "dropout rate of the embedding": "embedding_dropout",
    },
    "Training": {
        "optimizer": "optimizer",
        "learning rate": "learning_rate",
        "learning rates to try": "rates",
        "epochs": "epochs",
        "batch size": "batch_size",
        "L2 penalty": "l2",
        "learning-rate schedule": "schedule",
        "largest norm of the gradient": "clip_norm",
        "largest component of the gradient": "clip_value",
        "chunk of backpropagation through time": "bptt_length",
        "early stopping": "early_stopping",
        "run to resume": "resume",
        "network to start a run from": "train.start",
        "random seed": "seed",
        "number of seeds": "seeds",
        "values to compare": "values",
        "initializers to compare": "initializers",
    },
    "Sampling": {
        "text that generation starts from": "start",
        "length of a text": "length",
        "maximum length of a name": "max_length",
        "sampling temperature": "temperature",
        "sampling temperatures to compare": "temperatures",
        "number of most likely tokens": "top_k",
        "probability of most likely tokens": "top_p",
        "number of most likely tokens to show": "show",
        "names that are not in the training data": "novel",
        "shortest passage that counts as copied": "shortest",
    },
    "Inspection": {
        "layer to look at": "layer",
        "units to look at": "units",
        "gates of a recurrent layer": "gates",
        "biases of the gates": "gate_biases",
        "filter of a layer": "number",
        "kernel": "kernel",
        "stride": "stride",
        "padding": "padding",
        "channels of the input": "channels",
        "backward pass": "backward",
        "step to draw": "step",
        "class to explain": "class_name",
        "scales of the recurrent weights": "scales",
        "steps back in time": "steps",
    },
    "Figure": {
        "figure to draw": "figure",
        "figure of the decision boundaries": "boundaries",
        "figure of the mistakes": "mistakes",
        "figure of the gradients": "gradients",
        "figure of clipping": "clipping",
        "figure of the inputs": "show_input",
        "folder of single frames": "frames",
        "style": "figure_style",
        "size of the figure": "figure_size",
        "resolution": "figure_dpi",
        "title": "figure_title",
    },
    "Output": {
        "network or data to write": "save",
        "table of predictions to write": "output",
        "format of an export": "export.to",
        "log of the metrics": "log",
        "format of the log": "log_format",
        "probabilities of all classes": "proba",
        "result as JSON": "as_json",
        "replace files of other kinds": "force",
        "print less": "quiet",
        "print more": "verbose",
    },
    "Running": {
        "number type": "dtype",
        "engine": "engine",
        "parts of a batch": "shards",
        "threads": "threads",
        "worker processes": "workers",
        "processes or MPI": "executor",
        "settings to search": "space",
        "number of trials": "trials",
        "how trials are drawn": "sampler",
        "trials between two looks": "round_size",
        "end poor trials early": "prune",
        "number of random trials of each optimizer": "tune",
        "loss to reach": "target_loss",
        "problems of a suite": "suite",
        "surface for paths": "landscape",
        "Dask scheduler": "scheduler",
        "file of finished runs": "journal",
        "limit of memory": "max_memory",
        "plug-in": "plugin",
        "settings in a file": "config",
        "help": "_click_default_help",
        "version": "version",
    },
}


class Use(NamedTuple):
    """A parameter of a command.

    command  "" for the program itself
    name     of the option, or of the argument in capitals
    """

    program: str
    command: str
    parameter: str
    name: str


def programs() -> dict[str, click.Group]:
    """The programs of all apps by name."""
    found = {}
    for path in sorted(ROOT.glob("apps/*/pyproject.toml"), key=lambda path: path.parent.name != "deep-nn"):
        for name, entry in tomllib.loads(path.read_text("utf-8"))["project"]["scripts"].items():
            found[name] = importlib.import_module(entry.replace(".__main__:main", ".cli")).main
    return {name: found[name] for name in sorted(found, key=["deep-nn", "cnn-sign", "dino-gen", "char-rnn"].index)}


def uses(program: str, main: click.Group) -> Iterator[Use]:
    """The visible parameters of a program and its commands."""
    ctx = click.Context(main, info_name=program, **main.context_settings)
    named = [("", main), *((name, main.get_command(ctx, name)) for name in main.list_commands(ctx))]
    for command, found in named:
        if found is None or found.hidden:
            continue
        inner = ctx if found is main else click.Context(found, ctx, command)
        for parameter in found.get_params(inner):
            if isinstance(parameter, click.Option) and not parameter.hidden:
                yield Use(program, command, parameter.name or "", max(parameter.opts, key=len))
            elif parameter.get_usage_pieces(inner):
                yield Use(program, command, parameter.name or "", (parameter.name or "").upper())


def table(found: list[Use]) -> dict[str, dict[str, list[Use]]]:
    """The parameters by heading and thing.

    Raises ValueError for a parameter that is in no row, for a thing with two names, and for an empty row.
    """
    row_of = {
        key: (heading, thing) for heading, rows in ROWS.items() for thing, keys in rows.items() for key in keys.split()
    }
    rows: dict[tuple[str, str], list[Use]] = {place: [] for place in row_of.values()}
    missing = []
    for use in found:
        place = row_of.get(f"{use.command}.{use.parameter}", row_of.get(use.parameter))
        if place is None:
            missing.append(f"{use.name} of {use.program} {use.command}, parameter {use.parameter!r}")
        else:
            rows[place].append(use)
    if missing:
        raise ValueError(f"add to the rows of docs/options_table.py, each to what it stands for: {'; '.join(missing)}")
    for (_, thing), members in rows.items():
        if not members:
            raise ValueError(f"docs/options_table.py: no command has the {thing}")
        by_name = {use.name: f"{use.name} ({use.program} {use.command})" for use in members}
        if len(by_name) > 1:
            raise ValueError(f"two names for the {thing}: {' and '.join(by_name.values())}")
    return {heading: {thing: rows[heading, thing] for thing in things} for heading, things in ROWS.items()}


def page() -> str:
    """The page, with a table for each heading."""
    commands = programs()
    found = [use for name, main in commands.items() for use in uses(name, main)]
    counts = {name: len({use.command for use in found if use.program == name}) for name in commands}
    lines = [INTRODUCTION]
    for heading, rows in table(found).items():
        lines += [f"## {heading}\n", f"| | {' | '.join(commands)} |", f"|---|{'---|' * len(commands)}"]
        for thing, members in rows.items():
            cells = (_cell([use for use in members if use.program == name], counts[name]) for name in commands)
            lines.append(f"| {thing} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _cell(members: list[Use], commands: int) -> str:
    """The name and the commands that have it; those that compare count as one."""
    if not members:
        return ""
    short = dict.fromkeys("compare-*" if use.command.startswith("compare-") else use.command for use in members)
    where = ", ".join(command or "(no command)" for command in short)
    return f"`{members[0].name}` {'all' if len(members) >= commands - 1 else where}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
