"""Encodings found from bytes, remarks, and what is refused."""

import tracemalloc
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.errors import DataError, DataWarning
from nn_core.storage.encoding import find_encoding

TEXT = "Müller, “Öl”: 5 €\nåäö\n"


def in_blocks(content: bytes, size: int = 3) -> list[bytes]:
    return [content[i : i + size] for i in range(0, len(content), size)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("text", [TEXT, "plain\n", "\ufffd is in the text", "日本語" * 9])
def test_utf8_without_a_remark(encoding: str, text: str) -> None:
    content = text.encode(encoding)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for blocks in ([content], in_blocks(content, 4)):
            assert content.decode(find_encoding(blocks, "a.txt")) == text


@pytest.mark.parametrize(
    ("encoding", "title"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32"),
     ("cp1252", "Windows-1252")],
)  # fmt: skip
def test_others_with_a_remark(encoding: str, title: str) -> None:
    content = TEXT.encode(encoding)
    with pytest.warns(DataWarning, match=f"^a.txt: not UTF-8; read as {title}"):
        codec = find_encoding([content], "a.txt")
    assert content.decode(codec) == TEXT


def test_latin_1() -> None:
    with pytest.warns(DataWarning, match="Windows-1252"):
        assert b"caf\xe9\n".decode(find_encoding([b"caf", b"\xe9\n"], "a.txt")) == "café\n"


@given(st.text(st.characters(codec="utf-8"), max_size=30), st.integers(1, 7))
def test_blocks_make_no_difference_to_utf8(text: str, size: int) -> None:
    content = b"x" + "é日".encode() + text.encode()
    if b"\0" not in content:
        assert find_encoding(in_blocks(content, size), "a.txt") == "utf-8-sig"


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_damaged_utf8_is_named_by_line(size: int) -> None:
    content = "één\ntwéé\n".encode() + b"dr\xffie\n" + "vier\xe9\n".encode()
    with pytest.raises(DataError, match=r"^a.txt, line 3: damaged UTF-8"):
        find_encoding(in_blocks(content, size), "a.txt")


def test_a_file_cut_within_a_character() -> None:
    with pytest.raises(DataError, match="line 2: damaged UTF-8"):
        find_encoding(["één\ntwé".encode()[:-1]], "a.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\x89PNG\r\n\x1a\n\x00\x00", "is not a text"), ("日本、語".encode("shift-jis"), "neither UTF-8 nor")],
)
def test_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        find_encoding([content], "a.txt")


def test_bytes_of_another_encoding_take_little_memory() -> None:
    content = b"\xe9 " * 500_000
    tracemalloc.start()
    try:
        with pytest.warns(DataWarning):
            find_encoding([content], "a.txt")
        assert tracemalloc.get_traced_memory()[1] < 16 * len(content)
    finally:
        tracemalloc.stop()
