"""Workers on other machines: files reach them by content, and results are those of this process."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_runs
from toy_runs import FileSettings, data_of, size_of

from nn_core.cli.data_bundle import DataBundle, SourceFiles
from nn_core.cli.execution import Execution
from nn_core.cli.executors.worker import RemoteFunction, WorkerSetup, own_versions
from nn_core.cli.run_queue import NoRecord, compute
from nn_core.errors import NNError


def settings_of(**changes: Any) -> FileSettings:
    return FileSettings(**(toy_runs.settings_of().to_dict() | changes))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    return path


class TestBundles:
    def test_a_file_is_known_by_its_content(self, table: Path) -> None:
        copy = table.with_name("copy.csv")
        copy.write_bytes(table.read_bytes())
        first, second = (SourceFiles.of([settings_of(data=str(path))]) for path in (table, copy))
        assert first.content_hash == SourceFiles.of([settings_of(data=str(table))]).content_hash
        assert list(first.hashes.values()) == list(second.hashes.values())
        table.write_text("a,b\n1,3\n")
        assert SourceFiles.of([settings_of(data=str(table))]).hashes != first.hashes

    def test_a_folder_is_known_by_its_names_and_contents(self, tmp_path: Path) -> None:
        (tmp_path / "photos" / "a").mkdir(parents=True)
        (tmp_path / "photos" / "a" / "1.csv").write_text("one")
        (tmp_path / "photos" / "empty.csv").touch()
        name = str(tmp_path / "photos")
        before = SourceFiles.of([settings_of(data=name)])
        bundle = DataBundle.of(before)
        settings = bundle.relocated(settings_of(data=name, test="moons"), bundle.unpack(tmp_path))
        assert settings.data != name
        assert size_of(settings) == 3
        assert settings.test == "moons"
        (tmp_path / "photos" / "a" / "1.csv").rename(tmp_path / "photos" / "a" / "2.csv")
        assert SourceFiles.of([settings_of(data=name)]).hashes != before.hashes

    def test_names_of_data_sets_and_missing_files_are_left_alone(self, tmp_path: Path) -> None:
        sources = SourceFiles.of([settings_of(data="moons", test=str(tmp_path / "missing.csv"))])
        assert dict(sources.paths) == {}

    def test_it_is_unpacked_once(self, tmp_path: Path, table: Path) -> None:
        bundle = DataBundle.of(SourceFiles.of([settings_of(data=str(table))]))
        folder = bundle.unpack(tmp_path)
        marked = Path(bundle.relocated(settings_of(data=str(table)), folder).data or "")
        marked.write_text("here already")
        assert bundle.unpack(tmp_path) == folder
        assert marked.read_text() == "here already"
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([table.name, folder.name])


class TestWorkers:
    @pytest.fixture
    def there(self, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileSettings:
        monkeypatch.setattr("nn_core.cli.data_bundle.tempfile.tempdir", str(tmp_path))
        return settings_of(data=str(table))

    def test_a_run_reads_the_files_that_were_sent(self, there: FileSettings) -> None:
        sources = SourceFiles.of([there])
        WorkerSetup.of_this_process(sources)()
        Path(there.data or "").unlink()
        assert RemoteFunction(size_of, sources.content_hash)(there) == 8

    def test_other_versions_are_refused(self, there: FileSettings) -> None:
        versions = own_versions() | {"NumPy": "1.0"}
        with pytest.raises(NNError, match=rf"^a worker has NumPy {np.__version__}; expected nn-core"):
            RemoteFunction(size_of, "", versions)(there)


def python_environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A scheduler with two workers, each a process."""
    pytest.importorskip("distributed")
    words = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(
        [*words, "--no-dashboard"], stderr=subprocess.PIPE, text=True, env=python_environment()
    ) as process:
        address = next(
            line.split()[-1] for line in process.stderr or () if "Scheduler at:" in line and "tcp://" in line
        )
        threading.Thread(target=lambda: list(process.stderr or ()), daemon=True).start()
        words = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1"]
        options = ["--no-nanny", "--no-dashboard"]
        workers = [
            subprocess.Popen([*words, *options], stderr=subprocess.DEVNULL, env=python_environment()) for _ in range(2)
        ]
        try:
            yield address
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
            process.kill()


@pytest.mark.slow
class TestDask:
    def test_results_are_those_of_this_process(self, scheduler: str, table: Path) -> None:
        runs = [settings_of(data=str(table), seed=seed) for seed in range(5)]
        found = dict(compute(size_of, runs, Execution(scheduler=scheduler), NoRecord()))
        assert found == dict.fromkeys(runs, 8)

    def test_files_are_sent_once(self, scheduler: str, table: Path) -> None:
        runs = [settings_of(data=str(table), seed=seed) for seed in range(5)]
        places = {place for _, place in compute(data_of, runs, Execution(scheduler=scheduler), NoRecord())}
        assert len(places) == 1
        assert places != {str(table)}

    def test_an_error_in_a_run_is_the_same_error_here(self, scheduler: str, table: Path) -> None:
        with pytest.raises(NNError, match=r"no such file: seed3\.csv"):
            list(
                compute(
                    toy_runs.build_from_missing_data,
                    [settings_of(data=str(table))],
                    Execution(scheduler=scheduler),
                    NoRecord(),
                )
            )


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("nn_core.cli.executors.dask.TIMEOUT", 0.2)
    with pytest.raises(NNError, match=r"^no Dask scheduler at tcp://127\.0\.0\.1:9: "):
        list(compute(size_of, [settings_of()], Execution(scheduler="tcp://127.0.0.1:9"), NoRecord()))


def test_mpi_without_ranks_is_one_line() -> None:
    with pytest.raises(NNError, match=r"^--executor mpi needs ranks to compute: start it with mpiexec -n 3"):
        list(compute(size_of, [settings_of()], Execution(mpi=True), NoRecord()))


def test_replaced_settings_stay_settings(table: Path) -> None:
    assert replace(settings_of(data=str(table)), seed=9).named_files() == {"data": str(table)}
