"""The option `--class-weight`, and the weights of examples by class."""

import math
from collections.abc import Mapping, Sequence

import click

from nn_core.arrays import Array, Labels
from nn_core.cli.command_help import Decorator, grouped
from nn_core.cli.param_types import SpecType
from nn_core.errors import SettingError
from nn_core.storage.files import first_few

BALANCED = "balanced"


def class_weight_option() -> Decorator:
    """`--class-weight balanced|NAME=W,...`, as text."""
    return grouped(
        "Data",
        click.option(
            "--class-weight",
            type=SpecType(parse_class_weight, f"{BALANCED}|NAME=W,..."),
            default=None,
            metavar="WEIGHTS",
            help="Weights of the classes in the training loss: balanced, for the same total weight per class, "
            "or e.g. fraud=10 (others: 1).",
        ),
    )


def parse_class_weight(text: str) -> str | Mapping[str, float]:
    """The weight of each class in a text such as "fraud=10,ok=0.5"; "balanced" is returned unchanged.

    Raises SettingError if it is neither, or a weight is not a finite number of at least 0.
    """
    if text.strip() == BALANCED:
        return BALANCED
    weights: dict[str, float] = {}
    for item in text.split(","):
        name, equals, number = (part.strip() for part in item.rpartition("="))
        try:
            weight = float(number)
        except ValueError:
            weight = math.nan
        if not name or not equals or not 0 <= weight < math.inf:
            raise SettingError(f"class weights are {BALANCED}, or NAME=NUMBER,... such as fraud=10, not {text!r}")
        if name in weights:
            raise SettingError(f"class {name!r} has two weights")
        weights[name] = weight
    return weights


def weights_by_class(text: str | None, labels: Labels, classes: Sequence[str]) -> Array | None:
    """The weight of each example (N,); None without class weights.

    text  as for `parse_class_weight`
    Raises SettingError for an unknown class, or for real-valued targets, which have no classes.
    """
    if text is None:
        return None
    if not classes:
        raise SettingError("--class-weight is for classes; the target is a number")
    given = parse_class_weight(text)
    from nn_core.training.example_weights import example_weights

    if isinstance(given, str):
        return example_weights(labels, "balanced")
    unknown = [name for name in given if name not in classes]
    if unknown:
        names = first_few(list(map(repr, classes)), 10)
        raise SettingError(f"--class-weight: no class is named {unknown[0]!r}; the classes are {names}")
    return example_weights(labels, {classes.index(name): w for name, w in given.items()}, class_count=len(classes))
