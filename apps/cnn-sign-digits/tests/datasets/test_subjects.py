"""Who is on a photo: told by numbers, by an expression, by a table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_sign_digits.people import PAUSE, people, people_by_number
from nn_core.errors import DataError, SettingError


def persons(*runs, first=1000, gaps=()):
    """What is said of digits shown one after the other; in `gaps`, (place, numbers left out)."""
    digits = [int(digit) for run in runs for digit in run]
    numbers = first + np.arange(len(digits))
    for place, count in gaps:
        numbers[place:] += count
    return people_by_number(list(zip(numbers.tolist(), digits, strict=True))).tolist()


def expected(*runs):
    return [person for person, run in enumerate(runs) for _ in run]


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
        [NEAT, "0123456798", NEAT],  # neighbours exchanged, as the set has them
        [NEAT, "1023456789", NEAT],
        [NEAT, "0212456789", NEAT],
        [NEAT, "0123456777789", NEAT],
    ],
)
def test_everybody_begins_where_the_digit_falls(runs):
    assert persons(*runs) == expected(*runs)


@pytest.mark.parametrize(
    "run",
    [
        "5012346789",  # the 5 was photographed first
        "0123450123456789",  # begun anew
        "01234567890",  # a second 0, which may be the next one's first
    ],
)
def test_nobody_is_divided_in_two(run):
    assert len(set(persons(NEAT, run, NEAT)[10 : 10 + len(run)])) == 1


def test_what_may_be_either_neighbours_joins_them():
    assert persons(NEAT, "00123456789", NEAT) == [0] * 21 + [1] * 10
    assert persons(NEAT, "09", NEAT, NEAT) == [0] * 22 + [1] * 10
    assert persons("0127", NEAT, NEAT) == [0] * 14 + [1] * 10


def test_numbers_left_out():
    # Taken out of the middle: 7, then ten numbers of others, then the 8 of somebody else.
    assert persons("01234567", "89", NEAT, gaps=[(8, 10)]) == [0] * 10 + [1] * 10
    assert persons(NEAT, "56789", gaps=[(10, PAUSE - 1)]) == [0] * 15
    assert persons(NEAT, "56789", gaps=[(10, PAUSE)]) == [0] * 10 + [1] * 5
    assert persons(NEAT, "78", gaps=[(10, 2700)]) == [0] * 10 + [1] * 2


def test_the_order_in_which_photos_are_listed_does_not_matter():
    photos = [(n, n % 10) for n in range(50)]
    order = np.random.default_rng(0).permutation(50)
    shuffled = people_by_number([photos[i] for i in order])
    np.testing.assert_array_equal(shuffled, order // 10)


def test_one_number_in_several_folders():
    photos = [(7, digit) for digit in range(10)] + [(8, digit) for digit in range(10)]
    assert people_by_number(photos).tolist() == [0] * 10 + [1] * 10


@given(runs=st.lists(st.sets(st.integers(0, 9), min_size=5).map(sorted), min_size=1, max_size=12))
def test_people_in_order_are_never_divided(runs):
    found = persons(*runs)
    start = 0
    for run in runs:
        assert len(set(found[start : start + len(run)])) == 1
        start += len(run)
    assert (np.diff(found) >= 0).all()


def test_paths_as_the_fetched_set_has_them():
    paths = [f"{n % 10}/IMG_{1118 + n}.JPG" for n in range(30)]
    np.testing.assert_array_equal(people(paths, None, "here"), np.repeat([0, 1, 2], 10))
    np.testing.assert_array_equal(
        people([path.replace("JPG", "jpeg") for path in paths], None, "here"),
        np.repeat([0, 1, 2], 10),
    )
    for other in ("a/IMG_1.JPG", "0/me.JPG", "0/deep/IMG_1.JPG", "10/IMG_1.JPG"):
        assert people([*paths, other], None, "here") is None


def test_an_expression():
    paths = ["0/ann-1.jpg", "0/bob-1.jpg", "1/ann-2.jpg"]
    assert people(paths, r"/(\w+)-", "here").tolist() == [0, 1, 0]
    with pytest.raises(DataError) as caught:
        people([*paths, "1/2.jpg"], r"/(\w+)-", "here")
    assert str(caught.value) == r"here: --group '/(\\w+)-' finds nobody in '1/2.jpg'"
    with pytest.raises(DataError, match="finds nobody"):
        people(paths, r"(x)?", "here")
    with pytest.raises(SettingError, match="is not a regular expression: missing"):
        people(paths, "(", "here")
    with pytest.raises(SettingError, match="no parentheses"):
        people(paths, "ann", "here")


@pytest.mark.parametrize("header", ["", "file,group\n"])
def test_a_table(tmp_path, header):
    table = tmp_path / "People.CSV"
    table.write_text(f"\ufeff{header}0/a.jpg, bob\n\n./1/b c.jpg,ann\n1/no.jpg,x\n", "utf-8")
    assert people(["0/a.jpg", "1/b c.jpg", "0/a.jpg"], str(table), "here").tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0/a.jpg\n", "line 1: a row is a file and its group, not ['0/a.jpg']"),
        ("file,group\n0/a.jpg,\n", "line 2: a row is a file and its group"),
        ("a,b,c\n", "line 1: a row is"),
        ("0/a.jpg,x\n0/a.jpg,y\n", "line 2: '0/a.jpg' is in two groups"),
        ("0/b.jpg,x\n", "has no group for '0/a.jpg' of here"),
        ('"0/a.jpg', "is not a CSV file"),
        ("", "is empty"),
    ],
)
def test_a_table_that_does_not_say(tmp_path, text, message):
    table = tmp_path / "people.csv"
    table.write_text(text)
    with pytest.raises(DataError) as caught:
        people(["0/a.jpg"], str(table), "here")
    assert message in str(caught.value)
    assert "people.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="no such file"):
        people(["0/a.jpg"], str(tmp_path / "none.csv"), "here")
