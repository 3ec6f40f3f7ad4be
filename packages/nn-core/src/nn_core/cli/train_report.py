"""Training results as data and as text."""

from collections.abc import Mapping
from typing import Any

from nn_core.cli.terminal import counted
from nn_core.summary import table
from nn_core.training.trainer import Trainer

PARTS = ("training", "validation")


def training_result(trainer: Trainer, *, data: str) -> dict[str, Any]:
    """The final metrics of a classifier's training run.

    data  where the training set comes from
    """
    parts = dict(zip(PARTS, (trainer.examples, trainer.validation), strict=True))
    present = {name: part for name, part in parts.items() if part is not None}
    return {
        "data": data,
        "examples": {name: len(part[1]) for name, part in present.items()},
        **run_result(trainer),
        **{
            f"{name}_{figure}": value
            for name, part in present.items()
            for figure, value in trainer.evaluate(*part).items()
        },
    }


def validation_scores(result: Mapping[str, Any]) -> dict[str, float]:
    """The metrics on the validation set in a result, by name."""
    return {name.removeprefix("validation_"): value for name, value in result.items() if name.startswith("validation_")}


def run_result(trainer: Trainer) -> dict[str, Any]:
    """The size of a network and the length of its run."""
    state = trainer.state
    return {
        "parameters": state.network.vector.size,
        "epochs": state.epoch,
        "steps": state.step,
        "seconds": state.seconds,
        "stopped": state.stopped,
    }


def training_report(result: Mapping[str, Any], *, network: str, origin: str) -> str:
    """The result as text and a table.

    network  short description of the network
    origin   where the validation set comes from
    """
    rows = [("", "examples", "loss", "accuracy")]
    rows += [
        (part, f"{count:,}", f"{result[f'{part}_loss']:.4g}", f"{result[f'{part}_accuracy']:.2%}")
        for part, count in result["examples"].items()
    ]
    held_out = f"validation: {origin}" if "validation" in result["examples"] else "no validation set"
    return "\n".join([f"{result['data']}; {held_out}", *run_lines(result, network=network), table(rows)])


def run_lines(result: Mapping[str, Any], *, network: str) -> list[str]:
    """The size of a network and the length of its run, from `run_result`."""
    epochs, steps = counted(result["epochs"], "epoch"), counted(result["steps"], "step")
    lines = [
        f"{network}, {counted(result['parameters'], 'parameter')}",
        f"{epochs}, {steps} in {result['seconds']:.2f} s",
    ]
    return [*lines, f"stopped early: {result['stopped']}"] if result["stopped"] else lines
