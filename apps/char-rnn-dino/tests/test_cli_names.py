"""`dino-gen` without a command: names, with every option, and what it refuses."""

import re

import pytest
from commands import DINO, NAMES, json_of, refusal, succeed, trained_on_names, trained_on_text

NAME = re.compile(r"[A-Z][a-z]{0,39}")
KNOWN = {name.capitalize() for name in NAMES}
LETTERS = "a b d e i k l m n o p r s t u v x"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A network that has learned forty names well, so that it often repeats them."""
    settings = ("--epochs", 60, "--hidden", 24, "--learning-rate", 0.02)
    return trained_on_names(tmp_path_factory.mktemp("names"), *settings)


def names(*arguments):
    return succeed(DINO, *arguments).stdout.splitlines()


class TestShipped:
    def test_alone_it_prints_ten_names(self):
        made = names()
        assert len(made) == 10
        assert all(NAME.fullmatch(name) for name in made)

    def test_one_name_for_a_start(self):
        (name,) = names("--start", "Y")
        assert NAME.fullmatch(name)
        assert name.startswith("Y")

    def test_a_seed_prints_the_same(self):
        assert names("--seed", 3) == names("--seed", 3) != names("--seed", 4)

    def test_many(self):
        made = names("--count", 2000, "--novel", "--seed", 0)
        assert len(made) == 2000
        assert len(set(made)) > 1800


class TestOptions:
    def test_the_list_is_learned(self, model):
        made = names("--model", model, "--count", 200, "--seed", 0)
        assert len(set(made) & KNOWN) > 10

    def test_novel_is_never_a_name_of_the_list(self, model):
        made = names("--model", model, "--count", 200, "--seed", 0, "--novel")
        assert len(made) == 200
        assert set(made).isdisjoint(KNOWN)

    @pytest.mark.parametrize("start", ["k", "K", "Lu", "LURA", "bapeltapelta"])
    def test_every_name_begins_with_the_start_in_small_letters(self, model, start):
        made = names("--model", model, "--start", start, "--count", 20, "--seed", 0)
        assert len(made) == 20
        assert all(name.startswith(start.capitalize()) for name in made)
        assert all(NAME.fullmatch(name) for name in made)

    def test_an_empty_start_is_none(self, model):
        asked = ("--model", model, "--seed", 0)
        assert names(*asked, "--start", "") == names(*asked)

    def test_temperature_0_is_the_likeliest_name(self, model):
        asked = ("--model", model, "--temperature", 0, "--count", 3)
        (greedy,) = set(names(*asked, "--seed", 0) + names(*asked, "--seed", 1))
        assert {greedy} == set(names("--model", model, "--top-k", 1, "--count", 3))
        assert {greedy} == set(names("--model", model, "--temperature", 1e-9, "--count", 3))

    def test_hotter_is_wilder(self, model):
        asked = ("--model", model, "--count", 200, "--seed", 0, "--temperature")
        known = [len([n for n in names(*asked, t) if n in KNOWN]) for t in (0.3, 1.0, 3.0)]
        assert known[0] > known[1] > known[2]

    def test_among_the_likeliest_only(self, model):
        asked = ("--model", model, "--count", 300, "--seed", 0, "--temperature", 2)
        few = {len({name[0] for name in names(*asked, *most)}) for most in [("--top-k", 2)]}
        assert few == {2}
        assert len(set(names(*asked, "--top-p", 0.3))) < len(set(names(*asked)))

    @pytest.mark.parametrize("most", [1, 3])
    def test_no_name_is_longer_than_it_may_be(self, model, most):
        asked = ("--model", model, "--count", 50, "--max-length", most)
        assert max(map(len, names(*asked))) == most

    def test_for_machines(self, model):
        asked = ("--model", model, "--count", 5, "--seed", 0)
        assert json_of(DINO, *asked) == names(*asked)


class TestRefusals:
    @pytest.mark.parametrize(
        ("start", "shown"),
        [("Y", "y"), ("B3", "3"), (" ", "' '"), ("ba na", "' '"), ("ß", "ß"), ("b\n", r"'\n'")],
    )
    def test_a_start_that_is_none(self, model, start, shown):
        line = refusal(DINO, "--model", model, "--start", start, status=2)
        assert line == f"a name cannot begin with {start!r}: {shown} is not among {LETTERS}"

    @pytest.mark.parametrize(
        ("option", "value", "said"),
        [
            ("--temperature", "-1", "-1 is not at least 0"),
            ("--temperature", "nan", "'nan' is not a finite number"),
            ("--temperature", "inf", "'inf' is not a finite number"),
            ("--temperature", "warm", "'warm' is not a number"),
            ("--count", "0", "0 is not in the range"),
            ("--count", "ten", "'ten' is not a valid integer"),
            ("--top-k", "0", "0 is not in the range"),
            ("--top-p", "0", "0 is not above 0"),
            ("--top-p", "1.1", "1.1 is not above 0 and at most 1"),
            ("--max-length", "0", "0 is not in the range"),
            ("--seed", "-1", "-1 is not in the range"),
        ],
    )
    def test_a_value_that_makes_no_sense(self, option, value, said):
        line = refusal(DINO, option, value, status=2)
        assert f"'{option}': {said}" in line

    def test_a_start_longer_than_a_name_may_be(self, model):
        line = refusal(DINO, "--model", model, "--start", "bara", "--max-length", 3, status=2)
        assert line == "'bara' is longer than 3 letters, the most of a name"

    def test_nothing_new_to_be_had(self, model):
        options = ("--novel", "--start", "bapelta", "--max-length", 7)
        line = refusal(DINO, "--model", model, *options, status=1)
        assert line == "only 0 of 1 names were new; a higher temperature helps"

    def test_novel_without_the_list(self, tmp_path):
        model = trained_on_names(tmp_path)
        (tmp_path / "names.txt").unlink()
        assert len(names("--model", model)) == 10
        line = refusal(DINO, "--model", model, "--novel", status=1)
        assert line == f"no such file: {tmp_path / 'names.txt'}"

    def test_an_option_before_a_command(self):
        line = refusal(DINO, "--count", 3, "evaluate", status=2)
        assert line.startswith("--count before evaluate would do nothing")

    def test_no_such_command(self):
        assert "no such command: 'novel'; did you mean" in refusal(DINO, "novel", status=2)

    def test_a_network_of_the_other_program(self, tmp_path):
        model = trained_on_text(tmp_path)
        line = refusal(DINO, "--model", model, status=1)
        assert line == f"{model} was written by char-rnn, not by dino-gen"

    def test_no_network(self, tmp_path):
        assert "no.h5" in refusal(DINO, "--model", tmp_path / "no.h5", status=1)
        (tmp_path / "text.h5").write_text("Rex\n")
        assert "is not a checkpoint" in refusal(DINO, "--model", tmp_path / "text.h5", status=1)
