"""Options that programs share: what they pass on, and what their help says."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from nn_core import plugins
from nn_core.cli import command_help, options, train_options
from nn_core.cli.app import App
from nn_core.cli.param_types import SpecType
from nn_core.errors import SettingError
from nn_core.initializers import INITIALIZERS
from nn_core.optim.optimizers import OPTIMIZERS
from nn_core.optim.schedules import SCHEDULES
from nn_core.registry import Registry, parse
from nn_core.training.recipe import Recipe

Decorator = Callable[[Any], Any]


def invoke(decorator: Decorator, *arguments: object) -> tuple[Result, dict[str, Any]]:
    """A program with one command that has these options, and what they passed on."""
    passed: dict[str, Any] = {}

    @click.group(cls=App)
    def main() -> None:
        pass

    @main.command()
    @decorator
    def use(**values: Any) -> None:
        passed.update(values)

    return CliRunner().invoke(main, ["use", *map(str, arguments)]), passed


def values(decorator: Decorator, *arguments: object) -> dict[str, Any]:
    result, passed = invoke(decorator, *arguments)
    assert result.exit_code == 0, result.output
    return passed


def help_of(decorator: Decorator) -> str:
    return " ".join(invoke(decorator, "--help")[0].stdout.split())


def test_what_the_options_pass_on() -> None:
    assert values(options.model_option(), "--model", "a.h5") == {"model_path": Path("a.h5")}
    assert values(options.model_option(required=False)) == {"model_path": None}
    assert values(options.dropout_option("before the last layer")) == {"dropout": 0.0}
    per_layer = options.dropout_option("after each hidden layer", per_layer=True)
    assert values(per_layer) == {"dropout": "0"}
    assert values(per_layer, "--dropout", "0.2, .5") == {"dropout": "0.2,0.5"}
    assert values(options.hidden_option("16,16"), "--hidden", "") == {"hidden": ""}
    assert values(train_options.activation_option()) == {"activation": "relu"}
    recurrent = train_options.initializer_option("--recurrent-initializer", "orthogonal")
    assert values(recurrent) == {"recurrent_initializer": "orthogonal"}
    assert values(train_options.augment_option()) == {"augment": "none"}
    assert values(options.seed_option(None)) == {"seed": None}
    assert values(options.data_options(data="moons", kinds="moons, or a file"), "--test", "a") == {
        "data": "moons",
        "test": "a",
        "validation": 0.2,
    }


@pytest.mark.parametrize(
    ("decorator", "arguments"),
    [
        (options.model_option(), ()),
        (options.dropout_option(""), ("--dropout", "1")),
        (options.dropout_option("", per_layer=True), ("--dropout", "0.5,1")),
        (train_options.activation_option(), ("--activation", "reul")),
        (train_options.initializer_option(), ("--initializer", "hee")),
        (train_options.augment_option(), ("--augment", "standart")),
        (options.validation_option(0.2, "the data"), ("--validation", "1")),
        (train_options.recipe_options(optimizer="adam", epochs=1), ("--engine", "slow")),
        (train_options.recipe_options(optimizer="adam", epochs=1), ("--shards", "0")),
    ],
)
def test_what_they_refuse(decorator: Decorator, arguments: tuple[str, ...]) -> None:
    result, _ = invoke(decorator, *arguments)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_learning_rate_of_the_optimizer_overrides_the_default() -> None:
    own = train_options.recipe_options(optimizer="adam", epochs=1, learning_rate=0.003)
    assert values(own)["learning_rate"] == 0.003
    assert values(own, "--learning-rate", "0.1")["learning_rate"] == 0.1
    assert values(own, "--optimizer", "adam:learning_rate=0.01")["learning_rate"] is None
    twice = values(own, "--learning-rate", "0.1", "--optimizer", "adam:learning_rate=0.01")
    with pytest.raises(SettingError, match=r"the learning rate is set twice: 0\.01 in Adam and learning_rate=0.1"):
        Recipe("mean-squared-error", twice["optimizer"], learning_rate=twice["learning_rate"])


def test_names_in_the_help_are_those_of_the_registries() -> None:
    text = help_of(train_options.recipe_options(optimizer="adam", epochs=3))
    assert ", ".join(OPTIMIZERS) in text.replace("- ", "-")
    assert ", ".join(SCHEDULES) in text
    assert ", ".join(INITIALIZERS) in help_of(train_options.initializer_option())
    assert "relu" in help_of(train_options.activation_option())
    assert "{names}" not in text


def test_names_are_looked_up_when_the_help_is_shown() -> None:
    knobs: Registry[Any] = Registry("knob", {"one": dict})
    kind = SpecType(lambda text: parse(text, knobs, "knob"), "knob", knobs)
    option = click.option("--knob", cls=command_help.NameOption, type=kind, help="One of {names}.")
    knobs.register("two")(list)
    assert "One of one, two." in help_of(option)
    assert "One of one, two." in help_of(option)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "knobs.py"
    path.write_text("from nn_core.cli import options\nclass Mine: pass\noptions.KNOBS['mine'] = Mine\n", "utf-8")
    monkeypatch.setattr(options, "KNOBS", {}, raising=False)
    monkeypatch.setattr(plugins, "loaded", [])
    yield path
    sys.modules.pop("plugin_knobs", None)


def test_a_plugin_is_loaded_before_other_options_are_read(plugin: Path) -> None:
    def known(text: str) -> object:
        return parse(text, options.KNOBS, "knob")  # type: ignore[attr-defined]

    knob = click.option("--knob", type=SpecType(known, "knob"))
    both = options.together(knob, options.plugin_option)
    assert values(both, "--knob", "mine", "--plugin", plugin) == {"knob": "mine"}
    result, _ = invoke(both, "--plugin", "not_there.py")
    assert result.stderr == "Error: plug-in 'not_there.py': no such file\n"
    assert result.exit_code == 2


def test_an_option_can_be_left_out() -> None:
    decorator = train_options.recipe_options(optimizer="adam", epochs=3, omit="l2")
    assert "l2" not in values(decorator)
    assert "epochs" in values(decorator)


@pytest.mark.parametrize(
    ("option", "given", "kept"),
    [
        (train_options.recipe_options(optimizer="adam", epochs=1), ("--optimizer", "Adam:beta1=0.8"), "adam:beta1=0.8"),
        (train_options.recipe_options(optimizer="adam", epochs=1), ("--optimizer", "SGD"), "gradient-descent"),
        (train_options.recipe_options(optimizer="adam", epochs=1), ("--optimizer", "sgdm"), "momentum"),
        (train_options.recipe_options(optimizer="adam", epochs=1), ("--optimizer", "RMSProp"), "rmsprop"),
        (train_options.recipe_options(optimizer="adam", epochs=1), ("--optimizer", "AdamW"), "adamw"),
        (train_options.initializer_option(), ("--initializer", "xavier_uniform"), "xavier-uniform"),
        (train_options.initializer_option(), ("--initializer", "HeNormal"), "he"),
        (train_options.activation_option(), ("--activation", "ReLU"), "relu"),
        (train_options.activation_option(), ("--activation", "LeakyReLU"), "leaky-relu"),
        (train_options.activation_option(), ("--activation", "leakyrelu"), "leaky-relu"),
    ],
)
def test_other_spellings_of_a_name_are_kept_as_ours(option: Decorator, given: tuple[str, str], kept: str) -> None:
    assert values(option, *given)[given[0].removeprefix("--")] == kept
