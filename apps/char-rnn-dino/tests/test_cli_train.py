"""`train` and `evaluate` of both programs, and `sample`: on names and texts, saved and resumed."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from commands import (
    CHAR,
    CORPUS,
    DINO,
    NAMES,
    SMALL,
    assert_other_run,
    assert_same_run,
    corpus_file,
    json_of,
    names_file,
    refusal,
    succeed,
    trained_on_names,
    trained_on_text,
)
from small_models import chance_of

from char_rnn_dino import char_training, dino_training
from char_rnn_dino.model import CHAR_RNN, DINO_GEN, load_model
from char_rnn_dino.settings import NameSettings, TextSettings, settings_of
from nn_core import checkpoint
from nn_core.layers import CELLS, Dropout

BOTH = pytest.mark.parametrize(
    ("program", "trained"), [(DINO, trained_on_names), (CHAR, trained_on_text)]
)
CELL = pytest.mark.parametrize("cell", CELLS)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def settings(path, program):
    kind = NameSettings if program == DINO else TextSettings
    return settings_of(load_model(Path(path), program), kind)


def names_file_here():
    """The forty names in the folder of the test."""
    return names_file(Path("names.txt"))


def corpus_file_here():
    """The short text in the folder of the test."""
    return corpus_file(Path("corpus.txt"))


class TestLearning:
    @CELL
    def test_names(self, cell):
        asked = ("--cell", cell, "--data", names_file_here(), "--epochs", 40, "--hidden", 24)
        result = json_of(DINO, "train", *asked, "--learning-rate", 0.02, "--batch-size", 12)
        assert result["nats_per_character"] < 0.8 * math.log(18)
        assert result["training_loss"] < 1.2
        assert result["bits_per_character"] == pytest.approx(
            result["nats_per_character"] / math.log(2)
        )
        assert result["perplexity"] == pytest.approx(math.exp(result["nats_per_character"]))

    @CELL
    def test_text(self, cell):
        asked = ("--cell", cell, corpus_file_here(), "--epochs", 20, "--hidden", 32)
        result = json_of(CHAR, "train", *asked, "--batch-size", 4, "--steps", 20)
        assert result["nats_per_character"] < 1.5 < math.log(len(set(CORPUS)))

    def test_words(self):
        asked = (corpus_file_here(), "--unit", "word", "--lower", "--epochs", 20, "--batch-size", 4)
        result = json_of(CHAR, "train", *asked, "--hidden", 32, "--steps", 10)
        assert result["nats_per_word"] < 1.5
        assert result["perplexity"] == pytest.approx(math.exp(result["nats_per_word"]))

    def test_it_says_what_it_did(self):
        said = succeed(DINO, "train", "--data", names_file_here(), "--epochs", 2, *SMALL).stdout
        lines = said.splitlines()
        assert lines[0] == "names.txt: 36 names, 4 held back, 17 letters"
        assert lines[1].startswith("gru of 8, ")
        assert lines[1].endswith(" parameters")
        assert lines[2].startswith("2 epochs, 6 steps in ")
        assert lines[3].startswith("held back: ")
        said = succeed(
            CHAR, "train", corpus_file_here(), "--epochs", 1, "--batch-size", 4, "--layers", 2,
            "--unit", "word", *SMALL,
        ).stdout  # fmt: skip
        lines = said.splitlines()
        assert lines[0].startswith("corpus.txt: ")
        assert lines[1].startswith("2 layers of gru of 8, ")
        assert " nats per word, " in lines[3]

    def test_names_are_shown_on_the_way(self):
        asked = ("train", "--data", names_file_here(), "--epochs", 10, *SMALL)
        shown = [
            line
            for line in succeed(DINO, *asked).stderr.splitlines()
            if line.startswith("epoch") and ":" in line
        ]
        assert [line.split(":")[0] for line in shown] == [f"epoch {e}" for e in (2, 4, 6, 8, 10)]
        assert all(len(line.split(", ")) == 5 for line in shown)

    def test_text_is_shown_on_the_way(self):
        said = succeed(
            CHAR, "train", corpus_file_here(), "--epochs", 4, "--batch-size", 4, *SMALL
        ).stderr
        assert sum(line.startswith("    ") for line in said.splitlines()) >= 4

    @BOTH
    def test_the_network_of_the_options(self, tmp_path, program, trained):
        options = ("--cell", "lstm", "--layers", 2, "--dropout", 0.2, "--blank", 0.1)
        layers = load_model(trained(tmp_path, *options), program).network.layers
        names = [type(layer).__name__ for layer in layers]
        assert names == ["Embedding", "Dropout", *["LSTM", "Dropout"] * 2, "Dense"]
        assert layers[0].dimensions == 4
        assert layers[2].units == layers[4].units == 8
        assert layers[1::2] == (Dropout(0.9), Dropout(0.8), Dropout(0.8))

    @BOTH
    def test_the_seed_decides_all(self, tmp_path, program, trained):
        options = ("--dropout", 0.2)
        one, again, other = (
            trained(tmp_path, *options, "--seed", seed, name=f"{i}.h5")
            for i, seed in enumerate((1, 1, 2))
        )
        assert_same_run(one, again)
        assert_other_run(one, other)

    @pytest.mark.parametrize("clip", ["--clip-norm", "--clip-value"])
    def test_clipping_makes_a_difference(self, tmp_path, clip):
        free, held = (
            trained_on_names(tmp_path, "--clip-norm", 1000, *more, name=f"{i}.h5")
            for i, more in enumerate([(), (clip, 1e-3)])
        )
        assert_other_run(free, held)

    @BOTH
    def test_a_log_and_a_figure(self, tmp_path, program, trained):
        trained(tmp_path, "--log", "log.jsonl", "--figure", "f.png")
        rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert [row["epoch"] for row in rows] == [1, 2]
        assert {"training_loss", "validation_loss"} <= set(rows[0])
        assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")

    @BOTH
    def test_early_stopping(self, program, trained, tmp_path):
        model = trained(tmp_path, "--epochs", 60, "--learning-rate", 0.3, "--early-stopping", 2)
        assert load_model(model, program).run is not None
        rows = succeed(program, "train", "--resume", model).stdout
        assert "stopped early: " in rows

    def test_windows_line_ends_and_a_mark_make_no_difference(self, tmp_path):
        plain, windows = (tmp_path / name for name in ("plain", "windows"))
        for folder in (plain, windows):
            folder.mkdir()
        names_file(plain / "names.txt")
        content = (plain / "names.txt").read_bytes().replace(b"\n", b"\r\n")
        (windows / "names.txt").write_bytes(b"\xef\xbb\xbf" + content)
        assert_same_run(trained_on_names(plain), trained_on_names(windows))


class TestDefaults:
    @pytest.mark.parametrize(("program", "module"), [(DINO, dino_training), (CHAR, char_training)])
    @CELL
    def test_those_of_the_cell(self, program, module, cell):
        """Only what makes it slow is said otherwise."""
        data = ("--data", names_file_here()) if program == DINO else (corpus_file_here(),)
        quick = {"epochs": 1, "hidden": 4, "batch_size": 12}
        said = [word for name, n in quick.items() for word in (f"--{name.replace('_', '-')}", n)]
        for order in (1, -1):
            pairs = [("--cell", cell), tuple(said)]
            succeed(program, "train", *data, *sum(pairs[::order], ()), "--save", "m.h5")
            found = settings("m.h5", program)
            assert found.cell == cell
            for name, value in module.DEFAULTS[cell].items():
                assert getattr(found, name) == quick.get(name, value), name

    def test_the_data_that_comes_with_it(self):
        succeed(DINO, "train", "--epochs", 1, *SMALL, "--save", "d.h5")
        assert json_of(DINO, "evaluate", "d.h5")["names"] > 100
        quick = ("--epochs", 1, "--batch-size", 500, *SMALL)
        said = succeed(CHAR, "train", *quick, "--save", "c.h5").stdout
        assert said.startswith("fieldnotes.txt: ")
        assert json_of(CHAR, "evaluate", "c.h5")["data"] == "fieldnotes.txt, held back"


class TestResuming:
    @pytest.mark.parametrize("cell", ["rnn", "lstm"])
    @BOTH
    def test_the_same_bits(self, tmp_path, program, trained, cell):
        options = ("--cell", cell, "--dropout", 0.2, "--schedule", "constant")
        whole = trained(tmp_path, *options, "--epochs", 5, name="whole.h5")
        begun = trained(tmp_path, *options, "--epochs", 2, name="begun.h5")
        assert_other_run(whole, begun)
        succeed(program, "train", "--resume", begun, "--epochs", 5)
        assert_same_run(whole, begun)

    def test_early_stopping_goes_on_too(self, tmp_path):
        options = ("--early-stopping", 3, "--learning-rate", 0.05, "--schedule", "constant")
        whole = trained_on_names(tmp_path, *options, "--epochs", 12, name="whole.h5")
        begun = trained_on_names(tmp_path, *options, "--epochs", 2, name="begun.h5")
        succeed(DINO, "train", "--resume", begun, "--epochs", 12)
        assert_same_run(whole, begun)

    @BOTH
    def test_what_it_was_begun_with_stays(self, tmp_path, program, trained):
        begun = trained(tmp_path)
        line = refusal(program, "train", "--resume", begun, "--hidden", 9, status=2)
        assert line.startswith("--hidden is 8 in the run to be resumed; leave it out")
        line = refusal(program, "train", "--resume", begun, "--epochs", 1, status=2)
        assert line.startswith("--epochs is 2 in the run to be resumed and can only grow")

    @BOTH
    def test_the_text_may_have_moved_but_is_the_same(self, tmp_path, program, trained):
        begun = trained(tmp_path)
        data = tmp_path / ("names.txt" if program == DINO else "corpus.txt")
        moved = data.rename(tmp_path / "moved.txt")
        said = ("--data", moved) if program == DINO else (moved,)
        assert "no such file" in refusal(program, "train", "--resume", begun, status=1)
        succeed(program, "train", *said, "--resume", begun, "--epochs", 3)
        moved.write_text(moved.read_text("utf-8").replace("e", "i"), "utf-8")
        line = refusal(program, "train", *said, "--resume", begun, "--epochs", 4, status=1)
        assert line == f"{moved} is not what the model was trained on"

    def test_a_run_of_the_other_program(self, tmp_path):
        names, text = trained_on_names(tmp_path), trained_on_text(tmp_path)
        line = refusal(CHAR, "train", "--resume", names, status=1)
        assert line == f"{names} was written by dino-gen, not by char-rnn"
        line = refusal(DINO, "train", "--resume", text, status=1)
        assert line == f"{text} was written by char-rnn, not by dino-gen"

    def test_a_network_without_a_run(self, tmp_path):
        model = load_model(trained_on_names(tmp_path), DINO_GEN)
        bare = tmp_path / "bare.h5"
        checkpoint.save(bare, model.network, program=DINO_GEN, details=model.details())
        line = refusal(DINO, "train", "--resume", bare, status=1)
        assert "a network, but no run to go on with" in line


class TestWrongData:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "d.txt is empty"),
            (b"\r\n \n", "d.txt holds nothing but blanks"),
            (b"Rex\nCaf\xe9\n" * 50, "d.txt is not a text in UTF-8"),
        ],
    )
    @pytest.mark.parametrize("program", [DINO, CHAR])
    def test_no_text(self, tmp_path, program, content, said):
        (tmp_path / "d.txt").write_bytes(content)
        data = ("--data", "d.txt") if program == DINO else ("d.txt",)
        assert said in refusal(program, "train", *data, "--save", "m.h5", status=1)
        assert [path.name for path in tmp_path.iterdir()] == ["d.txt"]

    @pytest.mark.parametrize(
        ("names", "said"),
        [
            (("rex",), "d.txt: of 1 names, 0.1 cannot be held back"),
            (("rex", "allo"), "d.txt: of 2 names, 0.1 cannot be held back"),
            (("rex", "a\tb"), r"d.txt, line 2: 'a\tb' is no name"),
        ],
    )
    def test_no_list_of_names(self, tmp_path, names, said):
        names_file(tmp_path / "d.txt", names)
        assert refusal(DINO, "train", "--data", "d.txt", status=1) == said

    def test_few_names_and_one_letter_are_enough(self, tmp_path):
        names_file(tmp_path / "d.txt", ["a", "aa", "aaa", "aaaa", "aaaaa", "aaaaaa"])
        result = json_of(DINO, "train", "--data", "d.txt", "--epochs", 2, *SMALL)
        assert result["nats_per_character"] > 0

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("a" * 5000, "d.txt is all one char; there is nothing to foretell"),
            ("ab", "d.txt is too short: of 2 chars 0 are held back"),
            ("abcdefghij" * 5, "d.txt is too short: of 50 chars 5 are held back, and 45 are too"),
        ],
    )
    def test_no_corpus(self, tmp_path, text, said):
        corpus_file(tmp_path / "d.txt", text)
        assert said in refusal(CHAR, "train", "d.txt", "--save", "m.h5", status=1)
        assert not (tmp_path / "m.h5").exists()

    def test_a_folder_and_nothing(self, tmp_path):
        assert "is a directory" in refusal(CHAR, "train", tmp_path, status=1)
        assert refusal(CHAR, "train", "no.txt", status=1) == "no such file: no.txt"
        assert refusal(DINO, "train", "--data", "no.txt", status=1) == "no such file: no.txt"

    def test_outputs_that_would_overwrite(self, tmp_path):
        names_file_here()
        line = refusal(DINO, "train", "--data", "names.txt", "--save", "names.txt", status=2)
        assert "--data" in line
        line = refusal(CHAR, "train", "names.txt", "--log", "names.txt", status=2)
        assert "overwrite" in line
        assert len((tmp_path / "names.txt").read_text().split()) == len(NAMES)

    def test_a_log_over_the_checkpoint_to_resume(self, tmp_path):
        trained_on_names(tmp_path, "--epochs", 1, name="m.h5")
        before = (tmp_path / "m.h5").read_bytes()
        outputs = ("--log", tmp_path / "m.h5", "--save", tmp_path / "other.h5")
        line = refusal(DINO, "train", "--resume", tmp_path / "m.h5", *outputs, status=2)
        assert "overwrite --resume" in line
        assert (tmp_path / "m.h5").read_bytes() == before

    def test_another_list_under_the_name_of_the_one_learned(self, tmp_path):
        model = trained_on_names(tmp_path)
        (tmp_path / "names.txt").write_text("\n".join(sorted(NAMES)[1:]), "utf-8")
        for asked in (
            ("--novel", "--model", model),
            ("evaluate", model),
            ("novelty", "--model", model, "--figure", tmp_path / "n.png"),
        ):
            assert "is not what the model was trained on" in refusal(DINO, *asked, status=1)

    def test_words_are_counted_for_the_default_epochs(self, tmp_path):
        corpus_file(tmp_path / "words.txt", "stone and bone \n" * 500)
        options = {"data": "words.txt", "validation": 0.1, "batch_size": 2, "steps": 5}
        times = [char_training.epochs_for(options | {"unit": unit}) for unit in ("char", "word")]
        assert times == [5, 20]

    @pytest.mark.parametrize(
        ("option", "value"),
        [("--cell", "tanh"), ("--hidden", "0"), ("--layers", "0"), ("--embedding", "-1"),
         ("--dropout", "1"), ("--validation", "0"), ("--validation", "1"), ("--epochs", "0"),
         ("--clip-value", "0"), ("--learning-rate", "nan"), ("--optimizer", "adams"),
         ("--batch-size", "0"), ("--figure", "f.txt"), ("--save", "nowhere/m.h5")],
    )  # fmt: skip
    @pytest.mark.parametrize("program", [DINO, CHAR])
    def test_what_makes_no_sense(self, program, option, value):
        assert f"'{option}'" in refusal(program, "train", option, value, status=2)

    @pytest.mark.parametrize("program", [DINO, CHAR])
    def test_a_loss_that_is_no_number_leaves_the_checkpoint_alone(self, tmp_path, program):
        data = ("--data", names_file_here()) if program == DINO else (corpus_file_here(),)
        wild = ("--optimizer", "gradient-descent", "--learning-rate", 1e38, "--clip-norm", 1e38)
        asked = ("train", *data, *wild, "--batch-size", 4, "--epochs", 3, *SMALL)
        line = refusal(program, *asked, "--save", "m.h5", status=1)
        assert "finite" in line
        assert not (tmp_path / "m.h5").exists()

    def test_a_perplexity_past_all_numbers_is_none(self):
        wild = ("--optimizer", "gradient-descent", "--learning-rate", 1e6, "--clip-norm", 1e6)
        asked = ("train", "--data", names_file_here(), *wild, "--epochs", 2, *SMALL)
        found = json_of(DINO, *asked)
        assert found["nats_per_character"] > 710
        assert found["perplexity"] is None
        assert "perplexity inf" in succeed(DINO, *asked).stdout


class TestEvaluating:
    def test_names_as_their_definition_says(self, tmp_path):
        """Each letter and the end of each name, one forward pass for each of them."""
        model = trained_on_names(tmp_path, "--epochs", 10)
        given = ("Bara", "lupelta", "kik")
        found = json_of(DINO, "evaluate", model, "--data", names_file(tmp_path / "g.txt", given))
        trained = load_model(model, DINO_GEN)
        nats = [
            -math.log(chance_of(trained.network, trained.vocabulary, name.lower(), whole=True))
            for name in given
        ]
        places = sum(len(name) + 1 for name in given)
        assert found["nats_per_character"] == pytest.approx(sum(nats) / places, rel=1e-5)
        assert found["names"] == 3

    @BOTH
    def test_by_default_what_was_held_back(self, tmp_path, program, trained):
        model = trained(tmp_path)
        found = json_of(program, "evaluate", model)
        again = json_of(program, "train", "--resume", model)
        assert found["data"].endswith(".txt, held back")
        assert found["nats_per_character"] == pytest.approx(again["nats_per_character"], rel=1e-5)

    def test_of_a_text_its_end_is_held_back(self, tmp_path):
        model = trained_on_text(tmp_path, "--validation", 0.25)
        found = json_of(CHAR, "evaluate", model)
        held = round(0.25 * len(CORPUS))
        assert found["tokens"] == held
        end = corpus_file(tmp_path / "end.txt", CORPUS[-held - 1 :])
        again = json_of(CHAR, "evaluate", model, "--data", end)
        assert again["nats_per_character"] == found["nats_per_character"]

    def test_the_network_that_comes_with_it(self):
        assert json_of(DINO, "evaluate")["nats_per_character"] < 1.7

    @pytest.mark.parametrize("characters", [2, 350])
    def test_a_text_as_one_pass_over_all_of_it(self, tmp_path, characters):
        model = trained_on_text(tmp_path, "--epochs", 6, "--cell", "lstm")
        text = CORPUS[:characters]
        found = json_of(CHAR, "evaluate", model, "--data", corpus_file(tmp_path / "g.txt", text))
        trained = load_model(model, CHAR_RNN)
        tokens = trained.vocabulary.encode(text)
        logits = trained.network.predict(tokens[None, :-1])[0].astype(np.float64)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        nats = -log_p[np.arange(len(tokens) - 1), tokens[1:]].mean()
        assert found["nats_per_character"] == pytest.approx(nats, rel=1e-5)
        assert found["tokens"] == characters - 1

    def test_on_a_line(self, tmp_path):
        (line,) = succeed(DINO, "evaluate", trained_on_names(tmp_path)).stdout.splitlines()
        assert ": 4 names, " in line
        assert line.endswith("(a guess: 2.8904 nats)")
        (line,) = succeed(CHAR, "evaluate", trained_on_text(tmp_path)).stdout.splitlines()
        assert " nats per character, " in line

    def test_letters_that_it_does_not_know(self, tmp_path):
        model = trained_on_names(tmp_path)
        given = names_file(tmp_path / "g.txt", ["wyz"])
        line = refusal(DINO, "evaluate", model, "--data", given, status=1)
        assert line.startswith(f"{given} has characters that the model does not know: w y z;")
        text = trained_on_text(tmp_path)
        given = corpus_file(tmp_path / "g.txt", "Ω day")
        line = refusal(CHAR, "evaluate", text, "--data", given, status=1)
        assert "does not know: Ω; it knows" in line
        line = refusal(
            CHAR, "evaluate", text, "--data", corpus_file(tmp_path / "g.txt", "D"), status=1
        )
        assert line.endswith("is too short: there is nothing to foretell")

    def test_a_network_of_the_other_program(self, tmp_path):
        names, text = trained_on_names(tmp_path), trained_on_text(tmp_path)
        assert "was written by" in refusal(CHAR, "evaluate", names, status=1)
        assert "was written by" in refusal(DINO, "evaluate", text, status=1)


class TestDamaged:
    @pytest.mark.parametrize(
        ("part", "value"),
        [
            ("vocabulary", {"tokens": ["a"], "unit": "char", "lower": True}),
            ("vocabulary", None),
            ("settings", {}),
            ("settings", None),
        ],
    )
    def test_one_line(self, tmp_path, part, value):
        model = load_model(trained_on_names(tmp_path), DINO_GEN)
        broken = tmp_path / "broken.h5"
        details = model.details() | {part: value}
        checkpoint.save(broken, model.network, program=DINO_GEN, details=details)
        assert "damaged" in refusal(DINO, "evaluate", broken, status=1)

    def test_names_without_an_end(self, tmp_path):
        model = load_model(trained_on_names(tmp_path), DINO_GEN)
        tokens = [*model.vocabulary.tokens[1:], "\n"]
        details = model.details()
        details["vocabulary"] |= {"tokens": tokens}
        checkpoint.save(tmp_path / "b.h5", model.network, program=DINO_GEN, details=details)
        line = refusal(DINO, "--model", tmp_path / "b.h5", status=1)
        assert line.endswith("is damaged: its vocabulary has no end of a name")


class TestSampling:
    def test_so_long_and_the_beginning_stands_once(self, tmp_path):
        model = trained_on_text(tmp_path)
        asked = ("sample", model, "--prime", "Day 9.", "--length", 50, "--seed", 0)
        said = succeed(CHAR, *asked).stdout
        assert said.startswith("Day 9.")
        assert len(said) == len("Day 9.") + 50 + 1
        assert json_of(CHAR, *asked) == {"prime": "Day 9.", "text": said[6:-1]}

    def test_a_seed_writes_the_same(self, tmp_path):
        model = trained_on_text(tmp_path)
        one, again, other = (
            succeed(CHAR, "sample", model, "--seed", seed).stdout for seed in (1, 1, 2)
        )
        assert one == again != other
        assert len(one) == 501

    def test_temperature_0_is_greedy(self, tmp_path):
        asked = ("sample", trained_on_text(tmp_path), "--length", 40)
        greedy = succeed(CHAR, *asked, "--temperature", 0).stdout
        assert succeed(CHAR, *asked, "--temperature", 1e-7).stdout == greedy
        assert succeed(CHAR, *asked, "--top-k", 1).stdout == greedy
        assert succeed(CHAR, *asked, "--top-p", 1e-9).stdout == greedy

    def test_words_and_lower_case_are_in_the_checkpoint(self, tmp_path):
        model = trained_on_text(tmp_path, "--unit", "word", "--lower")
        asked = ("--prime", "The RIVER", "--length", 60, "--seed", 0)
        text = succeed(CHAR, "sample", model, *asked).stdout
        assert text.startswith("The RIVER")
        assert text[9:] == text[9:].lower()
        assert "<unknown>" not in text

    def test_a_beginning_that_cannot_be_read(self, tmp_path):
        model = trained_on_text(tmp_path)
        line = refusal(CHAR, "sample", model, "--prime", "Day Ω", status=2)
        assert line.startswith("the beginning 'Day Ω' has characters that the model does not know")

    @pytest.mark.parametrize(
        ("option", "value"),
        [("--length", "0"), ("--temperature", "-1"), ("--temperature", "nan"), ("--top-k", "0")],
    )
    def test_what_makes_no_sense(self, option, value):
        assert f"'{option}'" in refusal(CHAR, "sample", "m.h5", option, value, status=2)
