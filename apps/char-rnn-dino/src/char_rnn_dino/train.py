"""What `dino-gen train` and `char-rnn train` do alike."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from char_rnn_dino.figures import for_machines, in_words, nats
from char_rnn_dino.model import load_model
from char_rnn_dino.preparing import Prepared, run_to_resume
from char_rnn_dino.settings import SequenceSettings, settings_of
from nn_core.cli.app import echo_json, info
from nn_core.cli.param_types import require_distinct
from nn_core.cli.settings import resumed_settings
from nn_core.cli.train_run import run
from nn_core.training.callbacks import Callback

S = TypeVar("S", bound=SequenceSettings)


def learn(
    ctx: click.Context,
    options: dict[str, Any],
    *,
    program: str,
    kind: type[S],
    prepare: Callable[[S], Prepared],
    callbacks: Callable[[Prepared, S], Sequence[Callback]],
) -> None:
    """Train, or go on with a run, and say how well it foretells.

    options    all of the command line's
    program    whose checkpoints are written and resumed
    prepare    a run from its settings
    callbacks  those that the program adds to the run
    """
    outputs = {f"--{name}": options.pop(name) for name in ("save", "log", "figure")}
    resume, as_json, threads = (options.pop(name) for name in ("resume", "as_json", "threads"))
    model = None
    if resume is not None:
        model = load_model(resume, program)
        outputs["--save"] = outputs["--save"] or resume
        options = resumed_settings(ctx, settings_of(model, kind).to_dict(), free={"data"})
    settings = kind.from_mapping(options)
    require_distinct(outputs, **{"--data": settings.data})
    others = {name: path for name, path in outputs.items() if name != "--save"}
    require_distinct(others, **{"--resume": resume})
    prepared = prepare(settings)
    run(
        prepared.trainer,
        program=program,
        details=prepared.details(settings),
        early_stopping=settings.early_stopping,
        save=outputs["--save"],
        resume=None if model is None else run_to_resume(model, prepared),
        log=outputs["--log"],
        threads=threads,
        callbacks=callbacks(prepared, settings),
    )
    result = _result(prepared)
    if as_json:
        echo_json(for_machines(result))
    else:
        click.echo(_report(prepared, settings, result))
    figure: Path | None = outputs["--figure"]
    if figure is not None:
        from nn_core.cli.plots import draw_training

        title = f"{prepared.source}: {settings.cell} of {settings.hidden}, {settings.optimizer}"
        draw_training(prepared.trainer.history, figure, title=title)
        info(f"wrote {figure}")


def _result(prepared: Prepared) -> dict[str, Any]:
    trainer = prepared.trainer
    judged = () if trainer.validation is None else trainer.validation
    return {
        "data": prepared.source,
        "parameters": trainer.network.parameters.size,
        "epochs": trainer.epoch,
        "steps": trainer.step_count,
        "seconds": trainer.seconds,
        "stopped": trainer.stopped,
        "training_loss": trainer.history.columns["training_loss"][-1],
        **nats(trainer.measure(*judged)["loss"], prepared.vocabulary),
    }


def _report(prepared: Prepared, settings: SequenceSettings, result: dict[str, Any]) -> str:
    layers = "" if settings.layers == 1 else f"{settings.layers} layers of "
    lines = [
        f"{prepared.source}: {prepared.sizes}",
        f"{layers}{settings.cell} of {settings.hidden}, {result['parameters']:,} parameters",
        f"{result['epochs']:,} epochs, {result['steps']:,} steps in {result['seconds']:.2f} s",
    ]
    if result["stopped"]:
        lines.append(f"stopped early: {result['stopped']}")
    return "\n".join([*lines, f"held back: {in_words(result, prepared.vocabulary)}"])
