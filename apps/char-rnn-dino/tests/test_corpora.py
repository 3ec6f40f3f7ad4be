"""Reading names and texts with any line endings, and the bundled corpora."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from char_rnn_dino.corpora import (
    FIELD_NOTES,
    NAMES,
    bundled,
    encode_file,
    hold_out,
    pad_sequences,
    read_names,
    read_text_file,
)
from char_rnn_dino.tokens import Unit
from char_rnn_dino.vocabulary import build_vocabulary
from nn_core.errors import DataError, DataWarning


class TestBundled:
    def test_names(self) -> None:
        names = bundled(NAMES).read_text("ascii").splitlines()
        assert len(names) >= 1000
        assert [name for name in names if not re.fullmatch("[A-Z][a-z]+", name)] == []
        assert names == sorted(set(names))

    def test_text(self) -> None:
        text = bundled(FIELD_NOTES).read_text("utf-8")
        assert len(text) > 20_000
        assert text.isascii()


class TestReading:
    @pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_line_endings_and_byte_order_marks_make_no_difference(
        self, tmp_path: Path, ending: bytes, mark: bytes
    ) -> None:
        path = tmp_path / "t.txt"
        path.write_bytes(mark + ending.join([b"Abel", b"Kain \xc3\xa9", b""]))
        assert read_names(path) == ("abel", "kain é")

    def test_names_are_stripped_and_unique(self, tmp_path: Path) -> None:
        path = tmp_path / "names.txt"
        path.write_text("  Rex\n\nrex\n\tAllo \n\n", "utf-8")
        assert read_names(path) == ("rex", "allo")

    def test_an_unprintable_name(self, tmp_path: Path) -> None:
        path = tmp_path / "names.txt"
        path.write_bytes(b"Rex\nAl\x00lo\n")
        with pytest.raises(DataError, match=r"names.txt, line 2: control characters in 'Al\\x"):
            read_names(path)


class TestRemarks:
    def test_long_lines_are_left_out_and_named(self, tmp_path: Path) -> None:
        path = tmp_path / "names.txt"
        path.write_text("Rex\n" + "x" * 1001 + "\n" + "y" * 1000 + "\n" + "z" * 1200, "utf-8")
        with pytest.warns(
            DataWarning, match=r"names.txt: 2 lines of more than 1,000 characters left out \(lines 2, 4\)"
        ):
            assert read_names(path) == ("rex", "y" * 1000)
        with pytest.warns(DataWarning, match="2 lines of more than 1,000"):
            assert len(read_names(path, tokenizer=1)) == 2

    def test_a_number_too_long_for_an_integer_is_no_number_of_a_line(self, tmp_path: Path) -> None:
        path = tmp_path / "names.txt"
        path.write_text(f"rex\n{'1' * 5000}. allo\n", "utf-8")
        with pytest.warns(DataWarning, match="1 line of more than 1,000 characters left out"):
            assert read_names(path) == ("rex",)

    def test_only_long_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "names.txt"
        path.write_text("x" * 1001, "utf-8")
        with pytest.warns(DataWarning), pytest.raises(DataError, match="has no names of at most 1,000 characters"):
            read_names(path)

    def test_consecutive_numbers_are_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "names.txt"
        path.write_text("1. Rex\n2. Allo\n\n3. T. rex\n", "utf-8")
        with pytest.warns(DataWarning, match=r"line numbers 1 to 3 are left out of the names"):
            assert read_names(path) == ("rex", "allo", "t. rex")
        path.write_text("1. Rex\n2. Allo\n4. Yuty\n", "utf-8")
        assert read_names(path)[0] == "1. rex"

    def test_columns(self, tmp_path: Path) -> None:
        path = tmp_path / "names.txt"
        path.write_text("Rex,1\nAllo,2\nYuty,3\n", "utf-8")
        with pytest.warns(DataWarning, match="every line has 2 columns separated by ','"):
            assert read_names(path)[0] == "rex,1"

    @pytest.mark.parametrize(("encoding", "title"), [("cp1252", "Windows-1252"), ("utf-16", "UTF-16")])
    def test_other_encodings(self, tmp_path: Path, encoding: str, title: str) -> None:
        path = tmp_path / "names.txt"
        path.write_text("Zoë\nÅsa\n", encoding)
        with pytest.warns(DataWarning, match=title):
            assert read_names(path) == ("zoë", "åsa")

    def test_names_are_composed_and_may_have_joiners_and_emoji(self, tmp_path: Path) -> None:
        path = tmp_path / "names.txt"
        path.write_text("Jose\u0301\nJosé\nAna\u00a0María\nमी\u200cना\n👩\u200d🚀\nמשה\u200f\n", "utf-8")
        assert read_names(path) == ("josé", "ana\u00a0maría", "मी\u200cना", "👩\u200d🚀", "משה\u200f")


class TestEncodeFile:
    @pytest.mark.parametrize("unit", ["char", "word"])
    def test_blocks_make_no_difference(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: Unit) -> None:
        path, text = tmp_path / "t.txt", "Día uno. Día dos\r\nel agua\u0301 y\u0301 el sol. " * 9
        path.write_text(text, "utf-8", newline="")
        monkeypatch.setattr("nn_core.storage.text.BLOCK_BYTES", 5)
        file = read_text_file(str(path))
        vocabulary = build_vocabulary(file.blocks(), unit=unit)
        assert vocabulary == build_vocabulary(text.replace("\r\n", "\n"), unit=unit)
        ids = encode_file(vocabulary, file)
        np.testing.assert_array_equal(ids, vocabulary.encode(text.replace("\r\n", "\n")))
        assert ids.dtype == np.int8

    def test_unknown_characters(self, tmp_path: Path) -> None:
        path = tmp_path / "t.txt"
        path.write_text("abcab", "utf-8")
        file, vocabulary = read_text_file(str(path)), build_vocabulary("ab")
        with pytest.raises(DataError, match="not in the model's vocabulary: c"):
            encode_file(vocabulary, file)
        assert encode_file(vocabulary, file, known=False).tolist() == [0, 1, -1, 0, 1]


class TestHoldOut:
    NAMES = tuple(f"name{i}" for i in range(20))

    def test_each_name_is_in_one_part(self) -> None:
        training, validation = hold_out(self.NAMES, 0.3, rng=np.random.default_rng(0))
        assert len(validation) == 6
        assert sorted(training + validation) == sorted(self.NAMES)
        assert list(training) == [name for name in self.NAMES if name in training]
        assert list(validation) == [name for name in self.NAMES if name in validation]

    def test_depends_on_the_generator(self) -> None:
        parts = [hold_out(self.NAMES, 0.3, rng=np.random.default_rng(s))[1] for s in (1, 1, 2)]
        assert parts[0] == parts[1] != parts[2]

    @pytest.mark.parametrize(("count", "fraction", "held_out"), [(2, 0.1, 1), (3, 0.1, 1), (3, 0.9, 2), (1, 0, 0)])
    def test_at_least_one_name_is_in_each_part(self, count: int, fraction: float, held_out: int) -> None:
        parts = hold_out(self.NAMES[:count], fraction, rng=np.random.default_rng(0))
        assert [len(part) for part in parts] == [count - held_out, held_out]

    def test_a_single_name(self) -> None:
        with pytest.raises(DataError, match="only one name, so none can be held out"):
            hold_out(self.NAMES[:1], 0.5, rng=np.random.default_rng(0))


class TestPadSequences:
    def test_by_hand(self) -> None:
        x, y = pad_sequences([np.array([1, 2, 3]), np.array([2])], 0)
        np.testing.assert_array_equal(x, [[0, 1, 2, 3], [0, 2, 0, 0]])
        np.testing.assert_array_equal(y, [[1, 2, 3, 0], [2, 0, -1, -1]])

    @given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=7), min_size=1, max_size=6))
    def test_targets_are_the_letters_and_the_end(self, names: list[list[int]]) -> None:
        x, y = pad_sequences([np.array(name) for name in names], 0)
        assert x.shape == y.shape == (len(names), max(map(len, names)) + 1)
        for name, inputs, targets in zip(names, x, y, strict=True):
            assert targets[targets >= 0].tolist() == [*name, 0]
            assert inputs[: len(name) + 1].tolist() == [0, *name]


def test_names_that_do_not_fit_are_refused_before_they_are_padded(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [np.zeros(3, np.int8), np.zeros(100, np.int8)]
    monkeypatch.setattr("nn_core.memory.memory_limit", lambda: 404)
    assert pad_sequences(names, 0)[0].shape == (2, 101)
    monkeypatch.setattr("nn_core.memory.memory_limit", lambda: 403)
    with pytest.raises(DataError, match="2 names of up to 100 characters needs 404 bytes"):
        pad_sequences(names, 0)
