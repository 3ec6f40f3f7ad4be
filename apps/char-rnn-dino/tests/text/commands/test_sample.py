"""`char-rnn sample`."""

from pathlib import Path

import pytest
from commands import CHAR, CORPUS, corpus_file, train


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(CHAR, tmp_path_factory.mktemp("text"))


def test_the_prompt_comes_first_and_once(model: Path) -> None:
    asked = ("sample", "--model", model, "--start", "Day 9.", "--length", 50, "--seed", 0)
    said = CHAR.succeed(*asked).stdout
    assert said.startswith("Day 9.")
    assert len(said) == len("Day 9.") + 50 + 1
    assert CHAR.json(*asked) == {"start": "Day 9.", "text": said[6:-1]}


def test_a_seed_generates_the_same(model: Path) -> None:
    one, again, other = (CHAR.succeed("sample", "--model", model, "--seed", seed).stdout for seed in (1, 1, 2))
    assert one == again != other
    assert len(one) == 501


def test_temperature_0_is_greedy(model: Path) -> None:
    asked = ("sample", "--model", model, "--length", 40)
    greedy = CHAR.succeed(*asked, "--temperature", 0).stdout
    assert CHAR.succeed(*asked, "--temperature", 1e-7).stdout == greedy
    assert CHAR.succeed(*asked, "--top-k", 1).stdout == greedy
    assert CHAR.succeed(*asked, "--top-p", 1e-9).stdout == greedy


def test_unit_and_lowercase_are_in_the_checkpoint(tmp_path: Path) -> None:
    model = train(CHAR, tmp_path, "--unit", "word", "--lowercase")
    asked = ("--model", model, "--start", "The RIVER", "--length", 60, "--seed", 0)
    text = CHAR.succeed("sample", *asked).stdout
    assert text.startswith("The RIVER")
    assert text[9:] == text[9:].lower()
    assert "<unknown>" not in text


def test_a_prompt_with_unknown_characters(model: Path) -> None:
    line = CHAR.refusal("sample", "--model", model, "--start", "Day Ω", status=2)
    said = "the prompt 'Day Ω' has characters that are not in the model's vocabulary: Ω; it has"
    assert line.startswith(said)


def test_a_prompt_with_other_line_endings_and_forms(tmp_path: Path) -> None:
    corpus_file(tmp_path / "corpus.txt", CORPUS.replace("low", "lów"))
    model = train(CHAR, tmp_path)
    asked = ("sample", "--model", model, "--length", 9, "--seed", 0)
    expected = CHAR.json(*asked, "--start", "is lów.\nDay")["text"]
    for prime in ("is lów.\r\nDay", "is lów.\rDay", "is lo\u0301w.\nDay"):
        assert CHAR.json(*asked, "--start", prime)["text"] == expected


@pytest.mark.parametrize(
    ("option", "value"), [("--length", "0"), ("--temperature", "-1"), ("--temperature", "nan"), ("--top-k", "0")]
)
def test_invalid_values(option: str, value: str) -> None:
    assert f"'{option}'" in CHAR.refusal("sample", "--model", "m.h5", option, value, status=2)


def test_prime_is_another_spelling_of_start(tmp_path: Path) -> None:
    asked = ("sample", "--model", train(CHAR, tmp_path), "--length", 20, "--seed", 0)
    assert CHAR.json(*asked, "--prime", "Day") == CHAR.json(*asked, "--start", "Day")
    assert "--prime" not in CHAR.help_of("sample")
