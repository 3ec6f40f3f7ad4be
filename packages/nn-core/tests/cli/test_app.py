"""The error boundary: whatever a command raises is one line on stderr and an exit status."""

import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nn_core.cli.app import Commands, Program, echo_json, info
from nn_core.errors import (
    CheckpointError,
    DataError,
    DivergenceError,
    GradientError,
    NNError,
    SettingError,
    ShapeError,
)


def invoke(raised: BaseException | None, *arguments: str) -> Result:
    """A program with the commands `raise`, `say` and `leave`."""

    @click.group(cls=Program)
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
        (KeyboardInterrupt(), 1, "interrupted"),
        (click.Abort(), 1, "interrupted"),
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
        Program(callback=lambda: None, invoke_without_command=True).main(["--none"])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("rase", "no such command: 'rase'; did you mean 'raise'?"),
        ("SAY", "did you mean 'say'?"),
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


def test_success_is_zero_and_a_command_may_choose_its_status() -> None:
    assert invoke(None, "raise").exit_code == 0
    assert invoke(None, "--help").exit_code == 0
    assert invoke(None, "leave").exit_code == 3


def test_without_standalone_mode_errors_are_left_to_the_caller() -> None:
    @click.group(cls=Program)
    def main() -> None:
        pass

    @main.command()
    def fail() -> None:
        raise DataError("no")

    with pytest.raises(DataError, match="no"):
        main.main(["fail"], standalone_mode=False)


def test_json_is_one_line_and_strict(capsys: pytest.CaptureFixture[str]) -> None:
    echo_json({"loss": 0.5, "classes": ["a", "b"]})
    assert capsys.readouterr().out == '{"loss": 0.5, "classes": ["a", "b"]}\n'
    with pytest.raises(ValueError, match="JSON compliant"):
        echo_json({"loss": float("nan")})


def test_a_list_of_commands_imports_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "far_away"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "doing.py").write_text(
        "import click\n"
        "@click.command()\n"
        "def do() -> None:\n"
        "    'Do it well. And then rest.'\n"
        "    click.echo('done')\n"
        "COMMANDS = {'do': do}\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    commands = Commands("far_away", {"doing": {"do": "Do it well."}, "gone": {"go": "Go."}})
    main = Program("main", commands=commands)
    listed = CliRunner().invoke(main, ["--help"]).stdout
    assert listed.splitlines()[-2:] == ["  do  Do it well.", "  go  Go."]
    assert "far_away.doing" not in sys.modules
    try:
        assert CliRunner().invoke(main, ["do"]).stdout == "done\n"
        del commands["go"]
        with_do = CliRunner().invoke(main, ["--help"]).stdout
        assert with_do.splitlines()[-1] == "  do  Do it well."
    finally:
        for name in ("far_away", "far_away.doing"):
            sys.modules.pop(name, None)
