"""Copied text against a search by definition."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from char_rnn_dino.text import overlap
from char_rnn_dino.text.overlap import overlaps


def by_definition(samples: list[list[int]], training: list[int], shortest: int) -> tuple[float, int]:
    """Every passage of every sample, looked for at every position."""
    text = "".join(map(chr, training))
    copied = total = longest = 0
    for sample in samples:
        inside = set()
        for i in range(len(sample)):
            for j in range(i + shortest, len(sample) + 1):
                if "".join(map(chr, sample[i:j])) in text:
                    inside.update(range(i, j))
                    longest = max(longest, j - i)
        copied, total = copied + len(inside), total + len(sample)
    return copied / total, longest


TOKENS = st.lists(st.integers(0, 2), max_size=25)


@settings(max_examples=40)
@given(
    st.lists(st.lists(TOKENS.filter(bool), min_size=1, max_size=3), min_size=1, max_size=2),
    st.lists(st.integers(0, 2), min_size=1, max_size=60),
    st.integers(1, 6),
    st.sampled_from([4, 16, 1 << 20]),
)
def test_equals_the_definition(groups: list[list[list[int]]], training: list[int], shortest: int, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlap, "BLOCK", block)
        arrays: Any = [[np.array(sample, np.int8) for sample in group] for group in groups]
        found = overlaps(arrays, np.array(training, np.int8), shortest=shortest)
    text = "".join(map(chr, training))
    for group, each in zip(groups, found, strict=True):
        assert (each.copied, each.longest) == by_definition(group, training, shortest)
        assert len(each.passage) == each.longest
        assert "".join(map(chr, each.passage)) in text


def test_by_hand() -> None:
    """Of "the cat xx the dog", 8 and 7 of 18 letters are passages of at least 5 letters."""
    training = np.frombuffer(b"a cat: the cat  the dog", np.int8)
    (found,) = overlaps([[np.frombuffer(b"the cat xx the dog", np.int8)]], training, shortest=5)
    assert found.copied == (len("the cat ") + len(" the dog")) / 18
    assert (found.longest, bytes(found.passage)) == (8, b"the cat ")


def test_tokens_that_are_not_in_the_vocabulary_match_nothing() -> None:
    training = np.array([0, 1, -1, 0, 1], np.int8)
    (found,) = overlaps([[np.array([0, 1, 0, 1], np.int8)]], training, shortest=2)
    assert (found.copied, found.longest) == (1.0, 2)


def test_a_passage_that_begins_at_the_end_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "BLOCK", 4)
    (found,) = overlaps([[np.arange(6)]], np.array([9, 9, 9, 0, 1, 2, 3, 4, 5, 9]), shortest=2)
    assert (found.copied, found.longest) == (1.0, 6)
