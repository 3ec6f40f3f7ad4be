"""Texts to tokens, characters or words, and back."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Literal

Unit = Literal["char", "word"]
END = "\n"
"""The token before and after each name."""
UNKNOWN = "<unknown>"
"""The token of all words too rare to be in the vocabulary."""
UNIT_NAMES = {"char": "character", "word": "word"}
TOKENIZER = 2
"""The current version of `tokenize` and `normalize`; checkpoints without one have version 1."""

_WORDS_1 = re.compile(r"\w+(?:'\w+)*|\n|[^\w\s]")
_MIDDLE = "'\u2019\u00b7\u2027\u05f4"  # apostrophes, l·l of Catalan, gershayim
_IDEOGRAPHS = "\u3005-\u3007\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_CJK = re.compile(rf"[{_IDEOGRAPHS}{_KATAKANA}\u3000-\u303f\uff01-\uff65]")
_UNSPACED = {"Thai": "\u0e01-\u0e7f", "Lao": "\u0e81-\u0eff", "Khmer": "\u1780-\u17df", "Burmese": "\u1000-\u109f"}
_OPENING = frozenset("([{“‘«‹¿¡「『（【《〈")
_CLOSING = frozenset(".,;:!?)]}”’»›…。、，．！？：；）】》〉」』।॥؟،؛۔")


def normalize(text: str, *, lowercase: bool = False, version: int = TOKENIZER) -> str:
    """A text in Unicode's composed form (NFC), so that é is one character however it was typed."""
    if lowercase:
        text = text.lower()
    return text if version == 1 else unicodedata.normalize("NFC", text)


def tokenize(text: str, unit: Unit, *, version: int = TOKENIZER) -> Sequence[str]:
    """Split a normalized text into characters, or into words, punctuation marks and newlines.

    Words follow Unicode's word boundaries for what people separate by spaces: combining marks and
    joiners belong to the letter before them, an apostrophe between letters to the word. An emoji
    sequence or a flag is one token, as is each Chinese character and each hiragana. Unlike there,
    3.14 is three tokens. Thai, Lao, Khmer and Burmese are divided only where they have spaces.
    Source: Unicode Standard Annex 29, Unicode Text Segmentation, sec. 4.1.
    """
    if unit == "char":
        return text
    plain = version == 1 or text.isascii()  # where both agree
    return (_WORDS_1 if plain else _words()).findall(text)


def detokenize(tokens: Sequence[str], unit: Unit, *, previous: str = "") -> str:
    """The inverse of `tokenize`, up to whitespace: one space between words.

    previous  the token that comes before these
    """
    if unit == "char":
        return "".join(tokens)
    text = []
    for word in tokens:
        no_space = previous in {"", END} or previous in _OPENING or word == END or word in _CLOSING
        if no_space or (_CJK.match(previous[-1]) and _CJK.match(word)):
            text.append(word)
        else:
            text.append(f" {word}")
        previous = word
    return "".join(text)


def unspaced_script(text: str) -> str | None:
    """The script that a tenth of a text or more is written in, if it has no spaces between words."""
    for script, letters in _UNSPACED.items():
        if sum(map(len, re.findall(f"[{letters}]+", text))) >= max(1, len(text) / 10):
            return script
    return None


@cache
def _words() -> re.Pattern[str]:
    letters, marks = [], []
    apart = re.compile(f"[{_IDEOGRAPHS}{_KATAKANA}]")
    for code in (*range(0x20000), *range(0xE0001, 0xE01F0)):
        character = chr(code)
        if character.isalnum() or character == "_":
            if not apart.match(character):
                letters.append(code)
        elif unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"} and code not in {0x200B, 0xFEFF}:
            marks.append(code)  # and invisible format characters, but for the zero-width space
    first, mark = _ranges(letters), _ranges(marks)
    word = f"[{_ranges(sorted(letters + marks))}]*"
    symbol = r"[^\w\s\u200b\ufeff]"
    return re.compile(
        rf"[{first}]{word}(?:[{_MIDDLE}][{first}]{word}|(?<=[\u05d0-\u05ea])\"[\u05d0-\u05ea]{word})*"
        rf"|[{_KATAKANA}]+[{mark}]*"
        rf"|[{_IDEOGRAPHS}][{mark}]*"
        r"|\n"
        r"|[\U0001f1e6-\U0001f1ff]{2}"  # a flag
        rf"|{symbol}(?:[{mark}\U0001f3fb-\U0001f3ff]|(?<=\u200d){symbol})*"
    )


def _ranges(codes: Sequence[int]) -> str:
    """Ascending code points as the inside of a character class."""
    parts: list[list[int]] = []
    for code in codes:
        if parts and code == parts[-1][1] + 1:
            parts[-1][1] = code
        else:
            parts.append([code, code])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in parts)
