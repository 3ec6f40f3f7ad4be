"""The options that say where runs are computed."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nn_core.cli.execution import Execution, execution_options


@click.command()
@execution_options
def sweep(execution: Execution) -> None:
    execution.require_files("-")
    click.echo(repr(execution))


@click.command()
@execution_options
def show(execution: Execution) -> None:
    click.echo(f"{execution.workers} {execution.scheduler} {execution.mpi} {execution.journal} {execution.takes_turns}")


def shown(*words: str) -> str:
    result = CliRunner().invoke(show, words)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def refused(command: click.Command, *words: str) -> str:
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 2, result.output
    return result.output.rpartition("Error: ")[2].strip()


class TestOptions:
    def test_by_default_this_process_computes(self) -> None:
        assert shown() == "1 None False None True"

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("--workers 3", "3 None False None False"),
            ("--executor mpi", "1 None True None False"),
            ("--executor processes", "1 None False None True"),
            ("--scheduler tcp://10.0.0.1:8786", "1 tcp://10.0.0.1:8786 False None False"),
            ("--scheduler node1:8786", "1 tcp://node1:8786 False None False"),
            ("--scheduler tls://[::1]:8786", "1 tls://[::1]:8786 False None False"),
        ],
    )
    def test_each_says_who_else_does(self, words: str, expected: str) -> None:
        assert shown(*words.split()) == expected

    @pytest.mark.parametrize(
        "words", ["--workers 2 --executor mpi", "--workers 2 --scheduler a:1", "--executor mpi --scheduler a:1"]
    )
    def test_only_one_does(self, words: str) -> None:
        assert "are mutually exclusive" in refused(show, *words.split())

    @pytest.mark.parametrize("address", ["", "host", "host:", "host:0", "host:99999", "ftp://host:1", "tcp://a b:1"])
    def test_other_addresses_are_refused(self, address: str) -> None:
        assert "is not the address of a scheduler, such as tcp://host:8786" in refused(show, "--scheduler", address)

    @pytest.mark.parametrize("words", ["--workers 0", "--workers 1025", "--workers 1e3"])
    def test_numbers_out_of_range_are_refused(self, words: str) -> None:
        assert "--workers" in refused(show, *words.split())

    def test_a_journal_is_a_file(self, tmp_path: Path) -> None:
        assert shown("--journal", str(tmp_path / "a.jsonl")).endswith("a.jsonl False")
        assert "is a folder" in refused(show, "--journal", str(tmp_path))
        assert "no such folder" in refused(show, "--journal", str(tmp_path / "none" / "a.jsonl"))
        assert "'-' is no file" in refused(show, "--journal", "-")


class TestStandardInput:
    @pytest.mark.parametrize("words", ["--workers 2", "--scheduler a:1", "--executor mpi"])
    def test_other_processes_cannot_read_it(self, words: str) -> None:
        assert "omit --workers, --scheduler and --executor, or give a file" in refused(sweep, *words.split())

    def test_nor_can_a_continued_sweep(self, tmp_path: Path) -> None:
        assert "omit --journal, or give a file" in refused(sweep, "--journal", str(tmp_path / "a.jsonl"))
