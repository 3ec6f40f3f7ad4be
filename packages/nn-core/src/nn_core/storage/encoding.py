"""The encoding of a text file: UTF-8, UTF-16, UTF-32 or Windows-1252."""

import codecs
import re
from collections.abc import Iterable

from nn_core.errors import DataError, remark

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
TITLES = {
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
}
"""Codec -> name of the encoding, for those that are not UTF-8."""
GUESSED = frozenset({"cp1252", "latin-1"})
"""Codecs that are assumed for text that is not UTF-8 and has no mark."""

_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # in Windows-1252
_BELOW_LEADS = bytes(range(0xC0))  # all but the first bytes of characters beyond ASCII
_WRONG = re.compile("[\udc80-\udcff]")  # bytes that are not UTF-8, decoded with "surrogateescape"
_HINT = "convert it: iconv -f ENCODING -t UTF-8"


def find_encoding(blocks: Iterable[bytes], name: str) -> str:
    """The codec of a text, for `bytes.decode` and `codecs.getincrementaldecoder`.

    By its byte order mark; without one, UTF-16 if every other byte of the beginning is mostly zero;
    UTF-8 if it is valid; otherwise Windows-1252, which includes the characters of Latin-1.

    blocks  the file from its beginning, in consecutive parts, e.g. a single one
    name    of the file, for messages
    Warns DataWarning if the text is not in UTF-8. Raises DataError for a binary file, for damaged
    UTF-8 and for other encodings.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    first, line, errors, characters, undefined, control = True, 1, 0, 0, False, False
    for block in blocks:
        if first and block:
            first = False
            if codec := encoding_by_beginning(block):
                remark_on_encoding(codec, name)
                return codec
        control = control or _BINARY.search(block) is not None
        undefined = undefined or _UNDEFINED.search(block) is not None
        characters += len(block.translate(None, _BELOW_LEADS))
        text = decoder.decode(block)
        found = None if text.isascii() else _WRONG.search(text)
        if not errors:
            line += text.count("\n", 0, found.start() if found else None)
        if found:
            errors += len(text) - len(text.encode("utf-8", "ignore").decode())  # a list of them would fill the memory
    errors += len(decoder.decode(b"", final=True))
    if not errors:
        return "utf-8-sig"
    if control:
        raise DataError(f"{name} is not a text file: it has control characters")
    if errors < characters - errors:
        raise DataError(f"{name}, line {line}: damaged UTF-8, or another encoding; {_HINT}")
    if undefined:
        raise DataError(f"{name} is neither UTF-8 nor Windows-1252; {_HINT}")
    remark_on_encoding("cp1252", name)
    return "cp1252"


def encoding_by_beginning(block: bytes) -> str | None:
    """The codec by the byte order mark or the zero bytes at the beginning of a file; None if there are neither."""
    for mark, codec in BYTE_ORDER_MARKS:
        if block.startswith(mark):
            return codec
    beginning = block[:4096]
    even, odd = beginning[::2].count(0), beginning[1::2].count(0)
    if odd > 0.4 * len(beginning[1::2]) and not even:
        return "utf-16-le"
    if even > 0.4 * len(beginning[::2]) and not odd:
        return "utf-16-be"
    return None


def remark_on_encoding(codec: str, name: str) -> None:
    """Warn DataWarning if the codec is not that of UTF-8."""
    if codec in TITLES:
        hint = "; for another encoding, convert it to UTF-8" if codec in GUESSED else ""
        remark(f"{name}: not UTF-8; read as {TITLES[codec]}{hint}")
