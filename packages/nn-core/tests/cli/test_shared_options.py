"""Options that commands share: the limit of memory."""

import click
import pytest
from click.testing import CliRunner, Result

from nn_core.cli.app import App
from nn_core.cli.executors.local import LocalProcesses
from nn_core.cli.executors.worker import WorkerSetup
from nn_core.cli.shared_options import MemorySize
from nn_core.memory import chosen_memory_limit, require_memory, set_memory_limit


@click.group(cls=App)
def main() -> None:
    pass


@main.command()
@click.option("--data")
def read(data: str) -> None:
    require_memory(10_000, "the table")
    click.echo(chosen_memory_limit() or "no limit")


@main.command()
@click.option("--json", is_flag=True)
def datasets(json: bool) -> None:
    pass


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="toy")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2 * 10**9),
        ("500 MB", 500 * 10**6),
        ("1.5GiB", 1_610_612_736),
        ("12345", 12345),
        ("64k", 64_000),
        ("1 tb", 10**12),
        ("100b", 100),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert MemorySize().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "lots", "-1GB", "0", "1e9", "2 PB", "GB", "0.1", "1" * 30])
def test_other_sizes_are_refused(text: str) -> None:
    result = run("read", "--max-memory", text)
    assert result.exit_code == 2
    assert "is not a size such as 2GB or 500MB" in result.stderr


def test_the_limit_holds_for_one_command() -> None:
    result = run("read", "--max-memory", "9kB")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: the table needs 10 kB of memory; the limit is 9 kB (--max-memory)\n",
    )
    assert chosen_memory_limit() is None
    assert run("read", "--max-memory", "10kB").stdout == "10000\n"
    assert run("read").stdout == "no limit\n"


def test_only_commands_that_read_have_it() -> None:
    assert "--max-memory SIZE" in run("read", "--help").stdout
    assert "--max-memory" not in run("datasets", "--help").stdout


def limit_there(_: int) -> int | None:
    return chosen_memory_limit()


@pytest.mark.slow
def test_workers_have_the_limit_of_their_parent() -> None:
    set_memory_limit(12345)
    try:
        with LocalProcesses(2, WorkerSetup.of_this_process()) as workers:
            limits = [workers.submit(limit_there, i) for i in range(2)]
            assert [limit.result() for limit in limits] == [12345, 12345]
    finally:
        set_memory_limit(None)
