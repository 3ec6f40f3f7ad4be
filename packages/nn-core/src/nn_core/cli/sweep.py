"""Comparisons of training runs: the same run with several settings and several seeds."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, TypeVar

import numpy as np

from nn_core import plugins
from nn_core.batches.subset import take_examples
from nn_core.cli.curve import Curve as Curve  # noqa: PLC0414
from nn_core.cli.data_bundle import SourceFiles
from nn_core.cli.execution import Execution
from nn_core.cli.run_queue import NoRecord, Record, compute
from nn_core.cli.settings import Settings
from nn_core.errors import DataError, DivergenceError
from nn_core.progress import counting
from nn_core.training.callbacks import Callback
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=Settings)
HERE = Execution()
POINTS = 200
"""Maximum number of points of a curve."""
HALVES = ("choosing_loss", "judging_loss")
"""What curves record of a run that is measured on both halves of its validation set."""
METRICS = ("training_loss", "training_accuracy", "validation_loss", "validation_accuracy", *HALVES)
"""What curves record."""
LEAST_SECONDS = 1.0
"""Training times of shorter runs are not compared: they differ more from run to run than from trial to trial."""


@dataclass(frozen=True)
class Trial:
    """One setting of a comparison, with a curve per seed."""

    label: str
    curves: tuple[Curve, ...]

    @property
    def final_losses(self) -> list[float]:
        """The final training loss of each run; infinite if it diverged."""
        return [math.inf if curve.diverged else curve.losses[-1] for curve in self.curves]

    def final(self, metric: str) -> float:
        """Median over the seeds of a metric at the end, counting diverged runs as the worst.

        NaN if it was not measured, or for accuracies if most runs diverged.
        """
        worst = -math.inf if metric.endswith("accuracy") else math.inf
        middle = median(worst if curve.diverged else curve.final(metric) for curve in self.curves)
        return math.nan if middle == -math.inf else middle

    @property
    def seconds(self) -> float:
        return median(curve.seconds[-1] for curve in self.curves)


@dataclass(frozen=True)
class Comparison:
    """Trials, and the baseline they are compared with.

    baseline_losses  the lowest loss of plain gradient descent, for each seed; none without a baseline
    takes_turns      whether the runs followed one another, each seed with all trials
    """

    trials: tuple[Trial, ...]
    seeds: tuple[int, ...]
    baseline_losses: tuple[float, ...] = ()
    takes_turns: bool = True

    def measures(self, metric: str) -> bool:
        """Whether any run has the metric."""
        return any(metric in curve.metrics for trial in self.trials for curve in trial.curves)

    def steps_to_baseline(self, trial: Trial) -> float:
        """Median over the seeds; infinite if most runs never reach it."""
        reached = [curve.steps_to(baseline) for curve, baseline in zip(trial.curves, self.baseline_losses, strict=True)]
        return median(math.inf if steps is None else steps for steps in reached)

    @property
    def has_times(self) -> bool:
        """Whether the training times can be compared: runs took turns, and none was shorter than LEAST_SECONDS."""
        ends = [c.seconds[-1] for trial in self.trials for c in trial.curves if not c.diverged]
        return self.takes_turns and min(ends, default=0.0) >= LEAST_SECONDS


def compare(
    build: Callable[[S], Trainer],
    trials: Sequence[tuple[str, S]],
    baseline: S | None,
    *,
    seeds: int,
    execution: Execution = HERE,
    keep_weights: bool = False,
    probe: Callable[[Trainer], Any] | None = None,
) -> Comparison:
    """Run every trial with consecutive seeds, starting from the seed in its settings.

    build         builds a single-threaded trainer from settings; a function that worker processes
                  can import
    trials        label and settings; all with the same seed, which sets weights and batches
    baseline      plain gradient descent; also run, unless it is one of the trials
    execution     where runs are computed
    keep_weights  keep the final parameters of the runs with the first seed
    probe         what to measure before the first step; a function that worker processes can import

    Trials take turns: all run with the first seed, then with the second, so that a computer that
    becomes slower slows all of them. Each run uses one BLAS thread wherever it is computed, since the
    bits of a product may depend on the number of threads: so the results do not depend on the workers.
    """
    jobs = dict.fromkeys([settings for _, settings in trials] + ([] if baseline is None else [baseline]))
    kept = trials[0][1].seed if keep_weights else None
    runs = [_seeded(job, i) for i in range(seeds) for job in jobs]
    curves = run_all(build, runs, execution=execution, kept=kept, probe=probe)

    def of(settings: S) -> tuple[Curve, ...]:
        return tuple(curves[_seeded(settings, i)] for i in range(seeds))

    return Comparison(
        trials=tuple(Trial(label, of(settings)) for label, settings in trials),
        seeds=tuple(curve.seed for curve in of(trials[0][1])),
        baseline_losses=() if baseline is None else tuple(min(curve.losses) for curve in of(baseline)),
        takes_turns=execution.takes_turns,
    )


def run_all(
    build: Callable[[S], Trainer],
    runs: Sequence[S],
    *,
    execution: Execution = HERE,
    unit: str = "run",
    kept: int | None = None,
    probe: Callable[[Trainer], Any] | None = None,
    stop_epoch: int | None = None,
    halves: bool = False,
) -> dict[S, Curve]:
    """The curve of each run, by its settings, in the order of the runs; see `compare`.

    unit        what a run is called in the progress
    kept        the seed whose runs keep their final parameters; None for none
    probe       as in `compare`
    halves      measure the loss on each half of the validation set instead: the first chooses, the other judges
    stop_epoch  end each run after this many of its epochs, with the bits that the whole run has then
    """
    distinct = list(dict.fromkeys(runs))
    function = partial(_run, build, kept, probe, stop_epoch, halves)
    curves = {}
    with (
        _record_of(function, distinct, execution) as record,
        counting(len(distinct), unit, name="training") as progress,
        contextlib.closing(compute(function, distinct, execution, record)) as finished,
    ):
        for settings, curve in finished:
            curves[settings] = curve
            progress.advance()
    return {settings: curves[settings] for settings in distinct}


@contextlib.contextmanager
def _record_of(function: "partial[Curve]", runs: Sequence[S], execution: Execution) -> Iterator[Record[S, Curve]]:
    """The open journal, if there is one."""
    if execution.journal is None:
        yield NoRecord()
        return
    from nn_core.cli.sweep_journal import SCHEMA, SweepJournal, identity
    from nn_core.storage.journal import Journal

    build, kept, probe, stop_epoch, halves = function.args

    def how(settings: S) -> dict[str, Any]:
        return {
            "build": identity(build),
            "probe": identity(probe),
            "keeps_weights": settings.seed == kept,
            "stop_epoch": stop_epoch,
            "halves": halves,
        }

    with Journal(execution.journal, SCHEMA) as journal:
        yield SweepJournal(journal, SourceFiles.of(runs, plugins.loaded), how)


def _seeded(settings: S, i: int) -> S:
    return dataclasses.replace(settings, seed=settings.seed + i)


def _halves(trainer: Trainer) -> dict[str, tuple[Any, Any]]:
    """The validation set in two halves: every other example, or the halves of a text."""
    if trainer.validation is None:
        raise DataError("no validation set to choose and to judge by; hold out a part of the data (--validation 0.3)")
    x, y = trainer.validation
    if trainer.recipe.bptt_length is not None:
        parts = slice(0, len(x) // 2), slice(len(x) // 2, None)
        return {name: (np.asarray(x)[part], y[part]) for name, part in zip(("choosing", "judging"), parts, strict=True)}
    found = {}
    for first, name in enumerate(("choosing", "judging")):
        rows = np.arange(first, len(x), 2)
        if not len(rows):
            raise DataError("the validation set has too few examples to choose and to judge by")
        found[name] = take_examples(x, rows), y[rows]
    trainer.validation, trainer.measure_training = None, False  # measured here
    return found


class _Recorder(Callback):
    """Record the curve of a run, and stop it after an epoch."""

    def __init__(self, trainer: Trainer, curve: Curve, stop_epoch: int | None, parts: Mapping[str, Any]) -> None:
        self.parts = parts
        self.trainer, self.curve, self.last = trainer, curve, stop_epoch or trainer.state.epochs
        self.every = math.ceil(trainer.state.epochs / POINTS)
        first = self.measure()
        if parts:
            first["training_loss"] = trainer.evaluate(*trainer.examples, weights=trainer.weights)["loss"]
        self.record(trainer.state, first)

    def measure(self) -> dict[str, float]:
        """The metrics on the training and the validation set."""
        trainer = self.trainer
        if self.parts:
            return {f"{part}_loss": trainer.evaluate(*examples)["loss"] for part, examples in self.parts.items()}
        parts = {"training": trainer.evaluate(*trainer.examples, weights=trainer.weights)}
        if trainer.validation is not None:
            parts["validation"] = trainer.evaluate(*trainer.validation)
        return {f"{part}_{name}": value for part, found in parts.items() for name, value in found.items()}

    def record(self, state: TrainingState, row: Mapping[str, float]) -> None:
        self.curve.steps.append(state.step)
        self.curve.epochs.append(state.epoch)
        self.curve.seconds.append(state.seconds)
        for name in METRICS:
            if name in row:
                self.curve.metrics.setdefault(name, []).append(row[name])

    def on_epoch(self, state: TrainingState) -> None:
        if state.epoch % self.every == 0 or state.epoch == self.last:
            row = state.history.row(-1)
            if self.parts:
                row |= self.measure()
            self.record(state, row if self.parts or self.trainer.measure_training else self.measure())
        if state.epoch == self.last < state.epochs:
            state.stopped = f"after {self.last} epochs"


def _run(
    build: Callable[[S], Trainer],
    kept: int | None,
    probe: Callable[[Trainer], Any] | None,
    stop_epoch: int | None,
    halves: bool,
    settings: S,
) -> Curve:
    trainer = build(settings)
    parts = _halves(trainer) if halves else {}
    curve = Curve(settings.seed, probed=None if probe is None else probe(trainer))
    trainer.callbacks = (_Recorder(trainer, curve, stop_epoch, parts),)
    try:
        trainer.run()
    except DivergenceError as error:
        curve.diverged = str(error)
    if settings.seed == kept:
        curve.weights = trainer.network.vector.copy()
    return curve
