"""`train` of both programs: reproducible, saved and resumed, and its errors."""

import json
from pathlib import Path

import numpy as np
import pytest
from commands import CHAR, DINO, NAMES, SMALL, data_arguments, each_program, names_file, train

from char_rnn_dino.model import DINO_GEN, details, load_model
from char_rnn_dino.names.commands.train import DEFAULTS as NAME_DEFAULTS
from char_rnn_dino.settings import NameSettings, SequenceSettings, TextSettings, settings_of
from char_rnn_dino.text.commands.train import DEFAULTS as TEXT_DEFAULTS
from nn_core import checkpoint
from nn_core.layers import CELLS, Dropout, Embedding
from nn_core.layers.recurrent import Recurrent
from nn_core.testing import CommandLine, assert_other_run, assert_same_run

each_cell = pytest.mark.parametrize("cell", CELLS)


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved_settings(path: Path, program: CommandLine) -> SequenceSettings:
    kind = NameSettings if program == DINO else TextSettings
    return settings_of(load_model(path, program.name), kind)


def assert_nearly_the_same(one: Path, other: Path, program: CommandLine) -> None:
    first, second = (load_model(path, program.name).network.vector for path in (one, other))
    np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-7)


class TestTraining:
    @each_program
    def test_the_network_has_what_the_options_say(self, tmp_path: Path, program: CommandLine) -> None:
        options = ("--cell", "lstm", "--layers", 2, "--dropout", 0.2, "--embedding-dropout", 0.1)
        layers = load_model(train(program, tmp_path, *options), program.name).network.layers
        names = [type(layer).__name__ for layer in layers]
        assert names == ["Embedding", "Dropout", *["LSTM", "Dropout"] * 2, "Dense"]
        (embedding,) = [layer for layer in layers if isinstance(layer, Embedding)]
        assert embedding.dimensions == 4
        assert [layer.units for layer in layers if isinstance(layer, Recurrent)] == [8, 8]
        assert layers[1::2] == (Dropout(0.1), Dropout(0.2), Dropout(0.2))

    @each_program
    def test_a_seed_reproduces_the_run(self, tmp_path: Path, program: CommandLine) -> None:
        one, again, other = (
            train(program, tmp_path, "--dropout", 0.2, "--seed", seed, name=f"{i}.h5")
            for i, seed in enumerate((1, 1, 2))
        )
        assert_same_run(one, again)
        assert_other_run(one, other)

    @pytest.mark.parametrize("clip", ["--clip-norm", "--clip-value"])
    def test_clipping_makes_a_difference(self, tmp_path: Path, clip: str) -> None:
        unclipped = train(DINO, tmp_path, "--clip-norm", 1000, name="unclipped.h5")
        options = ("--clip-norm", 1000, clip, 1e-3)
        assert_other_run(unclipped, train(DINO, tmp_path, *options, name="clipped.h5"))

    @each_program
    def test_a_log_and_a_figure(self, tmp_path: Path, program: CommandLine) -> None:
        train(program, tmp_path, "--log", "log.jsonl", "--figure", "f.png")
        rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert [row["epoch"] for row in rows] == [1, 2]
        assert {"training_loss", "validation_loss"} <= set(rows[0])
        assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")

    @each_program
    def test_no_other_file_is_written_unasked(self, tmp_path: Path, program: CommandLine) -> None:
        data = data_arguments(program, tmp_path)
        before = sorted(tmp_path.iterdir())
        program.succeed("train", *data, "--epochs", 1, "--batch-size", 4, *SMALL)
        assert sorted(tmp_path.iterdir()) == before

    @each_program
    def test_early_stopping(self, program: CommandLine, tmp_path: Path) -> None:
        options = ("--epochs", 60, "--learning-rate", 0.3, "--early-stopping", 2)
        model = train(program, tmp_path, *options)
        assert load_model(model, program.name).checkpoint.snapshot is not None
        assert "stopped early: " in program.succeed("train", "--resume", model).stdout


class TestBackends:
    @each_program
    @each_cell
    def test_the_reference_trains_alike(self, tmp_path: Path, program: CommandLine, cell: str) -> None:
        options = ("--cell", cell, "--dropout", 0.2, "--dtype", "float64")
        fast = train(program, tmp_path, *options, name="fast.h5")
        reference = train(program, tmp_path, *options, "--engine", "reference", name="plain.h5")
        assert_nearly_the_same(fast, reference, program)

    @each_program
    def test_shards_change_no_more_than_rounding(self, tmp_path: Path, program: CommandLine) -> None:
        options = ("--dropout", 0.2, "--dtype", "float64")
        whole = train(program, tmp_path, *options, name="whole.h5")
        sharded, again = (
            train(program, tmp_path, *options, "--shards", 3, "--threads", threads, name=f"{i}.h5")
            for i, threads in enumerate((1, 2))
        )
        assert_nearly_the_same(whole, sharded, program)
        assert_same_run(sharded, again)

    @each_program
    def test_a_resumed_run_keeps_them(self, tmp_path: Path, program: CommandLine) -> None:
        for options in (("--engine", "reference"), ("--shards", 2)):
            whole = train(program, tmp_path, *options, "--schedule", "constant", name="whole.h5")
            begun = train(program, tmp_path, *options, "--schedule", "constant", "--epochs", 1)
            program.succeed("train", "--resume", begun, "--epochs", 2)
            assert_same_run(whole, begun)

    @each_program
    def test_the_reference_has_no_shards(self, tmp_path: Path, program: CommandLine) -> None:
        options = ("--engine", "reference", "--shards", 2, *SMALL)
        line = program.refusal("train", *data_arguments(program, tmp_path), *options, status=2)
        assert "--shards" in line


class TestDefaults:
    @each_program
    @each_cell
    def test_depend_on_the_cell(self, tmp_path: Path, program: CommandLine, cell: str) -> None:
        """Wherever `--cell` comes among the options; only what makes it slow is overridden."""
        data = data_arguments(program, tmp_path)
        defaults = (NAME_DEFAULTS if program == DINO else TEXT_DEFAULTS)[cell]
        quick = {"epochs": 1, "hidden": 4, "batch_size": 12}
        quick_options = ("--epochs", 1, "--hidden", 4, "--batch-size", 12)
        for options in (("--cell", cell, *quick_options), (*quick_options, "--cell", cell)):
            program.succeed("train", *data, *options, "--save", "m.h5")
            found = saved_settings(tmp_path / "m.h5", program)
            assert found.cell == cell
            for name, value in defaults.items():
                assert getattr(found, name) == quick.get(name, value), name

    def test_bundled_data(self) -> None:
        DINO.succeed("train", "--epochs", 1, *SMALL, "--save", "d.h5")
        assert DINO.json("evaluate", "--model", "d.h5")["names"] > 100
        quick = ("--epochs", 1, "--batch-size", 500, *SMALL)
        said = CHAR.succeed("train", *quick, "--save", "c.h5").stdout
        assert said.startswith("fieldnotes.txt: ")
        found = CHAR.json("evaluate", "--model", "c.h5")
        assert found["data"] == "fieldnotes.txt, held out"


class TestResume:
    @pytest.mark.parametrize("cell", ["rnn", "lstm"])
    @each_program
    def test_gives_the_same_bits(self, tmp_path: Path, program: CommandLine, cell: str) -> None:
        options = ("--cell", cell, "--dropout", 0.2, "--schedule", "constant")
        whole = train(program, tmp_path, *options, "--epochs", 5, name="whole.h5")
        begun = train(program, tmp_path, *options, "--epochs", 2, name="begun.h5")
        assert_other_run(whole, begun)
        program.succeed("train", "--resume", begun, "--epochs", 5)
        assert_same_run(whole, begun)

    def test_continues_early_stopping(self, tmp_path: Path) -> None:
        options = ("--early-stopping", 3, "--learning-rate", 0.05, "--schedule", "constant")
        whole = train(DINO, tmp_path, *options, "--epochs", 12, name="whole.h5")
        begun = train(DINO, tmp_path, *options, "--epochs", 2, name="begun.h5")
        DINO.succeed("train", "--resume", begun, "--epochs", 12)
        assert_same_run(whole, begun)

    @each_program
    def test_keeps_the_settings(self, tmp_path: Path, program: CommandLine) -> None:
        begun = train(program, tmp_path)
        line = program.refusal("train", "--resume", begun, "--hidden", 9, status=2)
        assert line.startswith("--hidden is 8 in the run to resume")
        line = program.refusal("train", "--resume", begun, "--epochs", 1, status=2)
        assert line.startswith("--epochs is 2 in the run to resume")

    @each_program
    def test_the_data_may_move_but_not_change(self, tmp_path: Path, program: CommandLine) -> None:
        begun = train(program, tmp_path)
        *option, path = data_arguments(program, tmp_path)
        moved = Path(str(path)).rename(tmp_path / "moved.txt")
        assert "no such file" in program.refusal("train", "--resume", begun, status=1)
        asked = ("train", *option, moved, "--resume", begun, "--epochs")
        program.succeed(*asked, 3)
        moved.write_text(moved.read_text("utf-8").replace("e", "i"), "utf-8")
        line = program.refusal(*asked, 4, status=1)
        assert line.startswith(f"{moved} is not the data that the model was trained on; ")

    def test_the_other_program(self, tmp_path: Path) -> None:
        names = train(DINO, tmp_path, name="names.h5")
        text = train(CHAR, tmp_path, name="text.h5")
        line = CHAR.refusal("train", "--resume", names, status=1)
        assert line == f"{names} was written by dino-gen, not by char-rnn"
        line = DINO.refusal("train", "--resume", text, status=1)
        assert line == f"{text} was written by char-rnn, not by dino-gen"

    def test_a_network_without_training_state(self, tmp_path: Path) -> None:
        model = load_model(train(DINO, tmp_path), DINO_GEN)
        stored = details(model.vocabulary, model.settings, model.fingerprint)
        bare = tmp_path / "bare.h5"
        checkpoint.save(bare, model.network, program=DINO_GEN, details=stored)
        line = DINO.refusal("train", "--resume", bare, status=1)
        assert line == f"the checkpoint has only a network, no run to resume; start a new run with --from {bare}"


class TestErrors:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "d.txt is empty"),
            (b"\r\n \n", "d.txt is empty: it has only blank lines"),
            (b"\x89PNG\r\n\x1a\n\0\0", "d.txt is not a text"),
        ],
    )
    @each_program
    def test_data_without_text(self, tmp_path: Path, program: CommandLine, content: bytes, said: str) -> None:
        (tmp_path / "d.txt").write_bytes(content)
        data = ("--data", "d.txt") if program == DINO else ("d.txt",)
        assert said in program.refusal("train", *data, "--save", "m.h5", status=1)
        assert [path.name for path in tmp_path.iterdir()] == ["d.txt"]

    def test_a_directory_and_a_missing_file(self, tmp_path: Path) -> None:
        assert "is a directory" in CHAR.refusal("train", tmp_path, status=1)
        assert CHAR.refusal("train", "no.txt", status=1) == "no such file: no.txt"
        assert DINO.refusal("train", "--data", "no.txt", status=1) == "no such file: no.txt"

    def test_outputs_that_would_overwrite_the_data(self, tmp_path: Path) -> None:
        names_file(tmp_path / "names.txt")
        line = DINO.refusal("train", "--data", "names.txt", "--save", "names.txt", "--force", status=2)
        assert "--data" in line
        line = CHAR.refusal("train", "names.txt", "--log", "names.txt", "--force", status=2)
        assert "overwrite" in line
        assert len((tmp_path / "names.txt").read_text().split()) == len(NAMES)

    def test_a_log_that_would_overwrite_the_checkpoint(self, tmp_path: Path) -> None:
        model = train(DINO, tmp_path, "--epochs", 1)
        before = model.read_bytes()
        outputs = ("--log", model, "--save", tmp_path / "other.h5", "--force")
        line = DINO.refusal("train", "--resume", model, *outputs, status=2)
        assert "overwrite --resume" in line
        assert model.read_bytes() == before

    @pytest.mark.parametrize(
        ("option", "value"),
        [("--cell", "tanh"), ("--hidden", "0"), ("--layers", "0"), ("--embedding", "-1"),
         ("--dropout", "1"), ("--embedding-dropout", "1"), ("--validation", "-0.1"),
         ("--validation", "1"), ("--epochs", "0"), ("--clip-value", "0"),
         ("--learning-rate", "nan"), ("--optimizer", "adams"), ("--batch-size", "0"),
         ("--figure", "f.txt"), ("--save", "nowhere/m.h5")],
    )  # fmt: skip
    @each_program
    def test_invalid_values(self, program: CommandLine, option: str, value: str) -> None:
        assert f"'{option}'" in program.refusal("train", option, value, status=2)

    @each_program
    def test_divergence_leaves_no_checkpoint(self, tmp_path: Path, program: CommandLine) -> None:
        data = data_arguments(program, tmp_path)
        wild = ("--optimizer", "gradient-descent", "--learning-rate", 1e38, "--clip-norm", 1e38)
        asked = ("train", *data, *wild, "--batch-size", 4, "--epochs", 3, *SMALL)
        line = program.refusal(*asked, "--save", "m.h5", status=1)
        assert "finite" in line
        assert not (tmp_path / "m.h5").exists()
