"""Training settings from a TOML file and from the environment."""

from pathlib import Path

import pytest
from command_line import json_of, refusal, succeed

from deep_nn.model import load_model


def written(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text)
    return path


def test_a_file_and_the_environment_count_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, '[train]\nlearning-rate = 0.02\nepochs = 2\nhidden = [4, 3]\ndata = "moons:points=40"\n')
    monkeypatch.setenv("DEEP_NN_TRAIN_L2", "0.5")
    succeed("train", "--config", path, "--epochs", 1, "--save", tmp_path / "m.h5")
    settings = load_model(tmp_path / "m.h5").settings
    assert (settings.learning_rate, settings.epochs, settings.hidden, settings.l2) == (0.02, 1, "4,3", 0.5)


def test_a_learning_rate_of_the_optimizer_wins_over_one_from_further_away(tmp_path: Path) -> None:
    path = written(tmp_path, "[train]\nlearning-rate = 0.02\nepochs = 1\n")
    for spec, rate in (("momentum:learning_rate=0.3", None), ("momentum", 0.02)):
        succeed("train", "--config", path, "--optimizer", spec, "--save", tmp_path / "m.h5")
        assert load_model(tmp_path / "m.h5").settings.learning_rate == rate


def test_a_run_to_resume_keeps_its_settings_whatever_the_file_says(tmp_path: Path) -> None:
    model = tmp_path / "m.h5"
    short = ("train", "--data", "moons:points=40", "--hidden", 4)
    succeed(*short, "--epochs", 1, "--save", model)
    path = written(tmp_path, '[train]\nhidden = 8\nlearning-rate = 0.5\ndata = "circles"\nepochs = 9\n')
    assert json_of("train", "--config", path, "--resume", model, "--epochs", 2)["epochs"] == 2
    assert load_model(model).settings.learning_rate is None
    assert "--hidden is 4" in refusal("train", "--config", path, "--resume", model, "--hidden", 8, status=2)


def test_a_run_that_starts_from_a_model_takes_all_but_the_network_from_the_file(tmp_path: Path) -> None:
    first, second = tmp_path / "a.h5", tmp_path / "b.h5"
    succeed("train", "--data", "moons:points=40", "--hidden", 4, "--epochs", 1, "--save", first)
    path = written(tmp_path, "[train]\nhidden = 8\nl2 = 0.25\n")
    succeed("train", "--config", path, "--from", first, "--save", second)
    settings = load_model(second).settings
    assert (settings.hidden, settings.l2, settings.data) == ("4", 0.25, "moons:points=40")
    assert "--hidden is 4" in refusal("train", "--from", first, "--hidden", 8, status=2)


def test_the_choice_of_the_validation_set_on_the_command_line_wins(tmp_path: Path) -> None:
    short = ("--data", "moons:points=40", "--epochs", 1)
    path = written(tmp_path, '[train]\nfold = "1/2"\n')
    assert json_of("train", "--config", path, *short)["examples"]["validation"] == 20
    assert json_of("train", "--config", path, *short, "--validation", 0.25)["examples"]["validation"] == 10
    path = written(tmp_path, "[train]\nvalidation = 0.25\n")
    assert json_of("train", "--config", path, *short, "--fold", "1/2")["examples"]["validation"] == 20
    path = written(tmp_path, '[train]\nvalidation = 0.25\nfold = "1/2"\n')
    assert "mutually exclusive" in refusal("train", "--config", path, *short, status=2)


PAGE = Path(__file__).parents[4] / "docs" / "command-line.md"


@pytest.mark.skipif(not PAGE.exists(), reason="not in the workspace")
def test_the_file_in_the_documentation(tmp_path: Path) -> None:
    path = written(tmp_path, PAGE.read_text("utf-8").partition("```toml\n")[2].partition("```")[0])
    succeed("train", "--config", path, "--epochs", 1, "--save", tmp_path / "m.h5")
    settings = load_model(tmp_path / "m.h5").settings
    assert (settings.data, settings.hidden, settings.learning_rate) == ("spirals", "32,32", 0.01)
    row = tmp_path / "row.csv"
    row.write_text("0.1,0.2\n")
    assert succeed("predict", "--config", path, "--model", tmp_path / "m.h5", row).stdout.count("%") > 1
