"""How much room a text takes, before it is drawn."""

import unicodedata


def points_of(size: str) -> float:
    """The height of a size such as "small", in points."""
    from matplotlib.font_manager import FontProperties

    return float(FontProperties(size=size).get_size_in_points())


def text_width(text: str, points: float) -> float:
    """About the width in points of the longest line of a text; East Asian characters are as wide as high."""
    return max((0.62 * points * _columns(line) for line in text.splitlines()), default=0.0)


def fitted(text: str, width: float, points: float, *, most_lines: int = 100) -> str:
    """A text broken into lines of this width in points, and cut after the last line that it may have."""
    columns = max(int(width / (0.56 * points)), 8)
    lines = [part for line in text.splitlines() for part in _broken(line, columns)]
    if len(lines) > most_lines:
        last = lines[most_lines - 1]
        lines[most_lines - 1 :] = [f"{last[: max(len(last) - 3, 1)]}..."]
    return "\n".join(lines)


def _columns(line: str) -> float:
    """The width of a line in small letters."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in line)
    small = sum(letter.islower() or letter in " .,:;()-" for letter in line)
    return 2.0 * wide + small + 1.3 * (len(line) - wide - small)


def _broken(line: str, columns: int) -> list[str]:
    """The lines of a text of at most this many columns."""
    import textwrap

    return textwrap.wrap(line, max(int(columns * len(line) / max(_columns(line), 1.0)), 4)) or [""]
