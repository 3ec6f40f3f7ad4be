"""Any text can stand in a figure: names of classes, tokens and files are not ours."""

from pathlib import Path

import pytest

from nn_core.plots import add_legend, drawing, laid_out_size, tidy
from nn_core.plots.texts import MOST_LINES, drawable
from nn_core.printable import LONGEST_LINE

FOREIGN = {
    "a lone surrogate": "a\ud800b",
    "broken mathematics": r"$\foo$",
    "dollars": "$5 and $6",
    "controls": "a\x1b[31m\x00\x07b",
    "marks of direction": "\u202eabc\u2028",
    "no end": "x" * 100_000,
    "many lines": "a\n" * 1000,
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_any_text_can_be_drawn_anywhere(tmp_path: Path, text: str) -> None:
    with drawing(tmp_path / "a.svg", 6, 4, title=text, note=text) as figure:
        axes = figure.subplots()
        (line,) = axes.plot([1, 2])
        tidy(axes, x=text, y=text, title=text)
        axes.set_xticks([0, 1], labels=[text, text])
        axes.text(0, 1, text)
        add_legend(figure, [line], [text], title=text)
        laid_out_size(axes)
    assert (tmp_path / "a.svg").stat().st_size > 1000


def test_tick_labels_remain_as_they_were_rewritten(tmp_path: Path) -> None:
    with drawing(tmp_path / "a.png", 4, 3) as figure:
        axes = figure.subplots()
        axes.set_xticks([0, 1], labels=["a\x1b", "$5$"])
    figure.draw_without_rendering()
    shown = axes.get_xticklabels()
    assert [label.get_text() for label in shown] == ["a\\x1b", "$5$"]
    assert not any(label.get_parse_math() for label in shown)


def test_own_lines_are_kept_and_long_ones_cut() -> None:
    assert drawable("two\nlines of né") == "two\nlines of né"
    assert drawable("a\x1b\n\ud800") == "a\\x1b\n\\ud800"
    assert len(drawable("x" * 10_000)) == LONGEST_LINE
    assert len(drawable("x\n" * 10_000).splitlines()) == MOST_LINES
