"""The plug-in in CONTRIBUTING.md: in Python, in checkpoints, and on command lines."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import numpy as np
import pytest
from toy_runs import build, run_toy, settings_of

from nn_core import checkpoint, plugins
from nn_core.checkpoint import Checkpoint
from nn_core.cli.app import App
from nn_core.cli.execution import Execution
from nn_core.cli.export import OnnxGraph, export_command
from nn_core.cli.options import model_option
from nn_core.cli.param_types import SpecType
from nn_core.cli.settings import Settings
from nn_core.cli.sweep import compare
from nn_core.cli.terminal import json_option
from nn_core.cli.train_command import train_network
from nn_core.cli.train_options import activation_option, output_options, recipe_options
from nn_core.cli.train_run import backend_for
from nn_core.engine.engine import Engine
from nn_core.gradient_check import check_gradients
from nn_core.layers import ACTIVATIONS, LAYERS, Dense
from nn_core.losses import LOSSES, loss
from nn_core.network import Network
from nn_core.optim.optimizers import OPTIMIZERS, optimizer
from nn_core.plugins import load_plugin
from nn_core.reference import Reference
from nn_core.summary import summarize
from nn_core.testing import CommandLine
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer

NAME = "plugin_example.py"
CONTRIBUTING = Path(__file__).parents[4] / "CONTRIBUTING.md"

X = np.random.default_rng(0).normal(size=(24, 3))
Y = np.stack([X[:, 0] - X[:, 1], np.abs(X[:, 2])], axis=1)


def code_blocks() -> list[str]:
    """The Python in the section on plug-ins."""
    if not CONTRIBUTING.is_file():
        pytest.skip("not in a checkout")
    section = CONTRIBUTING.read_text("utf-8").partition("## Add your own")[2]
    return re.findall(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)


@pytest.fixture(autouse=True)
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The plug-in as a file in the working directory; what it registers is forgotten again."""
    for known in (LAYERS, ACTIVATIONS, OPTIMIZERS, LOSSES):
        monkeypatch.setattr(known, "_entries", dict(known._entries))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / NAME
    path.write_text(code_blocks()[0], "utf-8")
    before = list(plugins.loaded)
    yield path
    plugins.loaded[:] = before
    for name in ("plugin_plugin_example", "plugin_example"):
        sys.modules.pop(name, None)


def network(module: ModuleType, dtype: str = "float32") -> Network:
    layers = [Dense(4), module.Swish(beta=2.0), module.Scale(), Dense(2)]
    return Network(layers, input_shape=(3,), rng=np.random.default_rng(1), dtype=dtype)


def test_the_snippet_below_it_checks_its_gradients(
    plugin: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(plugin.parent))
    exec(code_blocks()[1], {})  # noqa: S102
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_its_gradients_are_right_in_a_network(plugin: Path) -> None:
    module = load_plugin(NAME)
    check_gradients(network(module), X, Y, module.Huber(0.5), rng=np.random.default_rng(2))


@pytest.mark.parametrize("weights", [None, np.array([0.0, 1.0, 2.0])])
def test_its_loss_by_hand(plugin: Path, weights: np.ndarray | None) -> None:
    load_plugin(NAME)
    huber = loss("huber:delta=1")
    value, d_y = huber(np.array([0.5, -3.0, 1.0]), np.zeros(3), weights)
    # 1/8, 3 - 1/2 and 1/2; slopes 1/2, -1 and 1
    if weights is None:
        assert value == pytest.approx((0.125 + 2.5 + 0.5) / 3)
        np.testing.assert_allclose(d_y, np.array([0.5, -1.0, 1.0]) / 3)
    else:
        assert value == pytest.approx((2.5 + 2 * 0.5) / 3)
        np.testing.assert_allclose(d_y, np.array([0.0, -1.0, 2.0]) / 3)


def test_its_optimizer_by_hand(plugin: Path) -> None:
    load_plugin(NAME)
    lion = optimizer("sign-momentum:beta1=0.5,beta2=0.75")
    w, state = np.array([1.0, 2.0]), {"m": np.array([-4.0, 0.0])}
    lion.update(w, np.array([2.0, 8.0]), state, learning_rate=0.1, step=1)
    np.testing.assert_allclose(w, [1.1, 1.9])  # signs of -2 + 1 and 0 + 4
    np.testing.assert_allclose(state["m"], [-2.5, 2.0])


def test_both_backends_train_and_resume_it_to_the_same_numbers(plugin: Path, tmp_path: Path) -> None:
    module = load_plugin(NAME)

    def trainer(make: Any, epochs: int) -> Trainer:
        recipe = Recipe(module.Huber(), module.SignMomentum(), learning_rate=0.01, batch_size=8)
        backend = make(network(module, "float64"))
        return Trainer(backend, X, Y, recipe, epochs=epochs, seed=0, metrics={})

    whole = [trainer(make, 4) for make in (Engine, Reference)]
    for one in whole:
        one.run()
    np.testing.assert_allclose(whole[0].network.vector, whole[1].network.vector, rtol=1e-9)
    run_toy(trainer(Engine, 2), save=tmp_path / "a.h5")
    loaded = checkpoint.load(tmp_path / "a.h5", program="toy")
    assert loaded.network.layers == whole[0].network.layers
    resumed = trainer(Engine, 4)
    run_toy(resumed, resume=loaded.require_snapshot())
    np.testing.assert_array_equal(resumed.network.vector, whole[0].network.vector)


def test_its_summary(plugin: Path) -> None:
    rows = summarize(network(load_plugin(NAME))).rows
    assert [(row.layer, row.parameters) for row in rows[1:3]] == [("Swish(beta=2.0)", 0), ("Scale()", 4)]


@dataclass(frozen=True, kw_only=True)
class PluginSettings(Settings):
    activation: str
    layer: str
    loss: str


@dataclass
class PluginModel:
    checkpoint: Checkpoint
    fingerprint: str = ""


@dataclass
class PluginSetup:
    trainer: Trainer
    settings: PluginSettings
    source: str = "data"
    network: str = "network"
    fingerprint: str = ""

    def details(self) -> dict[str, Any]:
        return {"settings": self.settings.to_dict()}

    def result(self) -> dict[str, Any]:
        return {"loss": self.trainer.evaluate(X, Y)["loss"]}

    def scores(self, result: Any) -> dict[str, float]:
        return {}

    def report(self, result: Any) -> str:
        return f"loss {result['loss']:g}"


def set_up(settings: PluginSettings, threads: int | None, start: object, resumed: object) -> PluginSetup:
    network = Network(
        [Dense(4), ACTIVATIONS.parse(settings.activation)(), LAYERS.parse(settings.layer)(), Dense(2)],
        input_shape=(3,),
        rng=np.random.default_rng(settings.seed),
    )
    backend = backend_for(network, settings, threads)
    recipe = settings.recipe(loss(settings.loss))
    return PluginSetup(Trainer(backend, X, Y, recipe, epochs=settings.epochs, seed=settings.seed, metrics={}), settings)


@click.group(cls=App)
def main() -> None:
    pass


@main.command()
@activation_option()
@click.option("--layer", type=SpecType(LAYERS.parse, "layer"), default="Flatten")
@click.option("--loss", type=SpecType(loss, "loss"), default="mean-squared-error")
@recipe_options(optimizer="adam", epochs=2)
@output_options()
@json_option
@click.pass_context
def train(ctx: click.Context, /, **options: Any) -> None:
    train_network(
        ctx,
        options,
        program="toy",
        settings_type=PluginSettings,
        load_model=load_model,
        settings_of=lambda model: PluginSettings.from_mapping(model.checkpoint.details["settings"]),
        set_up=set_up,
        inputs=(),
    )


@main.command()
@model_option()
def evaluate(model_path: Path) -> None:
    """A command that loads a network."""
    network = checkpoint.load(model_path, program="toy").network
    click.echo(f"{Engine(network).predict(X)[0].sum():.6g}")


def load_model(path: Path) -> PluginModel:
    return PluginModel(checkpoint.load(path, program="toy"))


main.add_command(export_command("toy", load_model, lambda model: OnnxGraph({}, {}, {}, "nothing")))
TOY = CommandLine("toy", main, module="toy")
MINE = (
    *("--activation", "swish:beta=2", "--layer", "Scale"),
    *("--optimizer", "sign-momentum:beta1=0.8", "--loss", "huber:delta=0.5"),
)


def test_on_command_lines_it_is_trained_resumed_evaluated_and_exported(plugin: Path) -> None:
    TOY.succeed("train", "--plugin", NAME, *MINE, "--save", "a.h5")
    TOY.succeed("train", "--plugin", NAME, "--resume", "a.h5", "--epochs", 3)
    TOY.succeed("export", "--plugin", NAME, "--model", "a.h5", "--save", "b.h5")
    outputs = {TOY.succeed("evaluate", "--plugin", NAME, "--model", path).stdout for path in ("a.h5", "b.h5")}
    assert len(outputs) == 1


def test_without_it_its_names_are_unknown(plugin: Path) -> None:
    message = TOY.refusal("train", *MINE, status=2)
    assert "unknown activation 'swish'" in message
    module = load_plugin(NAME)
    checkpoint.save(Path("a.h5"), network(module), program="toy", details={})
    del LAYERS._entries["Swish"]  # type: ignore[attr-defined]
    message = TOY.refusal("evaluate", "--model", "a.h5", status=1)
    assert message == "a.h5: unknown layer 'Swish'; import the module that registers it (command line: --plugin)"


def test_its_names_are_in_the_help(plugin: Path) -> None:
    text = TOY.invoke("train", "--plugin", NAME, "--help", terminal_width=500).stdout
    assert "gelu, swish." in text
    assert "soap, sign-momentum;" in text


def test_workers_of_a_comparison_load_it(plugin: Path) -> None:
    load_plugin(str(plugin))
    trials = [("sign-momentum", settings_of(optimizer="sign-momentum", learning_rate=0.01))]
    baseline = settings_of(optimizer="gradient-descent")
    here, there = (compare(build, trials, baseline, seeds=1, execution=Execution(workers)) for workers in (1, 2))
    assert here.trials[0].curves[0].losses == there.trials[0].curves[0].losses
