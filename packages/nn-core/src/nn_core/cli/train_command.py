"""The body of every `train` command: start or resume a run, train, report, plot; or cross-validate."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from nn_core.checkpoint import Checkpoint
from nn_core.cli.config import Origin, is_given, origin_of
from nn_core.cli.dataset import require_same_data
from nn_core.cli.param_types import is_read_only, obstacle, require_distinct
from nn_core.cli.run_setup import Model, Setup
from nn_core.cli.settings import Settings, resumed_settings, settings_lines, started_settings
from nn_core.cli.standard_input import is_standard
from nn_core.cli.terminal import counted, echo, echo_json, info, interrupted_as
from nn_core.cli.train_run import after_training, run
from nn_core.cli.training_log import log_to
from nn_core.distributed.launch import rank_and_size
from nn_core.distributed.mpi_ranks import join_ranks
from nn_core.errors import CheckpointError, DataError, remark
from nn_core.progress import VERBOSE, job
from nn_core.ranks import ALONE, Ranks
from nn_core.storage.files import without_folders
from nn_core.storage.save_lock import SaveLock
from nn_core.training.callbacks import Callback
from nn_core.training.state import Snapshot

if TYPE_CHECKING:
    from nn_core.plots import FigureFile
    from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=Settings)
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
    set_up: Callable[[S, int | None, M | None, M | None], U],
    inputs: Collection[str] = ("data",),
    check: Callable[[S, Mapping[str, Path | None]], None] | None = None,
    callbacks: Callable[[U, S], Sequence[Callback]] | None = None,
    axis_labels: Callable[[U], Mapping[str, str]] | None = None,
    final_details: Callable[[U], Mapping[str, Any]] | None = None,
) -> None:
    """The body of the command `train` of a program.

    options        all of its options by name: those of `output_options`, `as_json`, and the
                   fields of the settings
    program        name of the program, stored in its checkpoints
    settings_type  type of the settings
    load_model     reads a checkpoint
    settings_of    the settings in a checkpoint
    set_up         sets up a run from settings, a number of threads (see `backend_for`), the model whose
                   weights, classes and preprocessing it starts from, and the model of the run to resume
    inputs         the settings that name input files, and may change when resuming
    check          raises click.UsageError or SettingError for incompatible settings and outputs
                   (the latter by option)
    callbacks      the program's own callbacks; not called in cross-validation
    axis_labels    labels of the axes of --figure, by metric (see `History.plot`)
    final_details  what the checkpoint of a finished run stores besides the details of the setup
    """
    ranks = join_ranks() if rank_and_size()[1] > 1 else ALONE
    _leave_one_validation_set(ctx, options)
    figure: FigureFile | None = options.pop("figure")
    outputs: dict[str, Path | None] = {f"--{name}": options.pop(name) for name in ("save", "log")}
    outputs["--figure"] = None if figure is None else figure.path
    resume, origin, threads, as_json = (options.pop(name) for name in ("resume", "start", "threads", "as_json"))
    folds: int | None = options.pop("cross_validate", None)
    if resume is not None and origin is not None:
        raise click.UsageError("--resume continues a run, and --from starts a new one; omit one of them", ctx)
    log_format = options.pop("log_format")
    log = log_to(outputs["--log"], log_format) if ranks.rank == 0 else None
    resumed = started = snapshot = None
    target = outputs["--save"] or resume
    if target is not None and ranks.rank == 0:
        SaveLock(target).check()
    if resume is not None:
        resumed = load_model(resume)
        snapshot = _snapshot(resumed.checkpoint, resume)
        saved = settings_of(resumed)
        options = resumed_settings(ctx, saved.to_dict(), free=inputs, fixed=saved.network_fields)
    elif origin is not None:
        started = load_model(origin)
        options = started_settings(ctx, settings_of(started))
    settings = settings_type.from_mapping(options)
    info("\n".join(settings_lines(settings)), verbosity=VERBOSE)
    _require_standard_input(ctx, settings, inputs, is_new=resume is None and origin is None)
    _require_one_validation_set(ctx, settings, folds, {**outputs, "--resume": resume})
    files = {f"--{name.replace('_', '-')}": getattr(settings, name) for name in inputs}
    others = {name: outputs[name] for name in ("--log", "--figure")}
    require_distinct(others, **{"--resume": resume, "--from": origin})
    if resume is not None and target == resume:
        problem = obstacle(resume) or ("it is read-only" if is_read_only(resume) else None)
        if problem is not None:
            raise click.UsageError(f"cannot save to the file of --resume: {problem}; give another with --save", ctx)
    outputs["--save"] = target
    require_distinct(outputs, **files)
    if check is not None:
        check(settings, outputs)
    if folds is not None:
        from nn_core.cli.cross_validation import cross_validate

        if origin is not None:
            _note_overlap(origin)
        validated = cross_validate(settings, folds, lambda of_fold: set_up(of_fold, threads, started, None), program)
        if as_json:
            echo_json(validated.to_dict())
        else:
            echo(validated.report())
        return
    with _naming_the_data_of(origin, ctx), interrupted_as("before training; nothing to save"):
        setup = set_up(settings, threads, started, resumed)
    if settings.early_stopping is not None and setup.trainer.validation is None:
        raise click.UsageError("--early-stopping needs a validation set; omit it, or --validation 0", ctx)
    if resumed is not None:
        advice = f"; to train on it, start a new run with --from {resume}"
        require_same_data(setup.source, setup.fingerprint, resumed.fingerprint, advice)
    if started is not None and origin is not None and setup.trainer.validation is not None:
        is_split = getattr(settings, "test", None) is None
        if is_split and setup.fingerprint != started.fingerprint:
            _note_overlap(origin)
    if ranks.count > 1:
        _note_idle_ranks(setup.trainer, ranks.count, is_new=resumed is None)
        _require_same_run(setup, settings, ranks)
    run(
        setup.trainer,
        program=program,
        details=setup.details(),
        early_stopping=settings.early_stopping,
        save=outputs["--save"] if ranks.rank == 0 else None,
        resume=snapshot,
        log=log,
        callbacks=() if callbacks is None or ranks.rank > 0 else callbacks(setup, settings),
        final_details=None if final_details is None else lambda: final_details(setup),
    )
    if ranks.rank > 0:
        return
    with interrupted_as(after_training(target)):
        _report(setup, as_json, figure, settings, {} if axis_labels is None else axis_labels(setup))


def _require_same_run(setup: Setup, settings: Settings, ranks: Ranks) -> None:
    """Raise DataError on all ranks if one has other data, settings, versions or weights: they would train apart."""
    from nn_core.cli.executors.worker import own_versions

    parts = {
        "data": setup.fingerprint,
        "settings": {name: value for name, value in settings.to_dict().items() if name not in settings.file_fields},
        "versions": own_versions(),
        "weights": zlib.crc32(setup.trainer.network.vector.tobytes()),
    }
    every = ranks.exchange(parts)
    for rank, theirs in enumerate(every):
        for name, value in every[0].items():
            if theirs[name] != value:
                raise DataError(f"rank {rank} has other {name} than rank 0")


def _note_idle_ranks(trainer: Trainer, ranks: int, *, is_new: bool) -> None:
    """Remark on ranks that have nothing of a batch to compute."""
    N = trainer.batches.batch_size
    shards = getattr(trainer.backend, "shards_of", lambda _: 1)(N)
    if shards < ranks:
        parts = "a single shard" if shards == 1 else f"{shards} shards"
        idle = "all ranks compute the same" if shards == 1 else f"{counted(ranks - shards, 'rank')} wait for the others"
        which = "--shards" if is_new else "a new run with --shards"
        info(f"Note: a batch of {counted(N, 'example')} is {parts}, so {idle}; {which} {ranks} shares it out")


def _report(
    setup: Setup, as_json: bool, figure: FigureFile | None, settings: Settings, labels: Mapping[str, str]
) -> None:
    """Print the result of a run, and draw its learning curves."""
    from threadpoolctl import threadpool_limits

    from nn_core.cli.train_report import with_total_seconds

    with threadpool_limits(1), job("evaluating"):
        result = with_total_seconds(setup.result())
    if as_json:
        echo_json(result)
    else:
        echo(setup.report(result))
    if figure is not None:
        from nn_core.plots import drawing
        from nn_core.training.learning_curves import natural_size, plot_learning_curves

        title = f"Learning curves, {without_folders(setup.source)}: {setup.network}, {settings.optimizer}"
        columns = setup.trainer.state.history.columns
        with drawing(figure, *natural_size(columns), title=title) as drawn:
            plot_learning_curves(drawn, columns, labels)
        info(f"wrote {figure}")


@contextlib.contextmanager
def _naming_the_data_of(model: Path | None, ctx: click.Context) -> Iterator[None]:
    """Say whose data cannot be read, where it is not given, but that of a model."""
    try:
        yield
    except DataError as error:
        if model is None or is_given(ctx, "data"):
            raise
        raise DataError(f"{error} (the training data of {model.name}; give other data)") from None


def _snapshot(checkpoint: Checkpoint, path: Path) -> Snapshot:
    """The run to resume. Raises CheckpointError if there is none."""
    try:
        return checkpoint.require_snapshot()
    except CheckpointError as error:
        raise CheckpointError(f"{error}; start a new run with --from {path}") from None


def _require_standard_input(ctx: click.Context, settings: Settings, inputs: Collection[str], *, is_new: bool) -> None:
    """Raise click.UsageError for data on standard input that a run read in an earlier session, or twice."""
    standard = [name for name in inputs if is_standard(getattr(settings, name))]
    if standard and rank_and_size()[1] > 1:
        raise click.UsageError("standard input (-) reaches one of several ranks only; give a file", ctx)
    if len(standard) > 1:
        raise click.UsageError("standard input (-) can be read only once", ctx)
    for name in standard:
        if not is_new and not is_given(ctx, name):
            raise click.UsageError(
                f"the run read its --{name} from standard input, which is not stored; give it again with --{name} FILE,"
                f" or --{name} -",
                ctx,
            )


def _leave_one_validation_set(ctx: click.Context, options: dict[str, Any]) -> None:
    """Unset choices of the validation set that another one overrules: on the command line, one in a file."""
    names = ("cross_validate", "fold", "test", "validation")
    origins = {name: origin_of(ctx, name) for name in names if name in options}
    for name, origin in origins.items():
        if Origin.DEFAULT < origin < max(origins.values()):
            if name != "validation":
                ctx.params[name] = options[name] = None
            ctx.set_parameter_source(name, ParameterSource.DEFAULT)


def _require_one_validation_set(
    ctx: click.Context, settings: Settings, folds: int | None, outputs: Mapping[str, Path | None]
) -> None:
    """Raise click.UsageError for two options that choose the validation set, or an output of several runs."""
    given = [name for name, path in outputs.items() if path is not None]
    if folds is not None and given:
        raise click.UsageError(f"--cross-validate trains {folds} networks and keeps none; omit {given[0]}", ctx)
    choices = {
        "--cross-validate": folds is not None,
        "--fold": settings.fold is not None,
        "--test": getattr(settings, "test", None) is not None,
        "--validation": is_given(ctx, "validation"),
    }
    chosen = [name for name, is_chosen in choices.items() if is_chosen]
    if len(chosen) > 1:
        raise click.UsageError(
            f"{chosen[0]} and {chosen[1]} are mutually exclusive: both choose the validation set", ctx
        )


def _note_overlap(path: Path) -> None:
    """Warn that validation data may be known to the model that training starts from."""
    remark(
        f"{path.name}: may have been trained on some of the examples held out here; if so, the validation metrics"
        " are too good"
    )
