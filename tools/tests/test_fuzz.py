"""The fuzzer sees what it claims to see, and its files are valid before it changes them."""

import os
import signal
import warnings
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fuzz import child, fork_server, programs
from fuzz.cases import MUTATORS, Case, format_of, make_case
from fuzz.fork_server import ForkServer
from fuzz.mutant import Bait, Mutant
from fuzz.mutators.checkpoints import SEAL, mutate_checkpoint, sealed
from fuzz.readers import READERS
from fuzz.seeds import Seed, make_seeds
from fuzz.summary import Summary
from fuzz.workers import Result

SEED = Seed("csv", "a.csv", {"a.csv": b"1"}, ("job",), ())
CASE = Case(0, SEED, Mutant(b"1", "unchanged"), "job")


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Seed]:
    programs.preload(tmp_path_factory.mktemp("scratch"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_seeds(tmp_path_factory.mktemp("seeds"))


@pytest.fixture
def server(tmp_path: Path) -> ForkServer:
    return ForkServer(tmp_path)


@pytest.fixture
def kind_of(server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The kind of the failure of a reader; None if it did not fail."""

    def run(reader: Any, content: bytes = b"1") -> str | None:
        monkeypatch.setitem(READERS, "job", reader)
        failure = server.check(replace(CASE, mutant=Mutant(content, "changed")))[1]
        return None if failure is None else failure.kind

    return run


def test_valid_files_are_read_by_every_reader_and_command(seeds: list[Seed], server: ForkServer) -> None:
    for seed in seeds:
        valid = Mutant(seed.files[seed.target], "unchanged")
        for job in dict.fromkeys((*seed.readers, *seed.commands)):
            outcome, failure = server.check(Case(0, seed, valid, job))
            assert (outcome.status, failure) == (0, None), f"{seed.name}, {job}: {outcome.stderr}"


def test_every_format_has_a_file(seeds: list[Seed]) -> None:
    assert {seed.format for seed in seeds} == set(MUTATORS)


def test_a_number_stands_for_the_same_case(seeds: list[Seed], server: ForkServer) -> None:
    for number in range(60):
        case, again = (make_case(number, seeds, server.bait) for _ in range(2))
        assert case == again
        assert case.seed.format == format_of(number)


def test_another_chance_makes_other_cases(seeds: list[Seed], server: ForkServer) -> None:
    cases = [(make_case(number, seeds, server.bait), make_case(number, seeds, server.bait, 1)) for number in range(20)]
    assert any(one.mutant != other.mutant for one, other in cases)


def test_half_of_the_checkpoints_pass_the_checksum(seeds: list[Seed], tmp_path: Path) -> None:
    content = next(seed.files["moons.h5"] for seed in seeds if seed.target == "moons.h5")
    made = [mutate_checkpoint(content, Random(i), Bait(tmp_path)).content for i in range(200)]
    assert 70 <= sum(sealed(each.rpartition(SEAL)[0]) == each for each in made) <= 130


def test_a_refusal_is_no_failure(kind_of: Any) -> None:
    from nn_core.errors import DataError

    def refuse(path: Path) -> None:
        raise DataError("wrong")

    assert kind_of(refuse) is None
    assert kind_of(lambda path: path.read_bytes()) is None


def test_an_exception_is_seen(kind_of: Any) -> None:
    assert kind_of(lambda path: int("a")) == "traceback"


def test_a_signal_is_seen(kind_of: Any) -> None:
    assert kind_of(lambda path: os.kill(os.getpid(), signal.SIGSEGV)) == "signal"


def test_a_reader_that_waits_is_stopped(kind_of: Any, server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_server, "SECONDS", 0.2)
    assert kind_of(lambda path: os.open(server.bait.folder / "pipe", os.O_RDONLY)) == "time"


def test_memory_is_seen(kind_of: Any) -> None:
    def read(path: Path) -> None:
        bytearray(b"a") * (100_000_000 if path.read_bytes() == b"2" else 1)

    assert kind_of(read, b"2") == "memory"
    assert kind_of(read) is None


def test_a_file_that_python_opens_is_seen(kind_of: Any) -> None:
    assert kind_of(lambda path: Path("/etc/hostname").read_bytes()) == "opened"


def test_a_file_that_hdf5_opens_is_seen(kind_of: Any, server: ForkServer) -> None:
    import h5py

    assert kind_of(lambda path: h5py.File(server.bait.folder / "secret.h5")) == "opened"


def test_a_file_beside_the_case_is_seen(kind_of: Any) -> None:
    assert kind_of(lambda path: os.mkdir("../made")) == "opened"  # noqa: PTH102


def test_a_program_that_is_started_is_seen(kind_of: Any) -> None:
    assert kind_of(lambda path: os.system("true")) == "opened"


@pytest.mark.parametrize("text", ["\x1b[31m", "a" * 3000, "Error: a\nError: b"])
def test_output_is_seen(kind_of: Any, text: str) -> None:
    assert kind_of(lambda path: os.write(2, text.encode())) == "output"


def test_an_exit_status_is_seen(monkeypatch: pytest.MonkeyPatch, server: ForkServer) -> None:
    monkeypatch.setattr(child, "run", lambda job: 3)
    failure = server.check(replace(CASE, job="a command"))[1]
    assert failure is not None
    assert failure.kind == "status"


def test_a_failure_in_a_batch_is_that_of_its_case(server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(READERS, "job", lambda path: path.read_bytes())
    monkeypatch.setitem(READERS, "dies", lambda path: os.kill(os.getpid(), signal.SIGSEGV))
    monkeypatch.setitem(READERS, "raises", lambda path: int("a"))
    jobs = ["job", "dies", "job", "raises", "job"]
    found = [failure and failure.kind for _, _, failure in server.check_all(replace(CASE, job=job) for job in jobs)]
    assert found == [None, "signal", None, "traceback", None]


def test_the_summary_has_each_cause_once_with_a_case_to_repeat() -> None:
    summary = Summary()
    for number, kind in enumerate(["", "signal", "signal"]):
        summary.add(Result(number, "csv", 0, 0.1, 0, kind, kind and "signal 11"))
    assert "csv" in summary.table(1.0)
    assert "2  signal 11  (--case 1)" in summary.table(1.0)
