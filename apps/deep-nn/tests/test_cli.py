"""The help of every command has an example, and the example runs."""

import inspect
import re
import shlex
from pathlib import Path

import click
import pytest
from command_line import PHOTOS, invoke, succeed, trained, write_cats
from PIL import Image

from deep_nn.cli import main
from nn_core.cli.download import RemoteDataset

NAMES = main.list_commands(click.Context(main))
EXAMPLE = re.compile(r"Example: (deep-nn .*)")


def help_of(*command: str) -> str:
    from click.testing import CliRunner

    result = CliRunner().invoke(main, [*command, "--help"], prog_name="deep-nn", terminal_width=500)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def command_of(name: str) -> click.Command:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return command


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


@pytest.mark.parametrize("name", NAMES)
def test_the_example_runs(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(dataset: RemoteDataset, to: Path | None, *, progress: bool) -> tuple[Path, ...]:
        return tuple(folder / file.name for file in dataset.files)

    monkeypatch.setattr("nn_core.cli.download.fetch", fetch)
    monkeypatch.chdir(folder)
    (example,) = EXAMPLE.findall(help_of(name))
    program, command, *arguments = shlex.split(example)
    assert (program, command) == ("deep-nn", name)
    if any(parameter.name == "epochs" for parameter in command_of(name).params):
        arguments += ["--epochs", "2"]
    result = invoke(command, *arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code == 0, result.stderr
    made = {word for word in arguments if Path(word).suffix in {".png", ".h5"}}
    assert all((folder / word).is_file() for word in made)


def test_the_help_of_the_program_has_an_example_of_a_real_command() -> None:
    (example,) = EXAMPLE.findall(help_of())
    assert shlex.split(example)[1] in NAMES


def test_without_a_command_the_help_is_shown() -> None:
    assert succeed().stdout == succeed("--help").stdout


def test_help_can_be_asked_for_with_one_letter() -> None:
    assert succeed("-h").stdout == succeed("--help").stdout
    assert succeed("train", "-h").stdout == succeed("train", "--help").stdout


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert version("deep-nn") in succeed("--version").stdout


def test_the_commands_are_those_promised() -> None:
    assert set(NAMES) == {
        "train",
        "evaluate",
        "predict",
        "summary",
        "boundary",
        "check-gradients",
        "export",
        "fetch",
        "datasets",
        *(
            f"compare-{what}"
            for what in (
                "optimizers",
                "initializers",
                "learning-rates",
                "batch-sizes",
                "dropout",
                "l2",
            )
        ),
    }


def test_fetch_says_what_can_be_fetched() -> None:
    assert "deep-nn fetch [OPTIONS] cats\n" in help_of("fetch")


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained(name: str) -> None:
    options = [p for p in command_of(name).params if isinstance(p, click.Option)]
    unexplained = [p.opts[0] for p in options if not p.help and p.name != "dtype"]
    assert unexplained == []


def test_help_is_given_before_anything_slow_is_imported() -> None:
    import subprocess
    import sys

    program = inspect.cleandoc(
        """
        import sys
        from deep_nn.cli import main
        try:
            main(["compare-optimizers", "--help"])
        finally:
            slow = {"matplotlib", "h5py", "pooch", "PIL", "tqdm"} & set(sys.modules)
            print(sorted(slow), file=sys.stderr)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stderr == "[]\n"


def test_commands_are_listed_with_the_first_sentence_of_their_help() -> None:
    listed = help_of().partition("Commands:\n")[2]
    for name in NAMES:
        sentence = command_of(name).get_short_help_str(500)
        assert re.search(f"^  {name} +{re.escape(sentence)}$", listed, re.MULTILINE)
