"""`dino-gen` without a command: names, all options, and errors."""

import re
from pathlib import Path

import pytest
from commands import CHAR, DINO, NAMES, names_file, notes, train

NAME = re.compile(r"[A-Z][a-z]{0,39}")
KNOWN = {name.capitalize() for name in NAMES}
LETTERS = "a b d e i k l m n o p r s t u v x"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that has overfitted forty names, so that it often repeats them."""
    settings = ("--epochs", 60, "--hidden", 24, "--learning-rate", 0.02)
    return train(DINO, tmp_path_factory.mktemp("names"), *settings)


def names(*arguments: object) -> list[str]:
    return DINO.succeed(*arguments).stdout.splitlines()


class TestShipped:
    def test_ten_names(self) -> None:
        found = names()
        assert len(found) == 10
        assert all(NAME.fullmatch(name) for name in found)

    def test_one_name_with_a_start(self) -> None:
        (name,) = names("--start", "Y")
        assert NAME.fullmatch(name)
        assert name.startswith("Y")

    def test_a_seed_prints_the_same(self) -> None:
        assert names("--seed", 3) == names("--seed", 3) != names("--seed", 4)

    def test_many(self) -> None:
        found = names("--count", 2000, "--novel", "--seed", 0)
        assert len(found) == 2000
        assert len(set(found)) > 1800


class TestOptions:
    def test_training_names_are_repeated(self, model: Path) -> None:
        found = names("--model", model, "--count", 200, "--seed", 0)
        assert len(set(found) & KNOWN) > 10

    def test_novel_names_are_not_in_the_data(self, model: Path) -> None:
        found = names("--model", model, "--count", 200, "--seed", 0, "--novel")
        assert len(found) == 200
        assert set(found).isdisjoint(KNOWN)

    @pytest.mark.parametrize("start", ["k", "K", "Lu", "LURA", "bapeltapelta"])
    def test_every_name_begins_with_the_start(self, model: Path, start: str) -> None:
        found = names("--model", model, "--start", start, "--count", 20, "--seed", 0)
        assert len(found) == 20
        assert all(name.startswith(start.capitalize()) for name in found)
        assert all(NAME.fullmatch(name) for name in found)

    def test_an_empty_start_is_none(self, model: Path) -> None:
        asked = ("--model", model, "--seed", 0)
        assert names(*asked, "--start", "") == names(*asked)

    def test_temperature_0_is_greedy(self, model: Path) -> None:
        asked = ("--model", model, "--temperature", 0, "--count", 3)
        (greedy,) = set(names(*asked, "--seed", 0) + names(*asked, "--seed", 1))
        assert {greedy} == set(names("--model", model, "--top-k", 1, "--count", 3))
        assert {greedy} == set(names("--model", model, "--temperature", 1e-9, "--count", 3))

    def test_higher_temperatures_repeat_fewer_names(self, model: Path) -> None:
        asked = ("--model", model, "--count", 200, "--seed", 0, "--temperature")
        known = [len([n for n in names(*asked, t) if n in KNOWN]) for t in (0.3, 1.0, 3.0)]
        assert known[0] > known[1] > known[2]

    def test_top_k_and_top_p_restrict_the_letters(self, model: Path) -> None:
        asked = ("--model", model, "--count", 300, "--seed", 0, "--temperature", 2)
        assert len({name[0] for name in names(*asked, "--top-k", 2)}) == 2
        assert len(set(names(*asked, "--top-p", 0.3))) < len(set(names(*asked)))

    @pytest.mark.parametrize("longest", [1, 3])
    def test_maximum_length(self, model: Path, longest: int) -> None:
        asked = ("--model", model, "--count", 50, "--max-length", longest)
        assert max(map(len, names(*asked))) == longest

    def test_json(self, model: Path) -> None:
        asked = ("--model", model, "--count", 5, "--seed", 0)
        assert DINO.json(*asked) == names(*asked)


class TestMovedData:
    def test_novel(self, tmp_path: Path) -> None:
        model = train(DINO, tmp_path)
        moved = (tmp_path / "names.txt").rename(tmp_path / "moved.txt")
        asked = ("--model", model, "--novel", "--seed", 0)
        assert notes(DINO, *asked, "--data", moved) == []
        other = names_file(tmp_path / "other.txt", ["Bara", "Wyz"])
        said = f"{other}: not the training data of the model, but used in its place"
        assert notes(DINO, *asked, "--data", other) == [said]

    def test_novelty_and_evaluate(self, tmp_path: Path) -> None:
        model = train(DINO, tmp_path)
        moved = (tmp_path / "names.txt").rename(tmp_path / "moved.txt")
        asked = ("novelty", "--model", model, "--temperatures", 1, "--count", 5, "--figure", tmp_path / "n.png")
        assert DINO.refusal(*asked, status=1).endswith("; give it with --data FILE")
        assert DINO.json(*asked, "--data", moved)["training_names"] == 36
        assert DINO.json("evaluate", "--model", model, "--data", moved)["names"] == 4


class TestErrors:
    @pytest.mark.parametrize(
        ("start", "shown"), [("Y", "y"), ("B3", "3"), (" ", "' '"), ("ba na", "' '"), ("ß", "ß"), ("b\n", r"'\n'")]
    )
    def test_a_start_with_unknown_letters(self, model: Path, start: str, shown: str) -> None:
        line = DINO.refusal("--model", model, "--start", start, status=2)
        assert line == f"a name cannot start with {start!r}: unknown {shown}; choose from {LETTERS}"

    @pytest.mark.parametrize(
        ("option", "value", "said"),
        [
            ("--temperature", "-1", "-1 is not at least 0"),
            ("--temperature", "nan", "'nan' is not a finite number"),
            ("--temperature", "inf", "'inf' is not a finite number"),
            ("--temperature", "warm", "'warm' is not a number"),
            ("--count", "0", "0 is not in the range"),
            ("--count", "ten", "'ten' is not an integer"),
            ("--top-k", "0", "0 is not in the range"),
            ("--top-p", "0", "0 is not above 0"),
            ("--top-p", "1.1", "1.1 is not above 0 and at most 1"),
            ("--max-length", "0", "0 is not in the range"),
            ("--seed", "-1", "-1 is not in the range"),
        ],
    )
    def test_invalid_values(self, option: str, value: str, said: str) -> None:
        line = DINO.refusal(option, value, status=2)
        assert f"'{option}': {said}" in line

    def test_a_start_longer_than_the_maximum(self, model: Path) -> None:
        line = DINO.refusal("--model", model, "--start", "bara", "--max-length", 3, status=2)
        assert line == "'bara' is longer than the maximum length of 3"

    def test_no_new_names(self, model: Path) -> None:
        options = ("--novel", "--start", "bapelta", "--max-length", 7)
        line = DINO.refusal("--model", model, *options, status=1)
        assert line == "found only 0 of 1 new names; try a higher temperature"

    def test_novel_without_the_data(self, tmp_path: Path) -> None:
        model = train(DINO, tmp_path)
        (tmp_path / "names.txt").unlink()
        assert len(names("--model", model)) == 10
        line = DINO.refusal("--model", model, "--novel", status=1)
        said = f"no such file: {tmp_path / 'names.txt'}, the training data of the model; give it with --data FILE"
        assert line == said

    def test_data_without_novel(self, model: Path) -> None:
        assert "--data needs --novel" in DINO.refusal("--model", model, "--data", "names.txt", status=2)

    def test_an_option_before_a_command(self) -> None:
        line = DINO.refusal("--count", 3, "evaluate", status=2)
        assert line.startswith("--count has no effect before evaluate")

    def test_a_plugin_may_come_before_a_command(self) -> None:
        line = DINO.refusal("--plugin", "no.py", "evaluate", status=2)
        assert line == "plug-in 'no.py': no such file"

    def test_an_unknown_command(self) -> None:
        assert "no such command: 'novel'; did you mean" in DINO.refusal("novel", status=2)

    def test_a_network_of_the_other_program(self, tmp_path: Path) -> None:
        model = train(CHAR, tmp_path)
        line = DINO.refusal("--model", model, status=1)
        assert line == f"{model} was written by char-rnn, not by dino-gen"

    def test_files_that_are_not_checkpoints(self, tmp_path: Path) -> None:
        assert "no.h5" in DINO.refusal("--model", tmp_path / "no.h5", status=1)
        (tmp_path / "text.h5").write_text("Rex\n")
        assert "not a checkpoint" in DINO.refusal("--model", tmp_path / "text.h5", status=1)
