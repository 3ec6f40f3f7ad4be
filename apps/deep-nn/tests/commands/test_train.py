"""The command `train`: data, options, output and resuming."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from command_line import (
    CATS,
    POINTS,
    SIDES,
    THIRDS,
    invoke,
    json_of,
    refusal,
    succeed,
    trained,
    write_cats,
    write_csv,
    write_npz,
)

from deep_nn.commands.train import train
from deep_nn.model import load_model
from nn_core.testing import assert_same_run, strict_json, write_hdf5

RESULT = {
    "data",
    "examples",
    "parameters",
    "epochs",
    "steps",
    "seconds",
    "total_seconds",
    "stopped",
    "training_loss",
    "training_accuracy",
    "validation_loss",
    "validation_accuracy",
    "training_baseline_accuracy",
    "validation_baseline_accuracy",
    "validation_macro_precision",
    "validation_macro_recall",
    "validation_macro_f1",
    "validation_roc_auc",
    "validation_average_precision",
    "baseline_class",
    "classes",
}


class TestData:
    @pytest.mark.parametrize(
        ("spec", "outputs", "points"),
        [
            ("moons", 1, 500),
            ("circles", 1, 500),
            ("spirals", 1, 500),
            ("blobs", 3, 500),
            ("moons:points=50,noise=0.1", 1, 50),
            ("spirals:classes=4,points=80", 4, 80),
            ("blobs:classes=2,points=40", 1, 40),
        ],
    )
    def test_generated_sets(self, tmp_path: Path, spec: str, outputs: int, points: int) -> None:
        result = json_of("train", "--data", spec, "--epochs", 1, "--save", tmp_path / "m.h5")
        assert set(result) - {"positive_class"} == RESULT
        assert result["data"] == spec.partition(":")[0]
        assert sum(result["examples"].values()) == points
        assert result["examples"]["validation"] == points // 5
        assert load_model(tmp_path / "m.h5").network.output_shape == (outputs,)

    def test_the_defaults_reach_a_high_accuracy(self) -> None:
        result = json_of("train")
        assert result["data"] == "moons"
        assert result["validation_accuracy"] >= 0.96
        assert result["epochs"] == 100

    @pytest.mark.parametrize("labels", [SIDES, THIRDS])
    @pytest.mark.parametrize("suffix", [".h5", ".npz", ".csv"])
    def test_from_a_file(self, tmp_path: Path, suffix: str, labels: Any) -> None:
        path = tmp_path / f"points{suffix}"
        if suffix == ".h5":
            write_hdf5(path, train_set_x=POINTS, train_set_y=labels)
        elif suffix == ".npz":
            write_npz(path, labels)
        else:
            write_csv(path, labels, "abc")
        result = json_of("train", "--data", path, "--epochs", 40, "--save", tmp_path / "m.h5")
        assert result["examples"] == {"training": 48, "validation": 12}
        assert result["training_accuracy"] > 0.9
        names = "abc" if suffix == ".csv" else "012"
        assert load_model(tmp_path / "m.h5").classes == tuple(names[: labels.max() + 1])

    def test_photos(self, tmp_path: Path) -> None:
        photos = write_cats(tmp_path / "photos.h5", "train")
        result = json_of("train", "--data", photos, "--epochs", 30, "--save", tmp_path / "m.h5")
        assert result["training_accuracy"] == 1.0
        model = load_model(tmp_path / "m.h5")
        assert model.network.input_shape == (6 * 5 * 3,)
        assert model.classes == ("non-cat", "cat")

    def test_a_test_set_in_the_same_file_is_the_validation_set(self, tmp_path: Path) -> None:
        photos = write_cats(tmp_path / "photos.h5", "train", "test")
        result = json_of("train", "--data", photos, "--epochs", 1)
        assert result["examples"] == {"training": 40, "validation": 40}

    def test_a_test_file_is_the_validation_set(self, tmp_path: Path) -> None:
        photos = write_cats(tmp_path / "photos.h5", "train")
        other = write_cats(tmp_path / "others.h5", "test")
        result = json_of("train", "--data", photos, "--test", other, "--epochs", 1)
        assert result["examples"] == {"training": 40, "validation": 40}
        report = succeed("train", "--data", photos, "--test", other, "--epochs", 1).stdout
        assert "others.h5" in report

    def test_the_cats_once_they_are_downloaded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("nn_core.cli.download.data_folder", lambda: tmp_path)
        assert "deep-nn fetch cats" in refusal("train", "--data", "cats", status=1)
        write_cats(tmp_path / "train_catvnoncat.h5", "train")
        write_cats(tmp_path / "test_catvnoncat.h5", "test")
        result = json_of("train", "--data", "cats", "--epochs", 1)
        assert result["examples"] == {"training": len(CATS), "validation": len(CATS)}


OPTIONS = [
    ("--data", "circles:points=60"),
    ("--validation", "0.5"),
    ("--validation", "0"),
    ("--fold", "2/4"),
    ("--hidden", "20,7,5"),
    ("--hidden", ""),
    ("--activation", "tanh"),
    ("--activation", "sigmoid"),
    ("--activation", "gelu"),
    ("--activation", "leaky-relu:slope=0.2"),
    ("--initializer", "xavier-uniform"),
    ("--initializer", "orthogonal"),
    ("--optimizer", "gradient-descent"),
    ("--optimizer", "momentum:beta=0.5"),
    ("--optimizer", "nesterov"),
    ("--optimizer", "rmsprop"),
    ("--optimizer", "adamw"),
    ("--learning-rate", "0.003"),
    ("--schedule", "cosine:warmup=1"),
    ("--schedule", "inverse-time:rate=1,interval=1"),
    ("--schedule", "step:interval=1"),
    ("--schedule", "exponential:rate=0.5"),
    ("--batch-size", "16"),
    ("--batch-size", "full"),
    ("--batch-size", "100000"),
    ("--epochs", "5"),
    ("--l2", "0.1"),
    ("--dropout", "0.2"),
    ("--dropout", "0.2,0.1"),
    ("--clip-norm", "0.01"),
    ("--clip-value", "0.001"),
    ("--seed", "7"),
    ("--dtype", "float64"),
]
ELSEWHERE = {
    "--test", "--early-stopping", "--save", "--resume", "--from", "--cross-validate", "--log", "--log-format",
    "--figure", "--json",
}  # fmt: skip
ELSEWHERE |= {"--style", "--size", "--dpi", "--title"}
ELSEWHERE |= {"--task", "--class-weight"}
ELSEWHERE |= {"--target", "--drop", "--columns", "--missing", "--merge-case"}
BACKEND = {"--threads", "--engine", "--shards", "--plugin", "--config", "-q", "-v", "--force", "--max-memory"}
"""Tested in test_train_backend.py, test_config.py and test_manners.py; the last one in those of nn-core."""
SHORT = ("train", "--epochs", 3)


@pytest.fixture(scope="module")
def usual() -> Any:
    return json_of(*SHORT)


class TestOptions:
    @pytest.mark.parametrize(("option", "value"), OPTIONS)
    def test_each_makes_a_difference(self, option: str, value: str, usual: Any) -> None:
        result = json_of(*SHORT, option, value)
        assert result["training_loss"] != usual["training_loss"]
        assert np.isfinite(result["training_loss"])

    def test_every_option_is_tested(self) -> None:
        tried = {option for option, _ in OPTIONS}
        assert {p.opts[0] for p in train.params} == tried | ELSEWHERE | BACKEND

    def test_the_same_seed_gives_the_same_bits(self, tmp_path: Path) -> None:
        options = ("--epochs", 3, "--seed", 5, "--dropout", "0.3")
        first, second = (trained(tmp_path / name, *options) for name in ("a.h5", "b.h5"))
        assert_same_run(first, second)

    def test_the_network_is_the_one_asked_for(self, tmp_path: Path) -> None:
        path = trained(
            tmp_path / "m.h5",
            *("--hidden", "5,4,3", "--activation", "tanh", "--initializer", "lecun"),
            *("--dropout", "0.1,0,0.2", "--dtype", "float64"),
        )
        network = load_model(path).network
        assert [repr(layer) for layer in network.layers] == [
            "Dense(units=5, initializer='lecun')",
            "Tanh()",
            "Dropout(rate=0.1, spatial=False)",
            "Dense(units=4, initializer='lecun')",
            "Tanh()",
            "Dense(units=3, initializer='lecun')",
            "Tanh()",
            "Dropout(rate=0.2, spatial=False)",
            "Dense(units=1, initializer='lecun')",
        ]
        assert network.dtype == np.float64

    def test_one_dropout_rate_applies_to_all_layers(self, tmp_path: Path) -> None:
        path = trained(tmp_path / "m.h5", "--hidden", "5,4,3", "--dropout", "0.5")
        layers = [repr(layer) for layer in load_model(path).network.layers]
        assert layers.count("Dropout(rate=0.5, spatial=False)") == 3

    def test_early_stopping_keeps_the_best(self, tmp_path: Path) -> None:
        crowded = ("--data", "moons:points=60,noise=0.5", "--hidden", "64,64")
        saved = ("--save", tmp_path / "m.h5", "--log", tmp_path / "log.jsonl")
        result = json_of("train", *crowded, "--epochs", 300, "--early-stopping", 5, *saved)
        assert result["epochs"] < 300
        assert "for 5 epochs" in result["stopped"]
        lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
        lowest = min(strict_json(line)["validation_loss"] for line in lines)
        assert result["validation_loss"] == lowest
        assert json_of("evaluate", "--model", tmp_path / "m.h5")["loss"] == pytest.approx(lowest, abs=1e-12)
        report = succeed("train", *crowded, "--epochs", 300, "--early-stopping", 5).stdout
        assert "stopped early: validation_loss has not improved for 5 epochs" in report


class TestOutput:
    def test_the_report_names_data_and_network(self) -> None:
        result = succeed(*SHORT, "--hidden", "5,4")
        lines = result.stdout.splitlines()
        assert lines[0] == "moons; validation: 0.2 of each class held out"
        assert lines[1] == "2-5-4-1 network, 44 parameters"
        assert lines[2].startswith("3 epochs, 21 steps in ")
        assert lines[4].split()[:2] == ["training", "400"]
        assert lines[5].split()[:2] == ["validation", "100"]
        assert lines[5].endswith("%")

    def test_progress_goes_to_stderr(self) -> None:
        lines = succeed(*SHORT).stderr.splitlines()
        assert [line.split("  ")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]

    def test_the_figures_reported_are_those_of_the_last_epoch(self, tmp_path: Path) -> None:
        result = json_of(*SHORT, "--log", tmp_path / "log.jsonl")
        lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [strict_json(line) for line in lines]
        assert [row["epoch"] for row in rows] == [1, 2, 3]
        for name in ("loss", "accuracy"):
            for part in ("training", "validation"):
                assert rows[-1][f"{part}_{name}"] == result[f"{part}_{name}"]

    def test_a_figure_is_drawn_and_reported(self, tmp_path: Path) -> None:
        result = succeed(*SHORT, "--figure", tmp_path / "t.png")
        assert result.stderr.splitlines()[-1] == f"wrote {tmp_path / 't.png'}"
        assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")

    def test_without_options_nothing_is_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        succeed(*SHORT)
        assert list(tmp_path.iterdir()) == []


FULL = ("--dropout", "0.2", "--optimizer", "momentum", "--l2", "0.01", "--hidden", "6,4")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run after two epochs and after five."""
    folder = tmp_path_factory.mktemp("resume")
    trained(folder / "two.h5", *FULL, "--epochs", 2)
    trained(folder / "five.h5", *FULL, "--epochs", 5)
    return folder


class TestResume:
    def test_resuming_gives_the_bits_of_an_uninterrupted_run(self, models: Path, tmp_path: Path) -> None:
        again = tmp_path / "again.h5"
        before = (models / "two.h5").read_bytes()
        succeed("train", "--resume", models / "two.h5", "--epochs", 5, "--save", again)
        assert_same_run(again, models / "five.h5")
        assert (models / "two.h5").read_bytes() == before

    def test_it_saves_to_the_file_that_it_resumed(self, models: Path, tmp_path: Path) -> None:
        path = tmp_path / "m.h5"
        path.write_bytes((models / "two.h5").read_bytes())
        succeed("train", "--resume", path, "--epochs", 5)
        assert_same_run(path, models / "five.h5")

    def test_options_may_be_repeated(self, models: Path, tmp_path: Path) -> None:
        path = tmp_path / "m.h5"
        succeed("train", "--resume", models / "two.h5", *FULL, "--epochs", 5, "--save", path)
        assert_same_run(path, models / "five.h5")

    def test_increased_epochs_are_saved(self, models: Path, tmp_path: Path) -> None:
        path = tmp_path / "m.h5"
        succeed("train", "--resume", models / "two.h5", "--epochs", 3, "--save", path)
        succeed("train", "--resume", path, "--epochs", 5)
        assert_same_run(path, models / "five.h5")
        assert json_of("summary", "--model", path)["settings"]["epochs"] == 5

    def test_the_log_has_each_epoch_once(self, models: Path, tmp_path: Path) -> None:
        log = tmp_path / "log.jsonl"
        extra = ("--save", tmp_path / "m.h5", "--log", log)
        succeed("train", "--resume", models / "two.h5", "--epochs", 4, *extra)
        rows = [strict_json(line) for line in log.read_text(encoding="utf-8").splitlines()]
        assert [row["epoch"] for row in rows] == [1, 2, 3, 4]

    def test_moved_data_is_accepted(self, tmp_path: Path) -> None:
        here, there = tmp_path / "here.csv", tmp_path / "there.csv"
        path = trained(tmp_path / "m.h5", "--data", write_csv(here))
        here.rename(there)
        assert "no such file" in refusal("train", "--resume", path, "--epochs", 2, status=1)
        succeed("train", "--resume", path, "--data", there, "--epochs", 2)

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            (("--hidden", "6,5"), "--hidden is 6,4 in the run to resume"),
            (("--optimizer", "adam"), "--optimizer is momentum in the run"),
            (("--seed", "1"), "--seed is 0 in the run"),
            (("--dropout", "0"), "--dropout is 0.2 in the run"),
            (("--validation", "0.3"), "--validation is 0.2 in the run"),
            (("--epochs", "1"), "--epochs is 2 in the run to resume, and can only be increased"),
            (("--early-stopping", "3"), "--early-stopping is "),
        ],
    )
    def test_options_that_disagree_are_refused(self, models: Path, given: tuple[str, str], words: str) -> None:
        before = (models / "two.h5").read_bytes()
        line = refusal("train", "--resume", models / "two.h5", *given, status=2)
        assert words in line
        assert "omit it" in line
        assert (models / "two.h5").read_bytes() == before

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ("circles", "class 'outer' is unknown to the model"),
            ("moons:noise=0.3", "is not the data that the model was trained on"),
        ],
    )
    def test_other_data_is_refused(self, models: Path, data: str, words: str) -> None:
        before = (models / "two.h5").read_bytes()
        given = ("--data", data, "--epochs", 5)
        line = refusal("train", "--resume", models / "two.h5", *given, status=1)
        assert words in line
        assert (models / "two.h5").read_bytes() == before

    def test_a_network_without_a_run_is_refused(self, models: Path, tmp_path: Path) -> None:
        path = tmp_path / "m.h5"
        path.write_bytes((models / "two.h5").read_bytes())
        with h5py.File(path, "r+") as file:
            del file["training"]
        assert "no run to resume" in refusal("train", "--resume", path, status=1)
        assert invoke("evaluate", "--model", path).exit_code == 0
