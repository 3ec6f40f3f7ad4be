"""The program: its commands, its help, and the examples in it."""

from importlib.metadata import version
from pathlib import Path

import pytest
from command_line import PHOTOS, PROGRAM, invoke, succeed, trained, write_cats
from PIL import Image

from nn_core.cli.download import RemoteDataset
from nn_core.testing import modules_loaded

SWEPT = ("optimizers", "initializers", "learning-rates", "batch-sizes", "dropout", "l2", "hidden", "activations")
NAMES = {
    *(f"compare-{setting}" for setting in SWEPT),
    *("train", "evaluate", "predict", "models", "summary", "boundary", "activation-histograms"),
    *("check-gradients", "datasets", "fetch", "export", "sweep"),
}


def test_the_commands() -> None:
    assert set(PROGRAM.commands()) == NAMES


def test_help_lists_explains_and_has_examples() -> None:
    PROGRAM.check_help()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the examples use."""
    folder = tmp_path_factory.mktemp("examples")
    photos = write_cats(folder / "train_catvnoncat.h5", "train")
    write_cats(folder / "test_catvnoncat.h5", "test")
    trained(folder / "cats.h5", "--data", photos)
    trained(folder / "moons.h5")
    trained(folder / "model.h5")
    Image.fromarray(PHOTOS[0]).save(folder / "photo.jpg")
    return folder


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_example_runs(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(dataset: RemoteDataset, to: Path | None, *, progress: bool) -> tuple[Path, ...]:
        return tuple(folder / file.name for file in dataset.files)

    monkeypatch.setattr("nn_core.cli.download.fetch", fetch)
    monkeypatch.chdir(folder)
    command, *arguments = PROGRAM.example_of(name)
    if any(parameter.name == "epochs" for parameter in PROGRAM.commands()[name].params):
        arguments += ["--epochs", "2"]
    if name.startswith("compare-"):
        arguments += ["--seeds", "1", "--size", "4x3"]
    result = invoke(command, *arguments)
    assert result.exit_code == 0, result.stderr
    written = {word for word in arguments if Path(word).suffix in {".png", ".h5"}}
    assert all((folder / word).is_file() for word in written)


def test_without_a_command_the_help_is_shown() -> None:
    assert succeed().stdout == succeed("-h").stdout == succeed("--help").stdout
    assert succeed("train", "-h").stdout == succeed("train", "--help").stdout


def test_the_version_is_that_of_the_package() -> None:
    assert version("deep-nn") in succeed("--version").stdout


def test_fetch_says_what_can_be_fetched() -> None:
    assert "deep-nn fetch [OPTIONS] cats\n" in PROGRAM.help_of("fetch")


def test_help_loads_nothing_slow() -> None:
    program = "from deep_nn.cli import main\nmain(['compare-optimizers', '--help'])"
    slow = {"matplotlib", "h5py", "pooch", "PIL", "tqdm"}
    assert modules_loaded(program) & slow == set()
