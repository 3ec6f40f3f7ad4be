"""The command `sweep` of every program: search for settings with random trials, Sobol points, or Optuna."""

import copy
import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nn_core.cli.command_help import grouped
from nn_core.cli.config import is_given
from nn_core.cli.execution import Execution, execution_options
from nn_core.cli.figure_options import figure_options
from nn_core.cli.settings import Settings
from nn_core.cli.terminal import counted, echo, echo_json, info, json_option
from nn_core.errors import DataError, NNError, SettingError
from nn_core.sweeps.samplers import SAMPLERS, shown

if TYPE_CHECKING:
    from nn_core.cli.sweep_trials import Search
    from nn_core.plots import FigureFile
    from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=Settings)
OF_ONE_RUN = frozenset(
    {"save", "resume", "start", "log", "log_format", "cross_validate", "threads", "early_stopping", "figure"}
)
"""Options of `train` that a search does not have."""
OF_ALL = frozenset({"as_json", "seed", "data", "test", "validation", "fold", "group", "epochs", "max_memory"})
"""Settings that are not searched."""
MAX_TRIALS = 100_000
MAX_SEEDS = 1000
SHOWN = 10
"""Trials in the table."""
HELP = """Search for the best settings.

Each trial is a run with settings drawn from --space; the one with the lowest validation loss is printed as a
command line. Trials are drawn in rounds, so that the results do not depend on the number of workers.

\b
Example: {program} sweep --trials 64 --workers 2 --figure sweep.png
"""


@dataclass(frozen=True)
class Program:
    """What a program gives to its command `sweep`.

    name           as typed: "deep-nn"
    settings_type  type of its settings
    build          an importable function from settings to a single-threaded trainer
    space          the space that is searched by default
    epochs         default of --epochs; None for that of `train`
    """

    name: str
    settings_type: type[Any]
    build: "Callable[[Any], Trainer]"
    space: str
    epochs: int | None = None


def sweep_command(train: click.Command, program: Program) -> click.Command:
    """The command `sweep`, with the options of `train`."""
    inherited = [_copied(option) for option in train.params if _is_inherited(option)]

    @click.command("sweep", help=HELP.format(program=program.name))
    @grouped(
        "Search",
        click.option(
            "--space",
            default=program.space,
            metavar="SPACE",
            help="Settings to search: low:high, log:low:high, or choices a|b|c.",
        ),
        click.option("--trials", type=click.IntRange(1, MAX_TRIALS), default=32, help="Number of trials."),
        click.option(
            "--sampler",
            type=click.Choice(SAMPLERS),
            default="sobol",
            help="Random points, Sobol's sequence, or Optuna's TPE or Gaussian process (nn-core[optuna]).",
        ),
        click.option(
            "--round-size",
            type=click.IntRange(1, MAX_TRIALS),
            default=16,
            help="Trials between two looks at the results; more than the number of workers keeps all of them busy.",
        ),
        click.option(
            "--prune",
            is_flag=True,
            help="Train all trials of a round for a ninth of the epochs, the best third of them for a third, and the "
            "best third of those to the end.",
        ),
        click.option(
            "--seeds", type=click.IntRange(1, MAX_SEEDS), default=1, help="Runs per trial; the median loss counts."
        ),
    )
    @execution_options
    @figure_options("the trials", default="sweep.png")
    @json_option
    @click.pass_context
    def sweep(
        ctx: click.Context,
        /,
        space: str,
        trials: int,
        sampler: str,
        round_size: int,
        prune: bool,
        seeds: int,
        execution: Execution,
        figure: "FigureFile",
        as_json: bool,
        **options: Any,
    ) -> None:
        from nn_core.cli.param_types import require_distinct
        from nn_core.cli.sweep_trials import search
        from nn_core.cli.sweep_trials_plot import draw_search
        from nn_core.sweeps.space import parse_space

        searched = [option for option in inherited if isinstance(option, click.Option) and option.expose_value]
        types = {option_name(option): option for option in searched if option.name not in OF_ALL}
        dimensions = parse_space(space, types, lambda name, value: _is_whole(types[name], value))
        base = program.settings_type.from_mapping(options | {"early_stopping": None})
        execution.require_files(getattr(base, "data", None), getattr(base, "test", None))
        require_distinct(
            {"--figure": figure, "--journal": execution.journal}, **{"--data": getattr(base, "data", None)}
        )

        def settings_of(values: Mapping[str, str], seed: int) -> Any:
            changes = {types[name].name or "": _converted(types[name], text) for name, text in values.items()}
            return program.settings_type.from_mapping(base.to_dict() | changes | {"seed": seed})

        found = search(
            program.build,
            settings_of,
            dimensions,
            trials=trials,
            sampler=sampler,
            seed=base.seed,
            seeds=seeds,
            round_size=round_size,
            prune=prune,
            epochs=base.epochs,
            execution=execution,
        )
        best = found.best
        if best is None:
            raise DataError("all trials diverged; try smaller learning rates")
        command = _command(ctx, program.name, searched, best.values)
        if as_json:
            echo_json(
                {
                    "command": "sweep",
                    "space": space,
                    "sampler": sampler,
                    "seed": base.seed,
                    "figure": str(figure),
                    "best_command": command,
                    **found.to_dict(),
                }
            )
        else:
            echo(_report(found, command))
        draw_search(found, figure, title=f"{counted(len(found.trials), 'trial')} of {program.name}")
        info(f"wrote {figure}")

    sweep.params[:0] = inherited
    return sweep


def _is_inherited(parameter: click.Parameter) -> bool:
    name = parameter.name or ""
    own = name in OF_ONE_RUN or name.startswith("figure_") or name == "as_json"
    return isinstance(parameter, click.Option) and not own and (parameter.expose_value or name == "plugin")


def _copied(parameter: click.Parameter) -> click.Parameter:
    """A copy for another command, which has environment variables of its own."""
    copied = copy.copy(parameter)
    copied.envvar = None
    return copied


def option_name(option: click.Option) -> str:
    """The name of an option without its dashes: "learning-rate"."""
    return max(option.opts, key=len).lstrip("-")


def _is_whole(option: click.Option, value: str) -> bool:
    """Whether a number is whole, and the option takes no others. Raises SettingError for what it does not take."""
    _converted(option, value)
    if not value.lstrip("+-").isdecimal():
        return False
    try:
        _converted(option, f"{value}.5")
    except SettingError:
        return True
    return False


def _converted(option: click.Option, text: str) -> Any:
    """A value as the option would have it. Raises SettingError for a value that it does not accept."""
    name = option_name(option)
    if option.is_flag:
        if text not in {"yes", "no"}:
            raise SettingError(f"{name} is yes or no, not {text!r}")
        return text == "yes"
    try:
        return option.type.convert(text, option, None)
    except (click.UsageError, NNError) as error:
        words = error.message if isinstance(error, click.UsageError) else str(error)
        raise SettingError(f"the space has an invalid value of {name}: {words}") from None


def _command(ctx: click.Context, program: str, options: Sequence[click.Option], best: Mapping[str, str]) -> str:
    """The command line that trains the best trial."""
    words = [program, "train"]
    for option in options:
        name, value = option_name(option), ctx.params.get(option.name or "")
        if name in best or not is_given(ctx, option.name or ""):
            continue
        if option.is_flag:
            words += [f"--{name}"] * bool(value)
        else:
            words += [f"--{name}", "full" if value is None else str(value)]
    for name, value in best.items():
        words += [f"--{name}", value]
    return shlex.join(words)


def _report(found: "Search", command: str) -> str:
    from nn_core.summary import table

    ranked = sorted(found.trials, key=lambda trial: (trial.pruned, trial.loss))
    rows = [("trial", "validation loss", "epochs", *found.names)]
    rows += [
        (
            str(trial.number),
            f"{trial.loss:.4g}" if math.isfinite(trial.loss) else "diverged",
            f"{trial.epochs}{' (pruned)' if trial.pruned else ''}",
            *trial.values.values(),
        )
        for trial in ranked[:SHOWN]
    ]
    rest = f"\n{len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    return f"{table(rows)}{rest}\nbest: {shown(ranked[0].values)}\n{command}"
