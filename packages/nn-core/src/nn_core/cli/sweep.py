"""The same run under several settings, several times over: who learns faster, and better."""

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

from nn_core.cli.progress import Progress
from nn_core.cli.settings import Settings
from nn_core.cli.train_run import interruption
from nn_core.errors import DivergenceError, NNError
from nn_core.registry import load_plugin, plugins
from nn_core.training.callbacks import Callback
from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=Settings)
POINTS = 200
"""At most so many points on a curve."""


@dataclass
class Curve:
    """The loss on all training examples along one run, and how the run ended.

    steps, seconds, losses  at the start, and after epochs evenly spread to the last; seconds
                            are those of training alone
    validation_accuracy     at the end; NaN without a validation part or if it diverged
    diverged                what went wrong, or None
    """

    seed: int
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    validation_accuracy: float = math.nan
    diverged: str | None = None

    def steps_to(self, loss: float) -> int | None:
        """The first measured step at which the loss was no higher; None if it never was."""
        return next((s for s, at in zip(self.steps, self.losses, strict=True) if at <= loss), None)


@dataclass(frozen=True)
class Variant:
    """One setting of the comparison, with a curve for each seed."""

    label: str
    curves: tuple[Curve, ...]

    @property
    def final_losses(self) -> list[float]:
        """The loss at the end of each run; infinite where it diverged."""
        return [math.inf if curve.diverged else curve.losses[-1] for curve in self.curves]

    @property
    def validation_accuracy(self) -> float:
        """Median over the seeds, of which one that diverged counts as the worst; or NaN."""
        worst = -math.inf
        middle = median(worst if c.diverged else c.validation_accuracy for c in self.curves)
        return middle if middle > worst else math.nan

    @property
    def seconds(self) -> float:
        return median(curve.seconds[-1] for curve in self.curves)


@dataclass(frozen=True)
class Comparison:
    """Variants side by side.

    targets  for each seed the lowest loss that plain gradient descent reached
    """

    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    targets: tuple[float, ...]

    def steps_to_target(self, variant: Variant) -> float:
        """Median over the seeds; infinite if most runs never got there."""
        reached = [
            curve.steps_to(target)
            for curve, target in zip(variant.curves, self.targets, strict=True)
        ]
        return median(math.inf if steps is None else steps for steps in reached)


def compare(
    build: Callable[[S], Trainer],
    variants: Sequence[tuple[str, S]],
    reference: S,
    *,
    seeds: int,
    workers: int,
) -> Comparison:
    """Run every variant with every seed: the variants' own, and those after it.

    build      makes the trainer of some settings; a function that another process can import
    variants   label and settings; all with one seed, from which weights and batches follow
    reference  plain gradient descent, run too unless it is among the variants
    workers    processes to share the runs out to; 1 runs them here

    Each run has one BLAS thread whatever the number of workers, since the bits of a product
    may depend on how many threads share it: so the numbers are the same for any count.
    """
    jobs = {settings: None for _, settings in variants} | {reference: None}
    runs = [
        dataclasses.replace(settings, seed=settings.seed + i)
        for settings in jobs
        for i in range(seeds)
    ]
    curves = {}
    progress = Progress(len(runs), unit="run")
    try:
        with contextlib.closing(_map(partial(_run, build), runs, workers)) as finished:
            for settings, curve in zip(runs, finished, strict=True):
                curves[settings] = curve
                progress.advance()
    finally:
        progress.close()

    def of(settings: S) -> tuple[Curve, ...]:
        return tuple(
            curves[dataclasses.replace(settings, seed=settings.seed + i)] for i in range(seeds)
        )

    return Comparison(
        variants=tuple(Variant(label, of(settings)) for label, settings in variants),
        seeds=tuple(curve.seed for curve in of(reference)),
        targets=tuple(min(curve.losses) for curve in of(reference)),
    )


class _Watch(Callback):
    """Fill a curve while a run goes on."""

    def __init__(self, trainer: Trainer, curve: Curve) -> None:
        self.curve = curve
        self.every = math.ceil(trainer.epochs / POINTS)
        self.measure(trainer)

    def measure(self, trainer: Trainer) -> None:
        self.curve.steps.append(trainer.step_count)
        self.curve.seconds.append(trainer.seconds)
        self.curve.losses.append(trainer.measure(*trainer.examples)["loss"])

    def on_epoch(self, trainer: Trainer) -> None:
        if trainer.epoch % self.every == 0 or trainer.epoch == trainer.epochs:
            self.measure(trainer)


def _run(build: Callable[[S], Trainer], settings: S) -> Curve:
    trainer = build(settings)
    curve = Curve(settings.seed)
    trainer.callbacks = (_Watch(trainer, curve),)
    try:
        trainer.run()
    except DivergenceError as error:
        curve.diverged = str(error)
        return curve
    if trainer.validation is not None:
        curve.validation_accuracy = trainer.measure(*trainer.validation)["accuracy"]
    return curve


def _map(function: Callable[[S], Curve], runs: Sequence[S], workers: int) -> Generator[Curve]:
    """The curves in order, from this process or from several."""
    if workers == 1:
        with threadpool_limits(1):
            yield from map(function, runs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(runs)), mp_context=context, initializer=_begin_worker, initargs=(plugins,)
    ) as pool:
        try:
            with _starting_workers():
                futures = [pool.submit(function, run) for run in runs]
            yield from (future.result() for future in futures)
        except BrokenProcessPool:
            raise NNError(
                "a worker process died; perhaps memory ran out: try --workers 1"
            ) from None
        except BaseException:
            for child in multiprocessing.active_children():
                child.terminate()
            raise


@contextlib.contextmanager
def _starting_workers() -> Generator[None]:
    """Processes started in here never hear Ctrl-C; this one hears it once they have started."""
    with interruption() as asked:
        if not hasattr(signal, "pthread_sigmask"):
            yield
        else:
            resource_tracker.ensure_running()  # it would lift the mask when it starts
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                yield
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if asked():
        raise KeyboardInterrupt


def _begin_worker(plugins: Sequence[str]) -> None:
    threadpool_limits(1)
    for name in plugins:
        load_plugin(name)
