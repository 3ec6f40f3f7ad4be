"""`compare-optimizers --landscape`."""

import math
from collections.abc import Sequence
from dataclasses import replace

import click

from deep_nn.commands._comparison import Request
from deep_nn.landscape.paths import OptimizerPath, best_path
from deep_nn.landscape.plot import draw_landscape
from deep_nn.landscape.surfaces import SURFACES, Surface, loss_surface
from deep_nn.settings import NetworkSettings
from deep_nn.setup import build_trainer
from nn_core.cli.param_types import ANIMATIONS
from nn_core.cli.terminal import counted, echo, echo_json, info
from nn_core.errors import DataError, SettingError
from nn_core.optim.optimizers import optimizer
from nn_core.registry import nearest
from nn_core.summary import table

OF_DATA = "loss"
"""The name of the loss on the data of the command line."""
STEPS = 100


def show_landscape(
    base: NetworkSettings, names: Sequence[str], run: Request, *, surface: str, rates: Sequence[float]
) -> None:
    """Follow each optimizer over a surface at its best rate, and report."""
    made = _surface(surface, base)
    paths = []
    for name in names:
        given, _, rate = name.partition("@")
        own = optimizer(given).learning_rate
        tried = [float(rate)] if rate else rates if own is None else [own]
        path = best_path(made, given, tried, STEPS)
        if path is None:
            info(f"Note: {given} diverged at all learning rates")
        else:
            paths.append(path)
    if not paths:
        raise DataError("all optimizers diverged; give smaller --rates")
    target = _target(made, paths)
    if run.as_json:
        found = [
            {
                "optimizer": path.name,
                "learning_rate": path.rate,
                "final_value": float(path.values[-1]),
                "steps_to_target": path.steps_to(target),
                "points": path.points.tolist(),
                "values": path.values.tolist(),
            }
            for path in paths
        ]
        result = {"command": run.name, "surface": surface, "start": made.start, "target": target}
        echo_json(result | {"figure": str(run.figure), "paths": found})
    else:
        echo(_report(made, paths, target))
    is_animation = run.figure.path.suffix.lower() in ANIMATIONS
    title = f"{counted(STEPS, 'step')} of {counted(len(paths), 'optimizer')} over {made.name}"
    draw_landscape(made, paths, run.figure, title=title, is_animation=is_animation)
    info(f"wrote {run.figure}")


def _surface(name: str, base: NetworkSettings) -> Surface:
    if name in SURFACES:
        return SURFACES[name]()
    if name != OF_DATA:
        raise SettingError(f"no surface {name!r}; {nearest(name, [OF_DATA, *SURFACES])}")
    trainer = build_trainer(replace(base, optimizer="adam", learning_rate=None, batch_size=None, dtype="float64"))
    if (trainer.network.input_shape[0] or 0) < 2:
        raise click.UsageError("--landscape loss needs data with at least two inputs")
    trainer.measure_training, trainer.validation = False, None
    trainer.run()
    return loss_surface(trainer)


def _target(surface: Surface, paths: Sequence[OptimizerPath]) -> float:
    """A hundredth of the way that is left at the start, above the lowest value that any path reached."""
    start = float(paths[0].values[0])
    reached = min(float(path.values.min()) for path in paths)
    return reached + (start - reached) / 100


def _report(surface: Surface, paths: Sequence[OptimizerPath], target: float) -> str:
    rows = [("optimizer", "learning rate", f"value after {STEPS} steps", f"steps to {target:.3g}")]
    for path in paths:
        steps = path.steps_to(target)
        value = float(path.values[-1])
        shown = f"{value:.4g}" if math.isfinite(value) else "inf"
        rows.append((path.name, f"{path.rate:g}", shown, "never" if steps is None else str(steps)))
    return "\n".join(
        [
            f"{surface.name}, from ({surface.start[0]:.3g}, {surface.start[1]:.3g})",
            table(rows),
            "learning rates: of --rates, the one with the lowest mean logarithm of the value over the path",
        ]
    )
