"""The error boundary: whatever a command raises is one line on stderr and an exit status."""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nn_core.cli.app import App
from nn_core.cli.terminal import info
from nn_core.errors import (
    CheckpointError,
    DataError,
    DataWarning,
    DivergenceError,
    GradientError,
    NNError,
    SettingError,
    ShapeError,
)


def invoke(raised: BaseException | None, *arguments: str) -> Result:
    """A program with the commands `raise`, `say` and `leave`."""

    @click.group(cls=App)
    def main() -> None:
        pass

    @main.command("raise")
    @click.option("--size", type=int, default=1)
    def fail(size: int) -> None:
        if raised is not None:
            raise raised

    @main.command()
    def say() -> None:
        info("a remark")
        click.echo("the result")

    @main.command()
    @click.pass_context
    def leave(ctx: click.Context) -> None:
        ctx.exit(3)

    return CliRunner().invoke(main, arguments, prog_name="toy")


def one_line(result: Result) -> str:
    """What it said on stderr, after making sure that this is all it said."""
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (SettingError("epsilon must be positive"), 2, "epsilon must be positive"),
        (click.ClickException("no"), 1, "no"),
        (click.FileError("a.csv", "gone"), 1, "Could not open file 'a.csv': gone"),
        (NNError("no"), 1, "no"),
        (DataError("no such file: a.csv"), 1, "no such file: a.csv"),
        (ShapeError("(3,) is not (2,)"), 1, "(3,) is not (2,)"),
        (CheckpointError("damaged"), 1, "damaged"),
        (DivergenceError("the loss is nan"), 1, "the loss is nan"),
        (GradientError("wrong"), 1, "wrong"),
        (MemoryError("8 EiB"), 1, "out of memory: 8 EiB"),
        (OSError(28, "No space left on device", "a.png"), 1, "a.png: No space left on device"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (OSError("strange"), 1, "strange"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (DataError("two\nlines,\n\n and\ta tab"), 1, "two lines, and a tab"),
    ],
)
def test_an_error_is_one_line_and_a_status(error: BaseException, status: int, message: str) -> None:
    result = invoke(error, "raise")
    assert one_line(result) == message
    assert result.exit_code == status


def test_an_error_of_usage_points_to_the_help_of_its_command() -> None:
    result = invoke(None, "raise", "--size", "x")
    assert one_line(result).endswith("'x' is not a valid integer. (see toy raise --help)")
    assert result.exit_code == 2


def test_an_error_of_usage_without_a_context_has_no_help_to_point_to() -> None:
    result = invoke(click.UsageError("choose one"), "raise")
    assert "choose one" in one_line(result)
    assert result.exit_code == 2
    with pytest.raises(SystemExit) as caught:
        App(callback=lambda: None, invoke_without_command=True).main(["--none"])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("rase", "no such command: 'rase'; did you mean 'raise'?"),
        ("SAY", "use say"),
        ("quantum", "choose from leave, raise, say"),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest(given: str, words: str) -> None:
    result = invoke(None, given)
    assert words in one_line(result)
    assert result.exit_code == 2


def test_an_unknown_option_before_the_command_is_an_option() -> None:
    result = invoke(None, "--sise")
    assert "command" not in one_line(result)
    assert "--sise" in one_line(result)
    assert result.exit_code == 2


def test_a_fault_of_the_program_itself_is_not_hidden() -> None:
    assert isinstance(invoke(ZeroDivisionError(), "raise").exception, ZeroDivisionError)


def test_the_result_goes_to_stdout_and_remarks_to_stderr() -> None:
    result = invoke(None, "say")
    assert (result.stdout, result.stderr, result.exit_code) == ("the result\n", "a remark\n", 0)


def test_each_remark_on_the_data_is_one_note_on_stderr() -> None:
    @click.group(cls=App)
    def program() -> None:
        """A program."""

    @program.command()
    def read() -> None:
        """Read a file."""
        for text in ("a.csv: column\nid is a row number", "b.csv: no header", "b.csv: no header"):
            warnings.warn(text, DataWarning, stacklevel=2)
        click.echo("read")

    result = CliRunner().invoke(program, ["read"])
    assert result.stdout == "read\n"
    assert result.stderr == "Note: a.csv: column id is a row number\nNote: b.csv: no header\n"


def test_success_is_zero_and_a_command_may_choose_its_status() -> None:
    assert invoke(None, "raise").exit_code == 0
    assert invoke(None, "--help").exit_code == 0
    assert invoke(None, "leave").exit_code == 3


def test_without_standalone_mode_errors_are_left_to_the_caller() -> None:
    @click.group(cls=App)
    def main() -> None:
        pass

    @main.command()
    def fail() -> None:
        raise DataError("no")

    with pytest.raises(DataError, match="no"):
        main.main(["fail"], standalone_mode=False)


TRAIN = '''
import click
from nn_core.errors import no_such_name_so_that_importing_it_fails
@click.command()
def train() -> None:
    """Train a network. Then rest.

    More about it.
    """
'''
COMPARE = '''
"""Not this sentence."""
import click
def helper() -> None:
    """Nor this one."""
@click.command()
@click.option("--size", type=int)
def compare_sizes(size: int | None) -> None:
    """Compare sizes."""
    click.echo(f"size {size}")
'''
IMPORT = '''
import click
@click.command()
def import_command() -> None:
    """Import a network."""
    click.echo("imported")
'''
EXPORT = '''
"""Export a network.

Example: toy export
"""
import click
def factory() -> click.Command:
    @click.command("export")
    def command() -> None:
        click.echo("exported")
    return command
export = factory()
'''
BARE = '''
"""Only the module says what it is."""
import click
@click.command()
def bare() -> None:
    click.echo("""Not this.""")
'''
FILES = {
    "train.py": TRAIN,
    "compare_sizes.py": COMPARE,
    "import.py": IMPORT,
    "export.py": EXPORT,
    "bare.py": BARE,
    "_private.py": "",
    "__init__.py": "",
    "notes.txt": "",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a package with commands, of which `train` cannot be imported."""
    folder = tmp_path / "far_away"
    folder.mkdir()
    for name, source in FILES.items():
        (folder / name).write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "far_away"
    for name in [name for name in sys.modules if name.partition(".")[0] == "far_away"]:
        del sys.modules[name]


def listed(app: App) -> list[str]:
    """The lines of the help from `Commands:` on."""
    lines = CliRunner().invoke(app, ["--help"]).stdout.splitlines()
    return [line.strip() for line in lines[lines.index("Commands:") + 1 :]]


def test_commands_are_the_files_of_a_package_listed_without_importing_any(package: str) -> None:
    assert listed(App("toy", package)) == [
        "bare           Only the module says what it is.",
        "compare-sizes  Compare sizes.",
        "export         Export a network.",
        "import         Import a network.",
        "train          Train a network.",
    ]
    assert not any(name.startswith("far_away.") for name in sys.modules)


def test_the_order_of_the_list_can_be_given(package: str) -> None:
    app = App("toy", package, order=("train", "compare-sizes", "of-another-version"))

    @app.command()
    def here() -> None:
        """Registered in Python."""

    assert [line.split()[0] for line in listed(app)] == ["train", "compare-sizes", "bare", "export", "here", "import"]


def test_only_the_command_that_is_invoked_is_imported(package: str) -> None:
    app = App("toy", package)
    result = CliRunner().invoke(app, ["compare-sizes", "--size", "3"])
    assert (result.stdout, result.exit_code) == ("size 3\n", 0)
    assert [name for name in sys.modules if name.startswith("far_away.")] == ["far_away.compare_sizes"]
    assert CliRunner().invoke(app, ["import"]).stdout == "imported\n"
    assert CliRunner().invoke(app, ["export"]).stdout == "exported\n"
    assert "did you mean 'train'?" in one_line(CliRunner().invoke(app, ["trian"]))


def test_a_command_without_a_docstring_has_that_of_its_module(package: str) -> None:
    shown = CliRunner().invoke(App("toy", package), ["export", "-h"]).stdout
    assert "Export a network.\n\n  Example: toy export" in shown


def test_a_file_without_its_command_is_a_fault_of_the_program(package: str, tmp_path: Path) -> None:
    (tmp_path / "far_away" / "empty.py").write_text("empty = 1\n", encoding="utf-8")
    result = CliRunner().invoke(App("toy", package), ["empty"])
    assert isinstance(result.exception, TypeError)
    assert "empty.py defines no command empty or empty_command" in str(result.exception)


def test_a_package_that_is_not_there_is_a_fault_of_the_program() -> None:
    with pytest.raises(ModuleNotFoundError, match="nn_core\\.nowhere"):
        App("toy", "nn_core.nowhere")


def test_without_arguments_the_help_is_printed(package: str) -> None:
    result = CliRunner().invoke(App("toy", package), [])
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")
