"""Comparisons of training runs: the same run with several settings and several seeds."""

import contextlib
import dataclasses
import math
import multiprocessing
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import resource_tracker
from statistics import median
from typing import TypeVar

from threadpoolctl import threadpool_limits

from nn_core import plugins
from nn_core.cli.settings import Settings
from nn_core.errors import DivergenceError, NNError
from nn_core.progress import counting
from nn_core.training.callbacks import Callback
from nn_core.training.interruption import interruption
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=Settings)
POINTS = 200
"""Maximum number of points of a curve."""


@dataclass
class Curve:
    """The training loss during one run, and how the run ended.

    steps, seconds, losses  at the start, and after evenly spaced epochs up to the last; seconds
                            of training only
    validation_accuracy     at the end; NaN without a validation set or classes, or if the run diverged
    validation_loss         at the end; NaN without a validation set or if the run diverged
    diverged                the error message, or None
    has_accuracy            whether the run is one of classes
    """

    seed: int
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    validation_accuracy: float = math.nan
    diverged: str | None = None
    validation_loss: float = math.nan
    has_accuracy: bool = True

    def steps_to(self, loss: float) -> int | None:
        """The first recorded step whose loss is at most `loss`; None if there is none."""
        return next((s for s, at in zip(self.steps, self.losses, strict=True) if at <= loss), None)


@dataclass(frozen=True)
class Trial:
    """One setting of a comparison, with a curve per seed."""

    label: str
    curves: tuple[Curve, ...]

    @property
    def final_losses(self) -> list[float]:
        """The final loss of each run; infinite if it diverged."""
        return [math.inf if curve.diverged else curve.losses[-1] for curve in self.curves]

    @property
    def validation_accuracy(self) -> float:
        """Median over the seeds, counting diverged runs as the worst; NaN if there are none."""
        worst = -math.inf
        middle = median(worst if c.diverged else c.validation_accuracy for c in self.curves)
        return middle if middle > worst else math.nan

    @property
    def validation_loss(self) -> float:
        """Median over the seeds; infinite if most runs diverged, NaN if there are none."""
        return median(math.inf if curve.diverged else curve.validation_loss for curve in self.curves)

    @property
    def seconds(self) -> float:
        return median(curve.seconds[-1] for curve in self.curves)


@dataclass(frozen=True)
class Comparison:
    """Trials, and the baseline they are compared with.

    baseline_losses  the lowest loss of plain gradient descent, for each seed
    """

    trials: tuple[Trial, ...]
    seeds: tuple[int, ...]
    baseline_losses: tuple[float, ...]

    def steps_to_baseline(self, trial: Trial) -> float:
        """Median over the seeds; infinite if most runs never reach it."""
        reached = [curve.steps_to(baseline) for curve, baseline in zip(trial.curves, self.baseline_losses, strict=True)]
        return median(math.inf if steps is None else steps for steps in reached)


def compare(
    build: Callable[[S], Trainer], trials: Sequence[tuple[str, S]], baseline: S, *, seeds: int, workers: int
) -> Comparison:
    """Run every trial with consecutive seeds, starting from the seed in its settings.

    build      builds a single-threaded trainer from settings; a function that worker processes
               can import
    trials     label and settings; all with the same seed, which sets weights and batches
    baseline   plain gradient descent; also run, unless it is one of the trials
    workers    number of worker processes; 1 runs everything in this process

    Each run uses one BLAS thread regardless of the number of workers, since the bits of a product
    may depend on the number of threads: so the results do not depend on the workers.
    """
    jobs = {settings: None for _, settings in trials} | {baseline: None}
    runs = [dataclasses.replace(settings, seed=settings.seed + i) for settings in jobs for i in range(seeds)]
    curves = {}
    finished = _map(partial(_run, build), runs, workers)
    with counting(len(runs), "run", name="training") as progress, contextlib.closing(finished):
        for settings, curve in zip(runs, finished, strict=True):
            curves[settings] = curve
            progress.advance()

    def of(settings: S) -> tuple[Curve, ...]:
        return tuple(curves[dataclasses.replace(settings, seed=settings.seed + i)] for i in range(seeds))

    return Comparison(
        trials=tuple(Trial(label, of(settings)) for label, settings in trials),
        seeds=tuple(curve.seed for curve in of(baseline)),
        baseline_losses=tuple(min(curve.losses) for curve in of(baseline)),
    )


class _Recorder(Callback):
    """Record the curve of a run."""

    def __init__(self, trainer: Trainer, curve: Curve) -> None:
        self.trainer, self.curve = trainer, curve
        self.every = math.ceil(trainer.state.epochs / POINTS)
        self.record(trainer.state, self.evaluate())

    def evaluate(self) -> float:
        return self.trainer.evaluate(*self.trainer.examples, weights=self.trainer.weights)["loss"]

    def record(self, state: TrainingState, loss: float) -> None:
        self.curve.steps.append(state.step)
        self.curve.seconds.append(state.seconds)
        self.curve.losses.append(loss)

    def on_epoch(self, state: TrainingState) -> None:
        if state.epoch % self.every == 0 or state.epoch == state.epochs:
            measured = self.trainer.measure_training
            loss = state.history.row(-1)["training_loss"] if measured else self.evaluate()
            self.record(state, loss)


def _run(build: Callable[[S], Trainer], settings: S) -> Curve:
    trainer = build(settings)
    curve = Curve(settings.seed, has_accuracy="accuracy" in trainer.metrics)
    trainer.callbacks = (_Recorder(trainer, curve),)
    try:
        trainer.run()
    except DivergenceError as error:
        curve.diverged = str(error)
        return curve
    if trainer.validation is not None:
        found = trainer.evaluate(*trainer.validation)
        curve.validation_loss, curve.validation_accuracy = found["loss"], found.get("accuracy", math.nan)
    return curve


def _map(function: Callable[[S], Curve], runs: Sequence[S], workers: int) -> Generator[Curve]:
    """The curves in order, from this process or from workers."""
    if workers == 1:
        with threadpool_limits(1):
            yield from map(function, runs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(runs)), mp_context=context, initializer=_begin_worker, initargs=(plugins.loaded,)
    ) as pool:
        try:
            with _starting_workers():
                futures = [pool.submit(function, run) for run in runs]
            yield from (future.result() for future in futures)
        except BrokenProcessPool:
            raise NNError("a worker process died, perhaps out of memory; try --workers 1") from None
        except BaseException:
            for child in multiprocessing.active_children():
                child.terminate()
            raise


@contextlib.contextmanager
def _starting_workers() -> Generator[None]:
    """Start processes that ignore Ctrl-C; the parent handles it once they have started."""
    with interruption() as asked:
        if not hasattr(signal, "pthread_sigmask"):
            yield
        else:
            resource_tracker.ensure_running()  # if it started later, it would reset the mask
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                yield
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if asked():
        raise KeyboardInterrupt


def _begin_worker(names: Sequence[str]) -> None:
    threadpool_limits(1)
    for name in names:
        plugins.load_plugin(name)
