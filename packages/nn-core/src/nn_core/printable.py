"""Foreign text made fit to be shown: names, tokens and messages that come from files, servers and other libraries.

Characters that could move the cursor, recolor or reorder what is shown, or that cannot be seen, become escapes such
as \\x1b or \\u202e, and what is too long is cut in the middle, since the end often says the most.
"""

import re
from functools import cache

LONGEST = 160
"""Most characters of a name or a path in a message."""
LONGEST_LINE = 500
"""Most characters of a message."""

_ASCII_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x09), *range(0x0B, 0x20), 0x7F)}
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\U000e0000-\U000e0fff"
"""Characters without ink that `str.isprintable` lets through."""
_CONTROLS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
"""C0 and C1 but for newline and tab, marks of direction and without width, line separators, lone surrogates."""


def without_controls(text: str) -> str:
    """A text of any length and number of lines, with everything but ink, spaces, tabs and newlines escaped."""
    if text.isascii():
        return text.translate(_ASCII_CONTROLS)
    return _pattern(_CONTROLS + _INVISIBLE).sub(_escaped, text)


def printable(text: object, most: int = LONGEST) -> str:
    """A path, name or third-party message on one line of at most `most` characters."""
    line = without_middle(str(text), most)
    if not line.isprintable():
        line = "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)
    if not line.isascii():
        line = _pattern(_INVISIBLE).sub(_escaped, line)
    return without_middle(line, most)


def one_line(message: str, most: int = LONGEST_LINE) -> str:
    """A message as one line of at most `most` characters; the cut is in the middle."""
    return printable(" ".join(without_middle(message, 4 * most).split()), most)


def shortened(text: object, most: int = 30) -> str:
    """The beginning of a name, on one line of at most this many characters, for tables and figures."""
    whole = str(text)
    name = printable(whole[: most + 1], 6 * most)
    return name if len(whole) <= most and len(name) <= most else f"{name[: max(most - 3, 1)]}..."


def without_middle(line: str, most: int) -> str:
    """A line of at most `most` characters, with dots for what is left out between its beginning and its end."""
    if len(line) <= most:
        return line
    tail = min((most - 3) // 2, 200)
    return f"{line[: most - 3 - tail]}...{line[len(line) - tail :]}"


@cache
def _pattern(characters: str) -> re.Pattern[str]:
    """One of these characters; compiled when it is needed, since that takes longer than most commands print."""
    return re.compile(f"[{characters}]")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
