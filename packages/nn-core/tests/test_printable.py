"""Foreign text is shown without what could act on a terminal, and never at length."""

import sys
import unicodedata

import pytest

from nn_core.printable import LONGEST, LONGEST_LINE, one_line, printable, shortened, without_controls

HOSTILE = {
    "an escape sequence": ("\x1b[31m", r"\x1b[31m"),
    "a bell": ("\a", r"\x07"),
    "a delete": ("\x7f", r"\x7f"),
    "a C1 control": ("\x9b2J", r"\x9b2J"),
    "a bidi override": ("\u202e", r"\u202e"),
    "a bidi isolate": ("\u2066", r"\u2066"),
    "a line separator": ("\u2028", r"\u2028"),
    "a mark without width": ("\u200b", r"\u200b"),
    "a byte order mark": ("\ufeff", r"\ufeff"),
    "a filler without ink": ("\u3164", r"\u3164"),
    "a tag": ("\U000e0041", r"\U000e0041"),
    "a lone surrogate": ("\ud800", r"\ud800"),
    "a byte of a file name": ("\udcff", r"\udcff"),
}


@pytest.mark.parametrize(("raw", "shown"), HOSTILE.values(), ids=HOSTILE)
def test_what_acts_on_a_terminal_is_escaped(raw: str, shown: str) -> None:
    assert without_controls(f"né\n\t{raw}.") == f"né\n\t{shown}."
    assert printable(f"né{raw}") == f"né{shown}"


def test_no_character_of_control_format_or_surrogates_remains() -> None:
    kept = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        and without_controls(chr(code)) == chr(code)
    ]
    assert kept == ["\t", "\n"]


@pytest.mark.parametrize("text", ["plain", "naïve 中文 हिन्दी", "a ❤\ufe0f", r"C:\data\new", "50% $x$"])
def test_ink_of_any_script_remains(text: str) -> None:
    assert without_controls(text) == printable(text) == text


def test_a_name_is_one_line() -> None:
    assert printable("a\nb\tc\r\u0085") == r"a\nb\tc\r\x85"


def test_the_middle_of_a_long_name_is_left_out() -> None:
    name = printable(f"/data/{'x' * 100_000}/photo.png")
    assert len(name) == LONGEST
    assert name.startswith("/data/xxx")
    assert name.endswith("xxx/photo.png")
    assert len(printable("\x1b" * 100_000)) == LONGEST


def test_the_end_of_a_long_message_is_kept_since_it_says_what_to_do() -> None:
    line = one_line(f"unknown name\n {'y' * 3_000_000}; use --data FILE")
    assert len(line) == LONGEST_LINE
    assert line.startswith("unknown name yyy")
    assert line.endswith("yyy; use --data FILE")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x" * 30, "x" * 30),
        ("x" * 31, f"{'x' * 27}..."),
        ("\x1b" * 100_000, "\\x1b" * 6 + "\\x1..."),
        ("\ud800", r"\ud800"),
    ],
)
def test_a_name_in_a_table_is_short(name: str, shown: str) -> None:
    assert shortened(name) == shown
