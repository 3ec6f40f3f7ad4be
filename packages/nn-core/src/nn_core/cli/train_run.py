"""A training run with its backend, progress, log, checkpoints, and a clean end on signals."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from nn_core import checkpoint
from nn_core.backends import backend_named
from nn_core.cli.divergence import check_final_loss
from nn_core.cli.settings import Settings
from nn_core.cli.terminal import Interrupted, info
from nn_core.distributed.launch import local_size
from nn_core.distributed.mpi_ranks import joined_ranks
from nn_core.errors import CheckpointError
from nn_core.network import Network
from nn_core.ranks import Ranks
from nn_core.reference import Backend
from nn_core.registry import require
from nn_core.signals import ENDING
from nn_core.storage.save_lock import SaveLock
from nn_core.training.callbacks import Callback, EarlyStopping
from nn_core.training.interruption import InterruptedBetweenSteps, StopWhen, interruption
from nn_core.training.progress import epoch_progress
from nn_core.training.state import Snapshot, TrainingState
from nn_core.training.trainer import Trainer

if TYPE_CHECKING:
    from nn_core.training.log import Log

NOT_SAVED = "not saved: no --save given"


def backend_for(network: Network, settings: Settings, threads: int | None = None) -> Backend:
    """The backend chosen by the settings `engine` and `shards`.

    threads  number of engine threads; None for the number of cores, at most 4, of which the ranks on
             this machine take their share. Does not affect the results
    Raises SettingError for shards or several ranks with the reference, which computes every batch as a whole.
    """
    ranks = joined_ranks()
    require(settings.engine == "fast" or settings.shards is None, "--shards requires --engine fast")
    require(settings.engine == "fast" or ranks.count == 1, "several ranks require --engine fast")
    if threads is None and ranks.count > 1:
        from nn_core.engine.thread_pool import available_threads, cores_for_each

        threads = max(1, min(available_threads(), cores_for_each(local_size())))
    threads = threads if settings.engine == "fast" else None
    return backend_named(settings.engine, network, threads=threads, shards=settings.shards, ranks=ranks)


def run(
    trainer: Trainer,
    *,
    program: str,
    details: Mapping[str, Any],
    early_stopping: int | None = None,
    save: Path | None = None,
    resume: Snapshot | None = None,
    log: Log | None = None,
    callbacks: Sequence[Callback] = (),
    fold: str | None = None,
    final_details: Callable[[], Mapping[str, Any]] | None = None,
) -> None:
    """Train to the end, from the start or from a saved snapshot.

    The checkpoint is written while the run goes on (see `Saver`), and at the end. With
    `early_stopping`, the network and the checkpoint end with the weights of the best epoch.
    Ctrl-C, SIGTERM and SIGHUP end the run between two steps, and save it; a second one ends it at once.

    callbacks      called before those for logging and saving
    fold           the fold of a cross-validation, "2/5", for progress
    final_details  what the checkpoint of a finished run stores besides `details`

    Raises Interrupted, after saving, if a signal ends the run; DivergenceError,
    keeping the last good checkpoint, if it diverges, also if its loss is finite (see `check_final_loss`);
    CheckpointError if the checkpoint cannot be written, or another run saves to it.
    """
    from threadpoolctl import threadpool_limits

    state = trainer.state
    saver = None if save is None else Saver(save, program, details)
    if resume is not None:
        trainer.resume(resume)
        if state.stopped is not None:
            info(f"this run is finished: {state.stopped}")
    all_callbacks: list[Callback] = [*callbacks]
    if log is not None:
        log.begin(state)
        all_callbacks.append(log)
    if early_stopping is not None:
        all_callbacks.append(EarlyStopping(early_stopping))
    if saver is not None:
        all_callbacks.append(saver)  # last, to save what the others decided
    unit = "epoch" if fold is None else f"fold {fold}, epoch"
    with threadpool_limits(1), interruption(ENDING) as asked_here, saver or contextlib.nullcontext():
        asked = asked_here if joined_ranks().count == 1 else AgreedSignal(asked_here, joined_ranks())
        with epoch_progress(state, unit=unit) as progress, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "this run has finished")
            trainer.callbacks = (progress, *all_callbacks, StopWhen(asked))
            try:
                trainer.run()
            except InterruptedBetweenSteps:
                message = _interrupted(state, saver, fold)
                joined_ranks().exchange(None)  # until rank 0 has saved
                raise Interrupted(asked(), message) from None
        if saver is not None:
            if final_details is not None:
                saver.details = {**saver.details, **final_details()}
            saver.save(state)
        joined_ranks().exchange(None)  # until rank 0 has saved
        check_final_loss(trainer, save)
        if asked():
            raise Interrupted(asked(), after_training(save) if fold is None else f"after fold {fold}")


class AgreedSignal:
    """The first signal that any rank has received, known to all of them after the same step; 0 before one comes.

    All ranks must ask at the same steps.
    """

    def __init__(self, asked: Callable[[], int], ranks: Ranks) -> None:
        self._asked, self._ranks, self._agreed = asked, ranks, 0

    def __call__(self) -> int:
        if not self._agreed:
            self._agreed = max(self._ranks.exchange(self._asked()))
        return self._agreed


class Saver(Callback):
    """Write a checkpoint within seconds of the start, then as often as is cheap; as a context, keep other runs off it.

    The first one is due after FIRST seconds or the first epoch. From then on, saving takes at most
    SHARE of the time.
    """

    FIRST = 1.0
    SHARE = 0.01

    def __init__(self, path: Path, program: str, details: Mapping[str, Any]) -> None:
        self.path, self.program, self.details = path, program, details
        self.lock = SaveLock(path)
        self.is_first = True
        self.next_time = time.monotonic() + self.FIRST

    def __enter__(self) -> Self:
        self.lock.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.lock.__exit__(*error)

    def on_epoch(self, state: TrainingState) -> None:
        if self.is_first:
            self.save(state)

    def on_step(self, state: TrainingState) -> None:
        if time.monotonic() >= self.next_time and _is_finite(state):
            self.save(state)

    def save(self, state: TrainingState) -> None:
        """Write it now."""
        start = time.monotonic()
        self.lock.check()
        snapshot = state.snapshot()
        checkpoint.save(self.path, state.network, program=self.program, details=self.details, snapshot=snapshot)
        self.lock.renew()
        end = time.monotonic()
        self.is_first = False
        self.next_time = end + max(self.FIRST, (end - start) / self.SHARE)


def _is_finite(state: TrainingState) -> bool:
    """Whether a run can be saved; if not, the next step or the end of the epoch says why."""
    return all(np.isfinite(values).all() for values in (state.network.vector, *state.optimizer_state.values()))


def start_from(network: Network, model: Network) -> None:
    """Copy all parameters of a model, running statistics included, to a network of the same layers.

    The dropout rates may differ. Raises CheckpointError if the parameters differ in shape.
    """
    ours, theirs = ([values.shape for values in each.named(each.vector).values()] for each in (network, model))
    if ours != theirs:
        raise CheckpointError(f"the weights of the model do not fit its settings: {theirs} for {ours}")
    network.vector[...] = model.vector


def after_training(save: Path | None) -> str:
    """What becomes of a finished run that is interrupted before its results are printed."""
    return f"after training; {NOT_SAVED if save is None else f'saved as {save}'}"


def _interrupted(state: TrainingState, saver: Saver | None, fold: str | None) -> str:
    where = f"after step {state.step} (epoch {state.epoch + 1})"
    if fold is not None:
        return f"{where} of fold {fold}"
    if saver is None:
        return f"{where}; {NOT_SAVED}"
    try:
        saver.save(state)
    except CheckpointError as error:
        return f"{where}; {error}"
    return f"{where}; saved; continue with --resume {saver.path}"
