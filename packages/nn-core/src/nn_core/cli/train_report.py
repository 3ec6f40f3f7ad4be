"""What `train` says of a run that has ended."""

from typing import Any

from nn_core.summary import table
from nn_core.training.trainer import Trainer

PARTS = ("training", "validation")


def training_result(trainer: Trainer, *, data: str) -> dict[str, Any]:
    """The figures of a run of a classifier, each part measured by the weights it ends with.

    data  where the training part comes from
    """
    parts = dict(zip(PARTS, (trainer.examples, trainer.validation), strict=True))
    present = {name: part for name, part in parts.items() if part is not None}
    return {
        "data": data,
        "examples": {name: len(part[1]) for name, part in present.items()},
        "parameters": trainer.network.parameters.size,
        "epochs": trainer.epoch,
        "steps": trainer.step_count,
        "seconds": trainer.seconds,
        "stopped": trainer.stopped,
        **{
            f"{name}_{figure}": value
            for name, part in present.items()
            for figure, value in trainer.measure(*part).items()
        },
    }


def training_report(result: dict[str, Any], *, network: str, origin: str) -> str:
    """The same in words and a table.

    network  which network it was, in a few words
    origin   where the validation part comes from
    """
    rows = [("", "examples", "loss", "accuracy")]
    rows += [
        (
            part,
            f"{count:,}",
            f"{result[f'{part}_loss']:.4g}",
            f"{result[f'{part}_accuracy']:.2%}",
        )
        for part, count in result["examples"].items()
    ]
    lines = [
        f"{result['data']}; validation: {origin}",
        f"{network}, {result['parameters']:,} parameters",
        f"{result['epochs']:,} epochs, {result['steps']:,} steps in {result['seconds']:.2f} s",
    ]
    if result["stopped"]:
        lines.append(f"stopped early: {result['stopped']}")
    return "\n".join([*lines, table(rows)])
