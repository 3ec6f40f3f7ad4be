"""Folds, cross-validation, runs that start from a model, and runs without a validation set."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import CHAR, CORPUS, DINO, NAMES, SMALL, data_arguments, each_program, train

from char_rnn_dino.corpora import hold_out
from char_rnn_dino.model import load_model
from char_rnn_dino.settings import TextSettings, settings_of
from char_rnn_dino.splits import split_text
from char_rnn_dino.training_data import names_of
from nn_core.errors import DataError
from nn_core.losses import IGNORE_INDEX
from nn_core.testing import CommandLine


def asked(program: CommandLine, folder: Path, *arguments: object) -> tuple[object, ...]:
    batch_size = 12 if program == DINO else 4
    return "train", *data_arguments(program, folder), "--epochs", 1, "--batch-size", batch_size, *SMALL, *arguments


class TestFolds:
    def test_each_name_is_held_out_once(self) -> None:
        parts = [hold_out(NAMES, 0.1, fold=f"{k}/3", rng=np.random.default_rng(0)) for k in (1, 2, 3)]
        assert sorted(name for _, held_out in parts for name in held_out) == sorted(NAMES)
        assert [len(held_out) for _, held_out in parts] == [14, 13, 13]
        assert all(set(training) | set(held_out) == set(NAMES) for training, held_out in parts)
        with pytest.raises(DataError, match="2 names cannot be divided into 3 folds"):
            hold_out(NAMES[:2], 0.1, fold="1/3", rng=np.random.default_rng(0))

    def test_a_text_is_cut_into_blocks_and_no_target_follows_a_gap(self, tmp_path: Path) -> None:
        """Ten tokens in three folds: 0-2, 3-5 and 6-9."""
        settings: Any = settings_of(load_model(train(CHAR, tmp_path), CHAR.name), TextSettings)
        tokens = np.arange(10)
        found = []
        for fold in ("1/3", "2/3", "3/3"):
            one = dataclasses.replace(settings, fold=fold, batch_size=1)
            (x, y), validation = split_text(tokens, one, "the text")
            assert validation is not None
            found.append((x.tolist(), y.tolist(), validation[0].tolist(), validation[1].tolist()))
        assert found == [
            ([3, 4, 5, 6, 7, 8], [4, 5, 6, 7, 8, 9], [0, 1], [1, 2]),
            ([0, 1, 2, 6, 7, 8], [1, 2, IGNORE_INDEX, 7, 8, 9], [2, 3, 4], [3, 4, 5]),
            ([0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [5, 6, 7, 8], [6, 7, 8, 9]),
        ]

    @each_program
    def test_cross_validation_is_the_folds_alone(self, tmp_path: Path, program: CommandLine) -> None:
        found = program.json(*asked(program, tmp_path, "--cross-validate", 2))
        assert set(found["mean"]) == {"nats_per_character", "bits_per_character", "perplexity"}
        for fold in found["folds"]:
            alone = program.json(*asked(program, tmp_path, "--fold", fold["fold"]))
            assert fold == {"fold": fold["fold"], **{name: alone[name] for name in found["mean"]}}
        report = program.succeed(*asked(program, tmp_path, "--cross-validate", 2))
        assert report.stdout.splitlines()[1].split("  ")[0] == "fold"
        assert "epoch 1:" not in report.stderr

    @each_program
    def test_a_model_of_a_fold_is_evaluated_on_it(self, tmp_path: Path, program: CommandLine) -> None:
        result = program.json(*asked(program, tmp_path, "--fold", "2/3", "--save", tmp_path / "m.h5"))
        found = program.json("evaluate", "--model", tmp_path / "m.h5")
        assert found["nats_per_character"] == pytest.approx(result["nats_per_character"], rel=1e-5)


class TestWithoutValidationSet:
    @each_program
    def test_everything_is_trained_on_and_the_report_says_so(self, tmp_path: Path, program: CommandLine) -> None:
        model = tmp_path / "m.h5"
        outputs = ("--save", model, "--log", tmp_path / "l.csv", "--figure", tmp_path / "f.png")
        report = program.succeed(*asked(program, tmp_path, "--validation", 0, *outputs)).stdout
        assert ", none held out, " in report
        assert "no validation set; mean training loss of the last epoch: " in report
        assert "validation" not in (tmp_path / "l.csv").read_text("utf-8")
        line = program.refusal("evaluate", "--model", model, status=1)
        assert line.endswith("with no validation set; give --data")
        data = data_arguments(program, tmp_path)[-1]
        assert program.json("evaluate", "--model", model, "--data", data)["nats_per_character"] > 0
        asked_more = asked(program, tmp_path, "--validation", 0, "--early-stopping", 1)
        assert "--early-stopping needs a validation set" in program.refusal(*asked_more, status=2)

    def test_all_names_are_known(self, tmp_path: Path) -> None:
        model = load_model(train(DINO, tmp_path, "--validation", 0), DINO.name)
        assert set(names_of(model).training) == set(NAMES)


class TestFrom:
    @each_program
    def test_it_starts_from_the_weights(self, tmp_path: Path, program: CommandLine) -> None:
        model = train(program, tmp_path, "--dropout", 0)
        slow = ("--learning-rate", 1e-9, "--dropout", 0.3, "--epochs", 1, "--save", tmp_path / "n.h5")
        program.succeed("train", "--from", model, *slow)
        before, after = (load_model(path, program.name) for path in (model, tmp_path / "n.h5"))
        np.testing.assert_allclose(before.network.vector, after.network.vector, atol=1e-6)
        assert (after.settings["hidden"], after.settings["dropout"]) == (8, 0.3)

    @pytest.mark.parametrize(
        ("option", "value"),
        [("--cell", "rnn"), ("--hidden", 9), ("--layers", 2), ("--embedding", 5), ("--recurrent-initializer", "he")],
    )
    @each_program
    def test_the_network_stays(self, tmp_path: Path, program: CommandLine, option: str, value: object) -> None:
        line = program.refusal("train", "--from", train(program, tmp_path), option, value, status=2)
        assert line.startswith(f"{option} is ")
        assert "in the model to start from; omit it" in line

    @pytest.mark.parametrize("option", [("--unit", "word"), ("--lowercase",)])
    def test_what_a_token_is_stays(self, tmp_path: Path, option: tuple[str, ...]) -> None:
        line = CHAR.refusal("train", "--from", train(CHAR, tmp_path), *option, status=2)
        assert line.startswith(f"{option[0]} is ")

    def test_epochs_are_those_of_the_model_whatever_the_text(self, tmp_path: Path) -> None:
        model = train(CHAR, tmp_path, "--epochs", 1)
        (tmp_path / "more.txt").write_text(CORPUS * 2, "utf-8")
        assert CHAR.invoke("train", tmp_path / "more.txt", "--from", model, "--json").stdout.count('"epochs": 1') == 1
