"""The body of every `train` command: start or resume a run, train, report, plot."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from nn_core.checkpoint import Checkpoint
from nn_core.cli.dataset import require_same_data
from nn_core.cli.param_types import require_distinct
from nn_core.cli.settings import Settings, resumed_settings
from nn_core.cli.terminal import echo_json, info
from nn_core.cli.train_run import run
from nn_core.cli.training_log import log_to
from nn_core.training.callbacks import Callback
from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=Settings)


class Setup(Protocol):
    """A training run set up from settings, not yet started."""

    @property
    def trainer(self) -> Trainer:
        """The trainer of the run."""

    @property
    def source(self) -> str:
        """Where the training data comes from, for messages and titles."""

    @property
    def network(self) -> str:
        """A short description of the network."""

    @property
    def fingerprint(self) -> str:
        """Identifies the training data."""

    def details(self) -> Mapping[str, Any]:
        """What a checkpoint stores besides the network."""

    def result(self) -> Mapping[str, Any]:
        """The final metrics of the run."""

    def report(self, result: Mapping[str, Any]) -> str:
        """The result as text."""


class Model(Protocol):
    """A program's view of a checkpoint."""

    @property
    def fingerprint(self) -> str:
        """Identifies the training data."""

    @property
    def checkpoint(self) -> Checkpoint:
        """The contents of the file."""


M = TypeVar("M", bound=Model)
U = TypeVar("U", bound=Setup)


def train_network(
    ctx: click.Context,
    options: dict[str, Any],
    *,
    program: str,
    settings_type: type[S],
    load_model: Callable[[Path], M],
    settings_of: Callable[[M], S],
    set_up: Callable[[S, int | None], U],
    inputs: Collection[str] = ("data",),
    check: Callable[[S, Mapping[str, Path | None]], None] | None = None,
    callbacks: Callable[[U, S], Sequence[Callback]] | None = None,
) -> None:
    """The body of the command `train` of a program.

    options        all of its options by name: those of `output_options`, `as_json`, and the
                   fields of the settings
    program        name of the program, stored in its checkpoints
    settings_type  type of the settings
    load_model     reads a checkpoint
    settings_of    the settings in a checkpoint
    set_up         sets up a run from settings and a number of threads, with `backend_for`
    inputs         the settings that name input files, and may change when resuming
    check          raises click.UsageError or SettingError for incompatible settings and outputs
                   (the latter by option)
    callbacks      the program's own callbacks
    """
    from threadpoolctl import threadpool_limits

    outputs: dict[str, Path | None] = {f"--{name}": options.pop(name) for name in ("save", "log", "figure")}
    resume, threads, as_json = (options.pop(name) for name in ("resume", "threads", "as_json"))
    log = log_to(outputs["--log"], options.pop("log_format"))
    model, snapshot = None, None
    if resume is not None:
        model = load_model(resume)
        snapshot = model.checkpoint.require_snapshot()
        options = resumed_settings(ctx, settings_of(model).to_dict(), free=inputs)
    settings = settings_type.from_mapping(options)
    files = {f"--{name.replace('_', '-')}": getattr(settings, name) for name in inputs}
    require_distinct({"--log": outputs["--log"], "--figure": outputs["--figure"]}, **{"--resume": resume})
    outputs["--save"] = outputs["--save"] or resume
    require_distinct(outputs, **files)
    if check is not None:
        check(settings, outputs)
    setup = set_up(settings, threads)
    if model is not None:
        require_same_data(setup.source, setup.fingerprint, model.fingerprint)
    run(
        setup.trainer,
        program=program,
        details=setup.details(),
        early_stopping=settings.early_stopping,
        save=outputs["--save"],
        resume=snapshot,
        log=log,
        callbacks=() if callbacks is None else callbacks(setup, settings),
    )
    with threadpool_limits(1):
        result = setup.result()
    if as_json:
        echo_json(result)
    else:
        click.echo(setup.report(result))
    figure = outputs["--figure"]
    if figure is not None:
        from nn_core.plots import save_figure

        title = f"{setup.source}: {setup.network}, {settings.optimizer}"
        save_figure(setup.trainer.state.history.plot(title), figure)
        info(f"wrote {figure}")
