"""Subjects of photos by number, by regular expression and by table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_sign_digits.datasets.subjects import MIN_GAP, find_subjects, subjects_by_number
from nn_core.errors import DataError, SettingError

Run = str | Sequence[int]
"""Digits in the order in which they were photographed."""


def subjects_of(*runs: Run, gaps: Sequence[tuple[int, int]] = ()) -> list[int]:
    """Subjects of photos of these digits in sequence; in `gaps`, (position, numbers skipped)."""
    digits = [int(digit) for run in runs for digit in run]
    numbers = 1000 + np.arange(len(digits))
    for position, count in gaps:
        numbers[position:] += count
    found: list[int] = subjects_by_number(list(zip(numbers.tolist(), digits, strict=True))).tolist()
    return found


def expected(*runs: Run) -> list[int]:
    return [subject for subject, run in enumerate(runs) for _ in run]


NEAT = "0123456789"


@pytest.mark.parametrize(
    "runs",
    [
        [NEAT],
        [NEAT, NEAT, NEAT],
        ["012345678", NEAT],  # the 9 is missing
        [NEAT, "123456789"],  # the 0 is missing
        ["01234567", "123456789"],
        [NEAT, "01123456789", NEAT],  # the 1 comes twice
        [NEAT, "0123456798", NEAT],  # neighbors swapped, as in the set
        [NEAT, "1023456789", NEAT],
        [NEAT, "0212456789", NEAT],
        [NEAT, "0123456777789", NEAT],
    ],
)
def test_a_drop_of_the_digit_starts_a_subject(runs: list[str]) -> None:
    assert subjects_of(*runs) == expected(*runs)


@pytest.mark.parametrize(
    "run",
    [
        "5012346789",  # the 5 was photographed first
        "0123450123456789",  # started over
        "01234567890",  # a second 0, or the first of the next subject
    ],
)
def test_no_subject_is_divided_in_two(run: str) -> None:
    assert len(set(subjects_of(NEAT, run, NEAT)[10 : 10 + len(run)])) == 1


def test_an_ambiguous_group_is_merged_with_both_neighbors() -> None:
    assert subjects_of(NEAT, "00123456789", NEAT) == [0] * 21 + [1] * 10
    assert subjects_of(NEAT, "09", NEAT, NEAT) == [0] * 22 + [1] * 10
    assert subjects_of("0127", NEAT, NEAT) == [0] * 14 + [1] * 10


def test_gaps_in_the_numbers() -> None:
    # Removed from the middle: 7, a gap of ten numbers, then the 8 of another subject.
    assert subjects_of("01234567", "89", NEAT, gaps=[(8, 10)]) == [0] * 10 + [1] * 10
    assert subjects_of(NEAT, "56789", gaps=[(10, MIN_GAP - 1)]) == [0] * 15
    assert subjects_of(NEAT, "56789", gaps=[(10, MIN_GAP)]) == [0] * 10 + [1] * 5
    assert subjects_of(NEAT, "78", gaps=[(10, 2700)]) == [0] * 10 + [1] * 2


def test_the_order_in_which_photos_are_listed_does_not_matter() -> None:
    photos = [(n, n % 10) for n in range(50)]
    order = np.random.default_rng(0).permutation(50)
    shuffled = subjects_by_number([photos[i] for i in order])
    np.testing.assert_array_equal(shuffled, order // 10)


def test_one_number_in_several_folders() -> None:
    photos = [(7, digit) for digit in range(10)] + [(8, digit) for digit in range(10)]
    assert subjects_by_number(photos).tolist() == [0] * 10 + [1] * 10


@given(runs=st.lists(st.sets(st.integers(0, 9), min_size=5).map(sorted), min_size=1, max_size=12))
def test_complete_subjects_are_never_divided(runs: list[list[int]]) -> None:
    found = subjects_of(*runs)
    start = 0
    for run in runs:
        assert len(set(found[start : start + len(run)])) == 1
        start += len(run)
    assert (np.diff(found) >= 0).all()


def test_paths_like_those_of_the_downloaded_set() -> None:
    paths = [f"{n % 10}/IMG_{1118 + n}.JPG" for n in range(30)]
    np.testing.assert_array_equal(find_subjects(paths, None, "here"), np.repeat([0, 1, 2], 10))
    np.testing.assert_array_equal(
        find_subjects([path.replace("JPG", "jpeg") for path in paths], None, "here"), np.repeat([0, 1, 2], 10)
    )
    for other in ("a/IMG_1.JPG", "0/me.JPG", "0/deep/IMG_1.JPG", "10/IMG_1.JPG"):
        assert find_subjects([*paths, other], None, "here") is None


def test_a_regular_expression() -> None:
    paths = ["0/ann-1.jpg", "0/bob-1.jpg", "1/ann-2.jpg"]
    found = find_subjects(paths, r"/(\w+)-", "here")
    np.testing.assert_array_equal(found, [0, 1, 0])
    with pytest.raises(DataError) as caught:
        find_subjects([*paths, "1/2.jpg"], r"/(\w+)-", "here")
    assert str(caught.value) == r"here: --group '/(\\w+)-' does not match '1/2.jpg'"
    with pytest.raises(DataError, match="does not match"):
        find_subjects(paths, r"(x)?", "here")
    with pytest.raises(SettingError, match="is not a regular expression: missing"):
        find_subjects(paths, "(", "here")
    with pytest.raises(SettingError, match="needs a parenthesized group"):
        find_subjects(paths, "ann", "here")


@pytest.mark.parametrize("header", ["", "file,group\n"])
def test_a_table(tmp_path: Path, header: str) -> None:
    table = tmp_path / "People.CSV"
    table.write_text(f"\ufeff{header}0/a.jpg, bob\n\n./1/b c.jpg,ann\n1/no.jpg,x\n", "utf-8")
    found = find_subjects(["0/a.jpg", "1/b c.jpg", "0/a.jpg"], str(table), "here")
    np.testing.assert_array_equal(found, [1, 0, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0/a.jpg\n", "line 1: expected a file and its group, found ['0/a.jpg']"),
        ("file,group\n0/a.jpg,\n", "line 2: expected a file and its group"),
        ("a,b,c\n", "line 1: expected"),
        ("0/a.jpg,x\n0/a.jpg,y\n", "line 2: '0/a.jpg' is in two groups"),
        ("0/b.jpg,x\n", "has no group for '0/a.jpg' of here"),
        ('"0/a.jpg', "is not a CSV file"),
        ("", "is empty"),
    ],
)
def test_a_table_that_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "people.csv"
    table.write_text(text)
    with pytest.raises(DataError) as caught:
        find_subjects(["0/a.jpg"], str(table), "here")
    assert message in str(caught.value)
    assert "people.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="no such file"):
        find_subjects(["0/a.jpg"], str(tmp_path / "none.csv"), "here")
