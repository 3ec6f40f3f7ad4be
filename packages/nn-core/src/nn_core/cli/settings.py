"""The settings of a run: the options of `train`, stored in the checkpoint."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, get_args, get_type_hints

import click

from nn_core.cli.command_help import Decorator
from nn_core.cli.config import is_given, on_command_line
from nn_core.cli.param_types import SpecType
from nn_core.cli.standard_input import NAME
from nn_core.errors import CheckpointError
from nn_core.losses import Loss
from nn_core.printable import printable, shortened
from nn_core.storage.json_schema import Schema
from nn_core.training.recipe import Recipe

SETTINGS: Schema = {str: (str, float, bool, None)}
"""Settings in a checkpoint, whose names may be those of an earlier version."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings common to all programs; each program adds its own.

    batch_size      None for all examples at once
    early_stopping  stop after this many epochs without a lower validation loss; None: never
    engine          "fast" or "reference"
    shards          parts of a batch computed in parallel; None: by batch size
    fold            "2/5": the second of five parts of the data is held out for validation
    data_seed       seed of generated data and of splits; None: that of the run

    network_fields  those that define the network or how data is encoded for it, which cannot change
                    when training starts from its weights
    data_fields     those that describe the data, and do not apply to other data
    file_fields     those that may name a file or a folder
    """

    network_fields = frozenset({"dtype"})
    data_fields = frozenset({"test", "fold"})
    file_fields = frozenset({"data", "test"})

    optimizer: str
    learning_rate: float | None
    schedule: str
    batch_size: int | None
    epochs: int
    l2: float
    clip_norm: float | None
    early_stopping: int | None
    seed: int
    dtype: str
    clip_value: float | None = None
    engine: str = "fast"
    shards: int | None = None
    fold: str | None = None
    data_seed: int | None = None

    @property
    def split_seed(self) -> int:
        """The seed of generated data and of splits."""
        return self.seed if self.data_seed is None else self.data_seed

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """The settings among the values of a command line or a checkpoint.

        A setting with a default may be missing, since older checkpoints may lack it.
        Raises CheckpointError if any other is missing, or if one has the wrong type.
        """
        kinds = get_type_hints(cls)
        defaults = {
            field.name: field.default for field in dataclasses.fields(cls) if field.default is not dataclasses.MISSING
        }
        values = defaults | dict(values)
        missing = sorted(set(kinds) - set(values))
        if missing:
            raise CheckpointError(f"the checkpoint lacks the settings {', '.join(missing)}")
        for name, kind in kinds.items():
            allowed = get_args(kind) or (kind,)
            allowed += (int,) * (float in allowed)
            if type(values[name]) not in allowed:
                raise CheckpointError(f"invalid value of the setting {name}: {shortened(repr(values[name]), 60)}")
        return cls(**{name: values[name] for name in kinds})

    def named_files(self) -> dict[str, str]:
        """The files and folders that settings may name, by setting; data sets with a name of their own are none."""
        texts = {name: getattr(self, name, None) for name in sorted(self.file_fields)}
        return {name: text for name, text in texts.items() if text and not self.is_data_name(text)}

    def is_data_name(self, text: str) -> bool:
        """Whether a text names a data set of the program, not a file."""
        return False

    def to_dict(self) -> dict[str, Any]:
        """Plain values by name, for a checkpoint."""
        return dataclasses.asdict(self)

    def recipe(self, loss: Loss) -> Recipe:
        """The recipe, with a new optimizer."""
        return Recipe(
            loss,
            self.optimizer,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            batch_size=self.batch_size,
            l2=self.l2,
            clip_norm=self.clip_norm,
            clip_value=self.clip_value,
        )


OptionTypes: TypeAlias = Mapping[str, "click.ParamType[Any]"]
"""The types of options, by setting."""


def option_types(*options: Decorator, **types: "click.ParamType[Any]") -> OptionTypes:
    """The types of the options of `train`, by setting: those that all programs have, and a program's own.

    options, types  the program's own: the decorators that declare them, or their types by name
    """
    from nn_core.cli.options import together
    from nn_core.cli.train_options import fold_options, output_options, recipe_options

    common = recipe_options(optimizer="adam", epochs=1), fold_options(""), output_options()
    command = click.command()(together(*options, *common)(lambda: None))
    return {parameter.name or "": parameter.type for parameter in command.params} | types


def require_options(settings: Settings, types: OptionTypes) -> None:
    """Raise an NNError unless the options of `train` accept every setting, as they did when it was given.

    types  see `option_types`
    A text such as a path or a pattern is not looked at: nothing that a file names is opened or run here.
    """
    for name, value in settings.to_dict().items():
        kind = types.get(name)
        if value is None or kind is None:
            continue
        if isinstance(kind, SpecType):
            kind.parse(kind.canonical(value))
            continue
        try:
            kind.convert(value, None, None)
        except click.UsageError as error:
            raise CheckpointError(f"invalid value of the setting {name}: {printable(error.message)}") from None


def resumed_settings(
    ctx: click.Context, saved: Mapping[str, Any], *, free: Collection[str] = (), fixed: Collection[str] = ()
) -> dict[str, Any]:
    """The settings of a resumed run: the saved ones, which options on the command line must match.

    A file and the environment have defaults for new runs, which do not count here.

    fixed  settings that a new run cannot change either
    `--epochs` may be increased, and the options in `free` may change.
    Raises click.UsageError, naming the first option that differs.
    """
    merged = dict(saved)
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name not in saved or not on_command_line(ctx, name):
            continue
        given = ctx.params[name]
        if given == _respelled(parameter, saved[name]):
            continue
        if name in free or (name == "epochs" and given >= saved[name]):
            merged[name] = given
        else:
            option = parameter.opts[0]
            unset = "full" if name == "batch_size" else "not set"
            was = unset if saved[name] is None else saved[name]
            only = ", and can only be increased" if name == "epochs" else ""
            other = "" if name in fixed else ", or start a new run with --from"
            raise click.UsageError(f"{option} is {was} in the run to resume{only}; omit it{other}", ctx)
    return merged


def started_settings(ctx: click.Context, saved: Settings) -> dict[str, Any]:
    """The settings of a new run that starts from the weights of a model: the saved ones, or explicit options.

    Other data, and another choice of what to hold out, replace all saved settings of that kind; another
    optimizer brings its learning rate; if nothing is to be held out, there is no early stopping.
    Raises click.UsageError for an option on the command line that would change the network; one in a file or in
    the environment is for new networks, and does not count.
    """
    merged = saved.to_dict()
    given = {name for name in merged if is_given(ctx, name)}
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name in given & saved.network_fields and ctx.params[name] != merged[name]:
            if not on_command_line(ctx, name):
                given.discard(name)
                continue
            option = parameter.opts[0]
            raise click.UsageError(f"{option} is {merged[name]} in the model to start from; omit it", ctx)
    replaced = set(given)
    if "data" in given and ctx.params["data"] != merged["data"]:
        replaced |= saved.data_fields
    if given & {"test", "fold", "validation"} or ctx.params.get("cross_validate") is not None:
        replaced |= {"test", "fold"}
    optimizer = next((each for each in ctx.command.params if each.name == "optimizer"), None)
    if "optimizer" in given and ctx.params["optimizer"] != _respelled(optimizer, merged["optimizer"]):
        replaced.add("learning_rate")
    merged |= {name: ctx.params[name] for name in replaced & merged.keys()}
    if "validation" in given and not merged["validation"] and "early_stopping" not in given:
        merged["early_stopping"] = None
    return merged


def _respelled(parameter: click.Parameter | None, saved: Any) -> Any:
    """A saved value as the option would have it: gradient-descent for sgd, which older checkpoints have."""
    kind = None if parameter is None else parameter.type
    return kind.canonical(saved) if isinstance(kind, SpecType) and isinstance(saved, str) else saved


def settings_used(settings: Settings) -> dict[str, Any]:
    """The settings of a run, with the learning rate that the optimizer used if none was given."""
    return settings.to_dict() | {"learning_rate": _learning_rate(settings)}


def settings_lines(settings: Settings | None) -> list[str]:
    """The settings of a run, a line each; those that are not set are left out."""
    if settings is None:
        return []
    lines = ["training settings:"]
    for name, value in settings_used(settings).items():
        default = (
            " (the default of the optimizer)" if name == "learning_rate" and settings.learning_rate is None else ""
        )
        if value is not None and value is not False:
            shown = NAME if name in {"data", "test"} and value == "-" else printable(value)
            lines.append(f"  {name.replace('_', '-')}: {shown}{default}")
    return lines


def _learning_rate(settings: Settings) -> float:
    from nn_core.optim.optimizers import optimizer

    return optimizer(settings.optimizer).base_rate if settings.learning_rate is None else settings.learning_rate
