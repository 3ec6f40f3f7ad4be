"""The settings of a run, and what may change when it is resumed."""

import dataclasses
from typing import Any

import click
import pytest
from click.testing import CliRunner
from toy_runs import settings_of

from nn_core.cli.app import App
from nn_core.cli.options import data_options
from nn_core.cli.settings import Settings, resumed_settings, started_settings
from nn_core.cli.train_options import fold_options, output_options, recipe_options
from nn_core.errors import CheckpointError, SettingError
from nn_core.losses import binary_cross_entropy
from nn_core.optim.optimizers import Adam, Momentum
from nn_core.optim.schedules import Cosine

SAVED: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "schedule": "constant",
    "batch_size": None,
    "epochs": 20,
    "l2": 0.0,
    "clip_norm": None,
    "early_stopping": None,
    "seed": 0,
    "dtype": "float32",
}


def resumed(*arguments: str, saved: dict[str, Any] | None = None) -> dict[str, Any] | str:
    """What `train` would go on with; or what it says, if it refuses."""
    found: dict[str, Any] = {}

    @click.group(cls=App)
    def main() -> None:
        pass

    @main.command()
    @recipe_options(optimizer="momentum", epochs=7)
    @output_options()
    @click.option("--data", default="moons")
    @click.pass_context
    def train(ctx: click.Context, /, **options: Any) -> None:
        found.update(resumed_settings(ctx, saved or SAVED | {"data": "a.csv"}, free={"data"}, fixed={"dtype"}))

    result = CliRunner().invoke(main, ["train", *arguments])
    if result.exit_code == 0:
        return found
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    return line


class TestResumed:
    def test_options_left_out_are_as_saved_and_not_as_the_command_has_them(self) -> None:
        assert resumed() == SAVED | {"data": "a.csv"}

    def test_options_given_again_may_agree(self) -> None:
        again = ["--optimizer", "adam", "--learning-rate", "1e-2", "--batch-size", "full"]
        assert resumed(*again, "--epochs", "20", "--l2", "0") == SAVED | {"data": "a.csv"}

    @pytest.mark.parametrize("given", ["sgd", "SGD", "gradient-descent"])
    def test_another_spelling_of_what_was_saved_agrees(self, given: str) -> None:
        saved = SAVED | {"optimizer": "sgd"}
        assert resumed("--optimizer", given, saved=saved) == saved

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            (("--optimizer", "momentum"), "--optimizer is adam in the run to resume"),
            (("--learning-rate", "0.02"), "--learning-rate is 0.01 in the run"),
            (("--batch-size", "64"), "--batch-size is full in the run"),
            (("--seed", "1"), "--seed is 0 in the run"),
            (("--schedule", "cosine"), "--schedule is constant in the run"),
            (("--l2", "0.1"), "--l2 is 0.0 in the run"),
        ],
    )
    def test_an_option_that_differs_is_named_with_what_was_saved(self, given: tuple[str, str], words: str) -> None:
        message = resumed(*given)
        assert isinstance(message, str)
        assert words in message
        assert "omit it, or start a new run with --from" in message
        assert "grow" not in message

    def test_where_a_new_run_would_not_help_it_is_not_named(self) -> None:
        message = resumed("--dtype", "float64")
        assert isinstance(message, str)
        assert "--dtype is float32 in the run to resume; omit it" in message

    @pytest.mark.parametrize("option", ["--clip-norm", "--early-stopping"])
    def test_what_was_not_set_cannot_be_set(self, option: str) -> None:
        message = resumed(option, "5")
        assert isinstance(message, str)
        assert message.startswith(f"Error: {option} is ")
        assert "None" not in message

    def test_epochs_may_grow(self) -> None:
        assert resumed("--epochs", "21") == SAVED | {"data": "a.csv", "epochs": 21}

    def test_epochs_may_not_shrink(self) -> None:
        message = resumed("--epochs", "19")
        assert isinstance(message, str)
        assert "--epochs is 20 in the run to resume, and can only be increased" in message

    def test_a_free_option_may_change(self) -> None:
        assert resumed("--data", "b.csv") == SAVED | {"data": "b.csv"}

    def test_the_first_that_differs_is_named(self) -> None:
        message = resumed("--seed", "1", "--optimizer", "momentum")
        assert isinstance(message, str)
        assert "--optimizer is adam" in message
        assert "--seed" not in message

    def test_saved_is_left_as_it_was(self) -> None:
        saved = dict(SAVED)
        resumed("--epochs", "30", saved=saved)
        assert saved == SAVED


@dataclasses.dataclass(frozen=True, kw_only=True)
class FileSettings(Settings):
    network_fields = Settings.network_fields | {"hidden"}

    data: str
    test: str | None
    validation: float
    hidden: int


OF_A_MODEL = FileSettings(
    **SAVED | {"data": "a.csv", "test": "t.csv", "validation": 0.3, "hidden": 8, "epochs": 2, "fold": "2/5"}
)


def started(*arguments: str, saved: FileSettings = OF_A_MODEL) -> dict[str, Any]:
    """How the settings of a run that starts from a model differ from those of the model."""
    found: dict[str, Any] = {}

    @click.command()
    @click.option("--hidden", type=int, default=16)
    @data_options(data="moons", kinds="a file")
    @recipe_options(optimizer="momentum", epochs=7)
    @fold_options("at random")
    @output_options()
    @click.pass_context
    def train(ctx: click.Context, /, **options: Any) -> None:
        found.update(started_settings(ctx, saved))

    train.main(list(arguments), standalone_mode=False)
    assert set(found) == set(saved.to_dict())
    return {name: value for name, value in found.items() if value != getattr(saved, name)}


class TestStarted:
    """The settings of a new run that starts from a model."""

    def test_all_are_those_of_the_model_or_given(self) -> None:
        assert started() == {}
        assert started("--epochs", "1", "--batch-size", "5", "--hidden", "8") == {"epochs": 1, "batch_size": 5}

    def test_other_data_has_its_own_validation_set(self) -> None:
        assert started("--data", "a.csv") == {}
        assert started("--data", "b.csv") == {"data": "b.csv", "test": None, "fold": None}
        assert started("--data", "b.csv", "--test", "t.csv") == {"data": "b.csv", "fold": None}

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (("--fold", "1/5"), {"fold": "1/5", "test": None}),
            (("--test", "u.csv"), {"fold": None, "test": "u.csv"}),
            (("--validation", "0"), {"fold": None, "test": None, "validation": 0.0}),
            (("--cross-validate", "3"), {"fold": None, "test": None}),
        ],
    )
    def test_a_choice_of_the_validation_set_replaces_the_others(
        self, given: tuple[str, ...], expected: dict[str, Any]
    ) -> None:
        assert started(*given) == expected

    def test_without_a_validation_set_there_is_no_early_stopping_left_over(self) -> None:
        saved = dataclasses.replace(OF_A_MODEL, early_stopping=5)
        assert started("--validation", "0.5", saved=saved)["validation"] == 0.5
        assert started("--validation", "0", saved=saved)["early_stopping"] is None
        assert started("--validation", "0", "--early-stopping", "3", saved=saved)["early_stopping"] == 3

    def test_another_optimizer_brings_its_learning_rate(self) -> None:
        assert started("--optimizer", "adam") == {}
        assert started("--optimizer", "momentum") == {"optimizer": "momentum", "learning_rate": None}
        own = "adam:learning_rate=0.5"
        assert started("--optimizer", own) == {"optimizer": own, "learning_rate": None}
        assert started("--learning-rate", "0.5") == {"learning_rate": 0.5}

    @pytest.mark.parametrize(("option", "value"), [("--hidden", "9"), ("--dtype", "float64")])
    def test_the_network_cannot_change(self, option: str, value: str) -> None:
        with pytest.raises(click.UsageError, match=rf"^{option} is (8|float32) in the model to start from; omit it$"):
            started(option, value)


class TestSettings:
    def test_survive_the_way_into_a_checkpoint_and_back(self) -> None:
        settings = settings_of(clip_norm=0.1, early_stopping=3)
        assert Settings.from_mapping(settings.to_dict()) == settings

    def test_are_taken_from_among_other_values(self) -> None:
        assert Settings.from_mapping(SAVED | {"save": None}) == Settings(**SAVED)

    def test_of_a_checkpoint_from_before_a_setting_have_its_default(self) -> None:
        assert "clip_value" not in SAVED
        assert Settings.from_mapping(SAVED).clip_value is None
        assert Settings.from_mapping(SAVED | {"clip_value": 0.5}).clip_value == 0.5

    def test_that_lack_a_field_are_refused_by_its_name(self) -> None:
        partial = {key: value for key, value in SAVED.items() if key not in {"l2", "epochs"}}
        with pytest.raises(CheckpointError, match="lacks the settings epochs, l2"):
            Settings.from_mapping(partial)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("epochs", "20"),
            ("epochs", 2.5),
            ("epochs", True),
            ("epochs", None),
            ("batch_size", "full"),
            ("optimizer", None),
            ("l2", [0.1]),
            ("learning_rate", {}),
        ],
    )
    def test_of_another_type_are_refused(self, name: str, value: object) -> None:
        with pytest.raises(CheckpointError, match=f"invalid value of the setting {name}: "):
            Settings.from_mapping(SAVED | {name: value})

    def test_may_hold_a_whole_number_where_any_number_will_do(self) -> None:
        assert Settings.from_mapping(SAVED | {"l2": 0, "learning_rate": 1}).learning_rate == 1

    def test_make_the_recipe_that_they_say(self) -> None:
        settings = settings_of(optimizer="momentum:beta=0.5", schedule="cosine:warmup=2", l2=0.1, clip_norm=3.0)
        recipe = settings.recipe(binary_cross_entropy)
        assert recipe.loss is binary_cross_entropy
        assert recipe.optimizer == Momentum(beta=0.5)
        assert recipe.schedule == Cosine(warmup=2.0)
        assert (recipe.learning_rate, recipe.batch_size) == (0.5, 8)
        assert (recipe.l2, recipe.clip_norm) == (0.1, 3.0)

    def test_leave_the_rate_to_the_optimizer_if_none_is_set(self) -> None:
        recipe = settings_of(optimizer="adam", learning_rate=None).recipe(binary_cross_entropy)
        assert recipe.base_rate == Adam.default_learning_rate

    def test_two_runs_do_not_share_an_optimizer(self) -> None:
        settings = settings_of()
        first, second = (settings.recipe(binary_cross_entropy).optimizer for _ in range(2))
        assert first is not second

    def test_refuse_an_optimizer_that_there_is_not(self) -> None:
        with pytest.raises(SettingError, match="did you mean 'adam'"):
            settings_of(optimizer="adm").recipe(binary_cross_entropy)


def test_the_options_of_a_run_are_its_settings() -> None:
    @click.command()
    @recipe_options(optimizer="adam", epochs=7)
    @fold_options("at random")
    @output_options()
    def train() -> None:
        pass

    names = {parameter.name for parameter in train.params}
    fields = {field.name for field in dataclasses.fields(Settings)} - {"data_seed"}  # set by tuned comparisons only
    others = {"save", "resume", "start", "cross_validate", "log", "log_format", "figure", "threads", "plugin"}
    assert names == fields | others | {f"figure_{look}" for look in ("style", "size", "dpi", "title")}


def test_an_option_can_be_left_out_and_defaults_are_those_asked_for() -> None:
    @click.command()
    @recipe_options(omit="l2", optimizer="adam", epochs=7, learning_rate=0.2, batch_size=None)
    def train() -> None:
        pass

    defaults = {parameter.name: parameter.default for parameter in train.params}
    assert "l2" not in defaults
    assert (defaults["optimizer"], defaults["epochs"], defaults["learning_rate"]) == ("adam", 7, 0.2)
