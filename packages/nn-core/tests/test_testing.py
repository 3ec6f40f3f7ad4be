"""The helpers for tests of command lines, on a program of four commands."""

import signal
import time
from pathlib import Path

import click
import numpy as np
import pytest

from nn_core.cli.app import App
from nn_core.cli.terminal import echo_json, info, json_option
from nn_core.errors import DataError
from nn_core.testing import (
    CommandLine,
    assert_other_run,
    assert_same_run,
    contents,
    modules_loaded,
    numbers_in,
    strict_json,
    wait_for_line,
    write_hdf5,
)


@click.group(cls=App)
def main() -> None:
    """A program.

    \b
    Example: toy good
    """


@main.command()
@json_option
def good(as_json: bool) -> None:
    """Succeed.

    \b
    Example: toy good --json
    """
    info("wrote a.png")
    if as_json:
        echo_json({"loss": float("nan")})
    else:
        click.echo("done")


@main.command()
def chatty() -> None:
    info("something else")


@main.command()
def bad() -> None:
    info("epoch 1/2")
    raise DataError("no such file")


@main.command()
@click.option("--size")
def broken(size: str) -> None:
    """Break.

    \b
    Example: toy other
    """
    raise ZeroDivisionError


@click.command("broken")
@click.option("--size")
def half_explained(size: str) -> None:
    """Break.

    \b
    Example: toy broken
    """


TOY = CommandLine("toy", main, module="json.tool")


def test_success_prints_remarks_alone() -> None:
    assert TOY.succeed("good").stdout == "done\n"
    assert TOY.json("good") == {"loss": None}
    with pytest.raises(AssertionError, match="something else"):
        TOY.succeed("chatty")
    with pytest.raises(AssertionError, match="no such file"):
        TOY.succeed("bad")
    with pytest.raises(ZeroDivisionError):
        TOY.succeed("broken")


def test_a_refusal_is_one_line_of_a_status() -> None:
    assert TOY.refusal("bad", status=1) == "no such file"
    with pytest.raises(AssertionError, match="status 1"):
        TOY.refusal("bad", status=2)
    with pytest.raises(ZeroDivisionError):
        TOY.refusal("broken", status=1)
    with pytest.raises(AssertionError, match="something else"):
        TOY.refusal("chatty", status=1)


def test_help_is_checked() -> None:
    good_only = click.Group("toy", help=main.help, commands={"good": good})
    CommandLine("toy", good_only, module="").check_help()
    with pytest.raises(AssertionError, match="no help for --size"):
        CommandLine("toy", click.Group("toy", commands={"broken": half_explained}), "").check_help()
    two = click.Group("toy", help=main.help, commands={"broken": broken})
    with pytest.raises(AssertionError, match="the example of broken is of other"):
        CommandLine("toy", two, module="").check_help()
    assert TOY.example_of() == ["good"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_processes_are_started_waited_for_and_ended(tmp_path: Path) -> None:
    (tmp_path / "slow_program.py").write_text(
        "import sys, time\nprint('result')\nfor i in range(9):\n"
        "    print(f'epoch {i}/9', file=sys.stderr, flush=True)\n"
        "time.sleep(1)\nprint('x', file=sys.stderr)\n",
        encoding="utf-8",
    )
    slow = CommandLine("slow", main, module="slow_program")
    with slow.started(cwd=tmp_path) as process:
        wait_for_line(process, "epoch 5/")
        assert slow.end_of(process) == ("result\n", ["x"])
    with slow.started(cwd=tmp_path) as process, pytest.raises(AssertionError, match="it ended"):
        wait_for_line(process, "epoch 10/")
    began = time.monotonic()
    with TOY.started(cwd=tmp_path) as process:
        assert process.poll() is None or process.returncode != 0
    assert time.monotonic() - began < 30


def test_modules_that_a_program_loads() -> None:
    loaded = modules_loaded("import json\nraise SystemExit(0)")
    assert "json" in loaded
    assert "h5py" not in loaded


def test_strict_json_has_no_nan() -> None:
    assert strict_json('{"a": null}') == {"a": None}
    with pytest.raises(AssertionError, match="NaN is not JSON"):
        strict_json("[NaN]")


def test_runs_are_compared_bit_for_bit_but_for_their_times(tmp_path: Path) -> None:
    weights = np.array([0.1, 0.2], np.float32)
    one = write_hdf5(tmp_path / "a.h5", W=weights, step=[1], seconds=[1.0])
    same = write_hdf5(tmp_path / "b.h5", W=weights, step=[1], seconds=[2.0])
    other = write_hdf5(tmp_path / "c.h5", W=np.nextafter(weights, np.float32(1)))
    assert list(numbers_in(one)) == ["W"]
    assert_same_run(one, same)
    assert_other_run(one, other)
    with pytest.raises(AssertionError, match="the runs are the same"):
        assert_other_run(one, same)
    with pytest.raises(AssertionError, match="W"):
        assert_same_run(one, other)
    assert list(contents(tmp_path)) == [one, same, other]
