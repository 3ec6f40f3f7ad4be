"""Journals: whole lines only, one process at a time, claims that end with their process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nn_core.errors import DataError
from nn_core.storage.journal import Journal

SCHEMA = {"loss": float}
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="there are no locks")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.jsonl"


def in_another_process(path: Path, words: str) -> str:
    """What an expression of `journal` is in another process that uses the same file."""
    program = f"""
from pathlib import Path
from nn_core.storage.journal import Journal
with Journal(Path({str(path)!r}), {{"loss": float}}) as journal:
    result = {words}
import os
os.write(1, repr(result).encode())
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    return done.stdout


class TestRecords:
    def test_what_is_appended_is_there_for_the_next(self, path: Path) -> None:
        with Journal(path, SCHEMA) as journal:
            journal.append("a", {"loss": 0.5})
            journal.append("b", {"loss": 1e-300})
        with Journal(path, SCHEMA) as journal:
            assert {key: record["loss"] for key, record in journal.records.items()} == {"a": 0.5, "b": 1e-300}
        assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a", "b"]

    def test_the_first_of_two_with_a_key_counts(self, path: Path) -> None:
        with Journal(path, SCHEMA) as journal:
            journal.append("a", {"loss": 1.0})
            journal.append("a", {"loss": 2.0})
            assert journal.records["a"]["loss"] == 1.0

    def test_those_of_another_process_are_seen(self, path: Path) -> None:
        with Journal(path, SCHEMA) as journal:
            journal.append("a", {"loss": 1.0})
            in_another_process(path, "journal.append('b', {'loss': 2.0})")
            journal.refresh()
            assert list(journal.records) == ["a", "b"]
            journal.append("c", {"loss": 3.0})
        assert path.read_bytes().count(b"\n") == 3

    def test_an_unfinished_line_is_cut_off(self, path: Path) -> None:
        with Journal(path, SCHEMA) as journal:
            journal.append("a", {"loss": 1.0})
        with path.open("ab") as file:
            file.write(b'{"key":"b","lo')
        with Journal(path, SCHEMA) as journal:
            assert list(journal.records) == ["a"]
            journal.append("c", {"loss": 3.0})
        assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a", "c"]


class TestOtherFiles:
    @pytest.mark.parametrize(
        "content", [b"x,y\n1,2\n", b'{"key":"a"}\n', b'{"key":"a","loss":"low"}\n', b"\n", b"\xff\xfe\n", b"[1]\n"]
    )
    def test_they_are_refused_and_left_alone(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with (
            pytest.raises(DataError, match=r"^not a journal of this command: .*runs\.jsonl, line 1"),
            Journal(path, SCHEMA),
        ):
            pass
        assert path.read_bytes() == content

    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="cannot be opened"), Journal(tmp_path, SCHEMA):
            pass

    @posix_only
    def test_a_pipe_is_refused_at_once(self, path: Path) -> None:
        os.mkfifo(path)
        with pytest.raises(DataError, match="not a regular file"), Journal(path, SCHEMA):
            pass

    def test_a_full_disk_is_one_line(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*ignored: object) -> int:
            raise OSError(28, "No space left on device")

        with Journal(path, SCHEMA) as journal:
            monkeypatch.setattr("nn_core.storage.journal.os.write", refuse)
            with pytest.raises(DataError, match=r"cannot be written: No space left on device"):
                journal.append("a", {"loss": 1.0})


@posix_only
class TestClaims:
    @pytest.fixture
    def journal(self, path: Path) -> Iterator[Journal]:
        with Journal(path, SCHEMA) as journal:
            yield journal

    def test_another_process_is_refused_until_it_is_released(self, path: Path, journal: Journal) -> None:
        assert journal.claim("a")
        assert in_another_process(path, "[journal.claim(key) for key in 'ab']") == "[False, True]"
        journal.release("a")
        assert in_another_process(path, "journal.claim('a')") == "True"

    def test_it_ends_with_its_process(self, path: Path, journal: Journal) -> None:
        assert in_another_process(path, "journal.claim('a')") == "True"
        assert journal.claim("a")

    def test_appending_keeps_it(self, path: Path, journal: Journal) -> None:
        journal.claim("a")
        journal.append("b", {"loss": 1.0})
        assert in_another_process(path, "journal.claim('a')") == "False"
