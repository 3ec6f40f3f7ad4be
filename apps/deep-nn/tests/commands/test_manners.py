"""What every command does alike: --quiet, --verbose, --force, and output in any encoding."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import invoke, json_of, refusal, succeed

SHORT = ("--epochs", 2)


@pytest.mark.parametrize("arguments", [("-q", "train", *SHORT), ("train", *SHORT, "--quiet")])
def test_quiet_leaves_the_result(arguments: tuple[object, ...]) -> None:
    result = succeed(*arguments)
    assert "2 epochs" in result.stdout
    assert result.stderr == ""


def test_quiet_leaves_errors() -> None:
    assert "no such file" in refusal("-q", "train", "--data", "none.csv", status=1)


@pytest.mark.parametrize("arguments", [("-v", "train", "--epochs", 30), ("train", "--epochs", 30, "--verbose")])
def test_verbose_says_every_epoch_and_where_time_went(arguments: tuple[object, ...]) -> None:
    lines = invoke(*arguments).stderr.splitlines()
    assert sum(line.startswith("epoch ") for line in lines) == 30
    assert " s: " in lines[-1]
    assert "training" in lines[-1]


def test_quiet_and_verbose() -> None:
    assert "mutually exclusive" in refusal("-q", "train", "-v", *SHORT, status=2)


@pytest.mark.parametrize(
    ("option", "name", "kind"),
    [
        ("--save", "notes.txt", "a checkpoint"),
        ("--log", "notes.txt", "a training log"),
        ("--figure", "notes.png", "a figure of these programs"),
    ],
)
def test_files_of_other_kinds_are_kept_without_force(tmp_path: Path, option: str, name: str, kind: str) -> None:
    path = tmp_path / name
    path.write_text("my notes", "utf-8")
    line = refusal("train", *SHORT, option, path, status=2)
    assert f"exists and is not {kind}; use --force to replace it" in line
    assert path.read_text("utf-8") == "my notes"
    for force in (("--force",), ()):  # then it is of the same kind
        succeed("train", *SHORT, option, path, *force)
    path.write_bytes(b"")
    succeed("train", *SHORT, option, path)


def test_the_seconds_of_all_the_work() -> None:
    result = json_of("train", *SHORT)
    assert result["total_seconds"] > result["seconds"]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_characters_that_the_encoding_lacks_are_escaped(tmp_path: Path, encoding: str) -> None:
    data = tmp_path / "花.csv"
    data.write_text("x,label\n" + "0,蔷薇\n1,百合\n" * 20, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "deep_nn", "train", "--data", str(data), "--epochs", "1"],
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert rb"\u8537\u8587" in done.stdout
