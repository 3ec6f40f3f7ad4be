"""The body of every `train`: what it writes, prints, resumes and refuses."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from toy_runs import build, press_ctrl_c, settings_of

from nn_core import checkpoint
from nn_core.checkpoint import Checkpoint
from nn_core.cli.app import App
from nn_core.cli.folds import parse_fold
from nn_core.cli.options import validation_option
from nn_core.cli.settings import Settings
from nn_core.cli.terminal import info, json_option
from nn_core.cli.train_command import train_network
from nn_core.cli.train_options import fold_options, output_options, recipe_options
from nn_core.cli.train_run import start_from
from nn_core.errors import CheckpointError
from nn_core.layers import Dense
from nn_core.network import Network
from nn_core.testing import assert_same_run
from nn_core.training.callbacks import Callback
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer


@dataclass(frozen=True, kw_only=True)
class ToySettings(Settings):
    data: str
    validation: float = 0.2


@dataclass
class ToySetup:
    trainer: Trainer
    source: str
    settings: ToySettings
    network: str = "3-6-1 network"

    @property
    def fingerprint(self) -> str:
        return Path(self.source).read_text("utf-8")

    def details(self) -> dict[str, Any]:
        return {"settings": self.settings.to_dict(), "fingerprint": self.fingerprint}

    def result(self) -> dict[str, Any]:
        return {"epochs": self.trainer.state.epoch, "loss": float("nan")}

    def scores(self, result: Any) -> dict[str, float]:
        return self.trainer.evaluate(*self.trainer.validation or ())

    def report(self, result: Any) -> str:
        return f"{result['epochs']} epochs"


@dataclass
class ToyModel:
    fingerprint: str
    settings: dict[str, Any]
    checkpoint: Checkpoint


def set_up(
    settings: ToySettings, threads: int | None, start: ToyModel | None, resumed: ToyModel | None = None
) -> ToySetup:
    number, _ = parse_fold(settings.fold or "1/2")
    trainer = build(replace(settings, seed=settings.seed + number), threads)
    if settings.fold is None and settings.validation == 0:
        trainer.validation = None
    setup = ToySetup(trainer, settings.data, settings)
    if start is not None:
        start_from(setup.trainer.network, start.checkpoint.network)
    return setup


def load_model(path: Path) -> ToyModel:
    loaded = checkpoint.load(path, program="toy")
    return ToyModel(loaded.details["fingerprint"], loaded.details["settings"], loaded)


COMMON = settings_of(epochs=2, batch_size=64, seed=0, dtype="float32").to_dict()
TOY_SETTINGS = {name: value for name, value in COMMON.items() if name != "fold"} | {"data": "toy.txt"}


class Announce(Callback):
    def on_epoch(self, state: TrainingState) -> None:
        info(f"after epoch {state.epoch}")


def refuse_seed_13(settings: ToySettings, outputs: Any) -> None:
    if settings.seed == 13:
        raise click.UsageError(f"unlucky with {sorted(outputs)}")


@click.group(cls=App)
def main() -> None:
    pass


@main.command()
@click.option("--data", default="toy.txt")
@validation_option(0.2, "the data")
@recipe_options(optimizer="momentum", epochs=2, learning_rate=0.5)
@fold_options("at random")
@output_options()
@json_option
@click.pass_context
def train(ctx: click.Context, /, **options: Any) -> None:
    train_network(
        ctx,
        options,
        program="toy",
        settings_type=ToySettings,
        load_model=load_model,
        settings_of=lambda model: ToySettings.from_mapping(model.settings),
        set_up=set_up,
        check=refuse_seed_13,
        callbacks=lambda setup, settings: [Announce()],
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the data."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.txt").write_text("some numbers", "utf-8")
    return tmp_path


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["train", *map(str, arguments)])


class TestSignals:
    def test_one_that_comes_before_training_leaves_nothing(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{__name__}.build", press_ctrl_c)
        result = invoke("--save", "a.h5")
        assert (result.stderr, result.exit_code) == ("Error: interrupted before training; nothing to save\n", 130)
        assert not Path("a.h5").exists()

    def test_one_that_comes_after_training_leaves_a_finished_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ToySetup, "result", press_ctrl_c)
        result = invoke("--save", "a.h5")
        assert "Error: interrupted after training; saved as a.h5\n" in result.stderr
        assert result.exit_code == 130
        assert load_model(Path("a.h5")).checkpoint.require_snapshot().history.columns["epoch"] == [1, 2]
        assert "interrupted after training; not saved: no --save given" in invoke().stderr


@pytest.mark.parametrize(("mode", "reason"), [(0o400, "it is read-only"), (None, "no permission to write to the")])
def test_a_run_that_could_not_be_saved_to_its_file_is_not_resumed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None, reason: str
) -> None:
    assert invoke("--save", "a.h5").exit_code == 0
    if mode is None:
        monkeypatch.setattr("os.access", lambda path, mode: path != folder)
    else:
        Path("a.h5").chmod(mode)
    result = invoke("--resume", "a.h5")
    assert result.exit_code == 2
    assert f"cannot save to the file of --resume: {reason}" in result.stderr
    assert "--save" in result.stderr
    if mode is not None:
        assert invoke("--resume", "a.h5", "--save", "b.h5").exit_code == 0


def refusal(*arguments: object, status: int) -> str:
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    (line,) = result.stderr.splitlines()
    return line.removeprefix("Error: ")


def test_without_options_it_trains_reports_and_writes_nothing(folder: Path) -> None:
    result = invoke()
    assert (result.exit_code, result.stdout) == (0, "2 epochs\n")
    assert result.stderr.count("after epoch") == 2
    assert [path.name for path in folder.iterdir()] == ["toy.txt"]


def test_verbose_prints_the_settings() -> None:
    stderr = invoke("--verbose").stderr
    assert "training settings:\n" in stderr
    assert "  learning-rate: 0.5\n" in stderr
    assert "training settings" not in invoke().stderr


def test_json_is_strict() -> None:
    assert json.loads(invoke("--json").stdout) == {"epochs": 2, "loss": None}


def test_a_figure_a_log_and_a_checkpoint_where_they_are_asked_for(folder: Path) -> None:
    result = invoke("--figure", "a.png", "--log", "a.jsonl", "--save", "a.h5")
    assert result.stderr.splitlines()[-1] == "wrote a.png"
    assert (folder / "a.png").read_bytes().startswith(b"\x89PNG")
    assert len((folder / "a.jsonl").read_text("utf-8").splitlines()) == 2
    assert load_model(folder / "a.h5").settings["learning_rate"] == 0.5


def test_a_run_is_resumed_with_its_settings_and_saved_to_its_file(folder: Path) -> None:
    invoke("--save", "a.h5", "--batch-size", 5)
    result = invoke("--resume", "a.h5", "--epochs", 4)
    assert result.stdout == "4 epochs\n"
    assert load_model(folder / "a.h5").settings["batch_size"] == 5
    whole = invoke("--save", "b.h5", "--batch-size", 5, "--epochs", 4)
    assert whole.exit_code == 0
    assert_same_run(folder / "a.h5", folder / "b.h5")


def test_what_cannot_be_resumed(folder: Path) -> None:
    invoke("--save", "a.h5")
    assert "--seed is 0 in the run to resume" in refusal("--resume", "a.h5", "--seed", 1, status=2)
    (folder / "toy.txt").write_text("other numbers", "utf-8")
    message = refusal("--resume", "a.h5", status=1)
    assert message.startswith("toy.txt is not the data that the model was trained on; ")
    assert message.endswith("start a new run with --from a.h5")
    loaded = checkpoint.load(folder / "a.h5", program="toy")
    checkpoint.save(folder / "b.h5", loaded.network, program="toy", details=loaded.details)
    assert "has only a network, no run to resume; start a new run with --from b.h5" in refusal(
        "--resume", "b.h5", status=1
    )


def test_engine_and_shards_are_kept_and_cannot_change(folder: Path) -> None:
    invoke("--save", "a.h5", "--shards", 3, "--threads", 2)
    assert load_model(folder / "a.h5").checkpoint.require_snapshot().shards == 3
    assert invoke("--resume", "a.h5", "--epochs", 3, "--threads", 1).stdout == "3 epochs\n"
    assert load_model(folder / "a.h5").checkpoint.require_snapshot().shards == 3
    for option, value, was in (("--shards", 2, 3), ("--engine", "reference", "fast")):
        message = refusal("--resume", "a.h5", option, value, status=2)
        assert f"{option} is {was} in the run to resume" in message


def test_the_reference_trains_and_has_no_shards(folder: Path) -> None:
    assert invoke("--engine", "reference", "--save", "a.h5").stdout == "2 epochs\n"
    assert invoke("--resume", "a.h5", "--epochs", 3).stdout == "3 epochs\n"
    message = refusal("--engine", "reference", "--shards", 2, status=2)
    assert message == "--shards requires --engine fast"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--save", "toy.txt"), "'toy.txt' exists and is not a checkpoint; use --force to replace it"),
        (("--save", "toy.txt", "--force"), "--save would overwrite --data"),
        (("--log", "a.jsonl", "--save", "a.jsonl"), "would overwrite"),
        (("--seed", 13), "unlucky with ['--figure', '--log', '--save']"),
    ],
)
def test_what_does_not_go_together(arguments: tuple[object, ...], message: str) -> None:
    assert message in refusal(*arguments, status=2)


def test_a_checkpoint_is_not_overwritten_by_a_log(folder: Path) -> None:
    invoke("--save", "a.h5")
    message = refusal("--resume", "a.h5", "--log", "a.h5", "--save", "b.h5", "--force", status=2)
    assert "--log would overwrite --resume" in message


class TestFrom:
    """A new run that starts from a model's weights."""

    def test_it_starts_from_the_weights_with_settings_and_a_file_of_its_own(self, folder: Path) -> None:
        invoke("--save", "a.h5", "--batch-size", 5)
        before = (folder / "a.h5").read_bytes()
        first = load_model(folder / "a.h5").checkpoint
        result = invoke("--from", "a.h5", "--learning-rate", 1e-300, "--epochs", 1, "--save", "b.h5")
        assert (result.exit_code, result.stdout) == (0, "1 epochs\n")
        model = load_model(folder / "b.h5")
        np.testing.assert_array_equal(model.checkpoint.network.vector, first.network.vector)
        assert (model.settings["batch_size"], model.settings["learning_rate"]) == (5, 1e-300)
        assert model.checkpoint.require_snapshot().step == 8
        assert (folder / "a.h5").read_bytes() == before

    def test_a_network_without_a_run_and_other_data_will_do(self, folder: Path) -> None:
        invoke("--save", "a.h5")
        loaded = checkpoint.load(folder / "a.h5", program="toy")
        checkpoint.save(folder / "b.h5", loaded.network, program="toy", details=loaded.details)
        (folder / "toy.txt").write_text("other numbers", "utf-8")
        result = invoke("--from", "b.h5", "--save", "c.h5")
        assert result.exit_code == 0
        notes = [line for line in result.stderr.splitlines() if line.startswith("Note: b.h5: may have been trained on")]
        assert len(notes) == 1
        assert load_model(folder / "c.h5").fingerprint == "other numbers"

    def test_no_note_for_the_same_data_or_without_validation(self, folder: Path) -> None:
        invoke("--save", "a.h5")
        assert "Note" not in invoke("--from", "a.h5").stderr
        (folder / "toy.txt").write_text("other numbers", "utf-8")
        assert "Note" not in invoke("--from", "a.h5", "--validation", 0).stderr

    def test_nothing_is_saved_unasked_and_the_model_only_by_name(self, folder: Path) -> None:
        invoke("--save", "a.h5")
        before = (folder / "a.h5").read_bytes()
        invoke("--from", "a.h5")
        assert sorted(path.name for path in folder.iterdir()) == ["a.h5", "toy.txt"]
        assert "--log would overwrite --from" in refusal("--from", "a.h5", "--log", "a.h5", "--force", status=2)
        assert (folder / "a.h5").read_bytes() == before
        assert invoke("--from", "a.h5", "--save", "a.h5").exit_code == 0
        assert (folder / "a.h5").read_bytes() != before

    def test_it_is_not_a_resumed_run(self) -> None:
        message = refusal("--from", "a.h5", "--resume", "a.h5", status=2)
        assert message.startswith("--resume continues a run, and --from starts a new one; omit one of them")

    def test_weights_that_do_not_fit(self) -> None:
        small, large = (Network([Dense(units)], input_shape=(3,), rng=np.random.default_rng(0)) for units in (2, 4))
        with pytest.raises(CheckpointError, match="do not fit"):
            start_from(small, large)


class TestCrossValidation:
    def test_the_folds_are_the_runs_that_they_are_alone(self) -> None:
        found = json.loads(invoke("--cross-validate", 3, "--json").stdout)
        assert [fold["fold"] for fold in found["folds"]] == ["1/3", "2/3", "3/3"]
        for fold in found["folds"]:
            settings = ToySettings(**TOY_SETTINGS, fold=fold["fold"])
            setup = set_up(settings, 1, None)
            setup.trainer.run()
            assert fold == {"fold": settings.fold, **setup.scores({})}

    def test_it_prints_a_table_and_writes_nothing(self, folder: Path) -> None:
        result = invoke("--cross-validate", 2)
        assert result.stdout.startswith("toy.txt: 2-fold cross-validation, 3-6-1 network\nfold ")
        assert result.stdout.splitlines()[-1].startswith("mean ± std ")
        assert "after epoch" not in result.stderr
        assert [path.name for path in folder.iterdir()] == ["toy.txt"]

    def test_from_a_model_it_says_what_the_model_may_know(self) -> None:
        invoke("--save", "a.h5")
        result = invoke("--cross-validate", 2, "--from", "a.h5")
        assert result.exit_code == 0
        assert result.stderr.startswith("Note: a.h5: may have been trained on some of the examples held out here")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--fold", "1/3"), "--cross-validate and --fold are mutually exclusive: both choose the validation set"),
            (("--validation", 0.2), "--cross-validate and --validation are mutually exclusive"),
            (("--save", "b.h5"), "--cross-validate trains 3 networks and keeps none; omit --save"),
            (("--log", "b.csv"), "--cross-validate trains 3 networks and keeps none; omit --log"),
            (("--figure", "b.png"), "--cross-validate trains 3 networks and keeps none; omit --figure"),
        ],
    )
    def test_incompatible_options(self, arguments: tuple[object, ...], message: str) -> None:
        assert message in refusal("--cross-validate", 3, *arguments, status=2)

    def test_it_resumes_nothing(self) -> None:
        invoke("--save", "a.h5")
        assert "omit --resume" in refusal("--cross-validate", 3, "--resume", "a.h5", status=2)


class TestWithoutValidationSet:
    def test_log_and_figure_have_training_curves(self, folder: Path) -> None:
        assert invoke("--validation", 0, "--log", "a.csv", "--figure", "a.png").exit_code == 0
        header = (folder / "a.csv").read_text("utf-8").splitlines()[0]
        assert header == "epoch,step,seconds,learning_rate,training_loss,training_accuracy"
        assert (folder / "a.png").read_bytes().startswith(b"\x89PNG")

    def test_early_stopping_has_nothing_to_watch(self) -> None:
        message = refusal("--validation", 0, "--early-stopping", 2, status=2)
        assert message.startswith("--early-stopping needs a validation set; omit it, or --validation 0")
