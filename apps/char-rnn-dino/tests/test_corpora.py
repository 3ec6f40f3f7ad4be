"""Names and corpora as they are read, whatever their line ends, and what comes with the program."""

import re

import numpy as np
import pytest
from char_rnn_dino.texts import (
    CORPUS,
    NAMES,
    hold_back,
    read_names,
    read_text,
    sequences,
    shipped,
)
from hypothesis import given
from hypothesis import strategies as st

from nn_core.errors import DataError


class TestWhatComesWithIt:
    def test_the_names(self):
        names = shipped(NAMES).read_text("ascii").splitlines()
        assert len(names) >= 1000
        assert [name for name in names if not re.fullmatch("[A-Z][a-z]+", name)] == []
        assert names == sorted(set(names))

    def test_the_corpus(self):
        text = read_text(shipped(CORPUS))
        assert len(text) > 20_000
        assert text.isascii()


class TestReading:
    @pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_line_ends_and_marks_make_no_difference(self, tmp_path, ends, mark):
        path = tmp_path / "t.txt"
        path.write_bytes(mark + ends.join([b"Abel", b"Kain \xc3\xa9", b""]))
        assert read_text(path) == "Abel\nKain é\n"
        assert read_names(path) == ("abel", "kain é")

    def test_names_once_each_without_blanks(self, tmp_path):
        path = tmp_path / "names.txt"
        path.write_text("  Rex\n\nrex\n\tAllo \n\n", "utf-8")
        assert read_names(path) == ("rex", "allo")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "is empty"),
            (b" \r\n\t\n", "holds nothing but blanks"),
            (b"Caf\xe9\n", "is not a text in UTF-8"),
            ("Rex\n".encode("utf-16"), "is not a text in UTF-8"),
        ],
    )
    def test_no_text(self, tmp_path, content, said):
        path = tmp_path / "t.txt"
        path.write_bytes(content)
        for read in (read_text, read_names):
            with pytest.raises(DataError, match=said):
                read(path)

    def test_nothing_there(self, tmp_path):
        with pytest.raises(DataError, match="no such file"):
            read_text(tmp_path / "t.txt")
        with pytest.raises(DataError, match="directory"):
            read_text(tmp_path)

    def test_a_line_that_is_no_name(self, tmp_path):
        path = tmp_path / "names.txt"
        path.write_bytes(b"Rex\nAl\x00lo\n")
        with pytest.raises(DataError, match=r"names.txt, line 2: .* is no name"):
            read_names(path)


class TestHoldingBack:
    NAMES = tuple(f"name{i}" for i in range(20))

    def test_each_name_is_on_one_side(self):
        kept, held = hold_back(self.NAMES, 0.3, rng=np.random.default_rng(0))
        assert len(held) == 6
        assert sorted(kept + held) == sorted(self.NAMES)
        assert list(kept) == [name for name in self.NAMES if name in kept]

    def test_the_generator_decides(self):
        held = [hold_back(self.NAMES, 0.3, rng=np.random.default_rng(s))[1] for s in (1, 1, 2)]
        assert held[0] == held[1] != held[2]

    @pytest.mark.parametrize(("count", "share"), [(1, 0.5), (3, 0.1), (3, 0.9)])
    def test_too_few(self, count, share):
        with pytest.raises(DataError, match=f"of {count} names, {share} cannot be held back"):
            hold_back(self.NAMES[:count], share, rng=np.random.default_rng(0))


class TestSequences:
    def test_by_hand(self):
        x, y = sequences([np.array([1, 2, 3]), np.array([2])], 0)
        np.testing.assert_array_equal(x, [[0, 1, 2, 3], [0, 2, 0, 0]])
        np.testing.assert_array_equal(y, [[1, 2, 3, 0], [2, 0, -1, -1]])

    @given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=7), min_size=1, max_size=6))
    def test_all_that_counts_is_each_letter_and_the_end(self, names):
        x, y = sequences([np.array(name) for name in names], 0)
        assert x.shape == y.shape == (len(names), max(map(len, names)) + 1)
        for name, inputs, targets in zip(names, x, y, strict=True):
            assert targets[targets >= 0].tolist() == [*name, 0]
            assert inputs[: len(name) + 1].tolist() == [0, *name]
