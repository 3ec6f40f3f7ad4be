"""`datasets`, `models` and `summary` of both programs."""

import shlex
from pathlib import Path

import pytest
from commands import CHAR, DINO, each_program, train

from char_rnn_dino.corpora import FIELD_NOTES, NAMES, bundled, locate
from nn_core.layers import CELLS
from nn_core.testing import CommandLine


@each_program
def test_the_bundled_data_has_a_name(program: CommandLine) -> None:
    (entry,) = program.json("datasets")
    assert entry["is_here"]
    corpus = NAMES if program == DINO else FIELD_NOTES
    assert locate(entry["spec"], corpus) == locate(None, corpus) == (bundled(corpus), corpus)
    assert program.succeed("datasets").stdout.splitlines()[-1].startswith("    Your own: --data")


def test_a_file_of_the_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dinosaurs").write_text("ra\nno\ntis\n", "utf-8")
    assert DINO.json("evaluate", "--data", "dinosaurs")["names"] == 3


@each_program
def test_models_lists_a_preset_per_cell_and_how_to_use_it(program: CommandLine) -> None:
    entries = program.json("models")
    assert [entry["name"] for entry in entries if entry["kind"] == "preset"] == list(CELLS)
    assert {entry["kind"] for entry in entries} == ({"preset", "shipped"} if program == DINO else {"preset"})
    commands = program.commands()
    for entry in entries[-3:]:
        (usage,) = entry["usage"]
        _, name, *arguments = shlex.split(usage)
        given = commands[name].make_context(name, arguments).params
        assert entry["settings"].items() <= given.items()


@each_program
def test_a_summary_has_layers_vocabulary_and_settings(program: CommandLine, tmp_path: Path) -> None:
    model = train(program, tmp_path)
    found = program.json("summary", "--model", model)
    assert (found["model"], found["settings"]["epochs"]) == ("model.h5", 2)
    lines = program.succeed("summary", "--model", model).stdout.splitlines()
    assert next(line for line in lines if line.startswith("vocabulary: "))
    assert "  hidden: 8" in lines
    assert f"{found['network']['parameters']:,}" in next(line for line in lines if line.startswith("total"))


def test_the_shipped_network_has_a_summary() -> None:
    found = DINO.json("summary")
    (shipped, *_) = DINO.json("models")
    assert found["network"]["parameters"] == shipped["parameters"]
    assert "--model" in CHAR.refusal("summary", status=2)
