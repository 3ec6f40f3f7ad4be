"""Text and CSV files, and what is neither."""

from pathlib import Path

import pytest

from nn_core.errors import DataError, DataWarning
from nn_core.storage import text
from nn_core.storage.text import Row, TextFile, read_csv, read_text


def write(folder: Path, content: bytes) -> Path:
    path = folder / "a.csv"
    path.write_bytes(content)
    return path


def test_line_ends_and_byte_order_marks(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read_text(path) == "one\ntwo\nthree\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
@pytest.mark.parametrize("size", [4, 7, 1 << 20])
@pytest.mark.filterwarnings("ignore::nn_core.errors.DataWarning")
def test_blocks_of_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, size: int) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", size)
    path = write(tmp_path, "Öl und\r\nMüll\rist é\n\r\nohneleerzeichen".encode(encoding))
    file = TextFile(path)
    for _ in range(2):
        blocks = list(file.blocks())
        assert "".join(blocks) == file.read() == "Öl und\nMüll\nist é\n\nohneleerzeichen"
        assert all(block[-1] in "\n " for block in blocks[:-1])


def test_a_text_file_is_read_in_blocks(tmp_path: Path) -> None:
    lines = ["line\n" * 300_000, "x" * 3_000_000, " end"]
    blocks = list(TextFile(write(tmp_path, "".join(lines).encode())).blocks())
    assert [len(block) for block in blocks] == [1_048_575, 451_425, 3_000_001, 3]
    assert "".join(blocks) == "".join(lines)


def test_rows_are_stripped_numbered_and_not_blank(tmp_path: Path) -> None:
    path = write(tmp_path, b'\xef\xbb\xbf u ,v\r\n\r\n , \r\n1,"a\nb"\r\n')
    assert read_csv(path) == [Row(1, ["u", "v"]), Row(5, ["1", "a\nb"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b" \n\t\n", "is empty: it has only blank lines"), (b"caf\xe9\0", "is not a text")],
)
def test_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_csv(write(tmp_path, content))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_and_encodings(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, f"file{delimiter}label\ncafé, 1.png{delimiter}a\n".encode("cp1252"))
    with pytest.warns(DataWarning, match="Windows-1252"):
        assert read_csv(path) == [Row(1, ["file", "label"]), Row(2, ["café, 1.png", "a"])]


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="in UTF-8, or is damaged"):
        read_text(write(tmp_path, b"caf\xe9"))


def test_a_quote_that_is_not_closed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a CSV file, or is damaged: unexpected end"):
        read_csv(write(tmp_path, b'1,"a\n'))


def test_text_larger_than_may_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_TEXT_BYTES", 3)
    path = write(tmp_path, b"four")
    for read in (read_text, read_csv):
        with pytest.raises(DataError, match="too large: 4 bytes; the limit is 3"):
            read(path)


def test_a_text_without_spaces_comes_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", 10)
    parts = list(text.TextFile(write(tmp_path, b"a" * 1000)).blocks())
    assert "".join(parts) == "a" * 1000
    assert max(map(len, parts)) <= 10 * (text.MAX_BLOCKS + 1)
