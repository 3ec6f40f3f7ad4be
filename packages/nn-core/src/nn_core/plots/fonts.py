"""Characters that the usual font lacks, such as Chinese: from any installed font that has them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nn_core.errors import remark
from nn_core.plots.texts import make_drawable, rewrite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PREFERRED = ("cjk", "han sans", "hei", "gothic", "song", "ming", "fang", "hiragino", "malgun", "wenquanyi", "fallback",
             "unicode", "noto sans")  # fmt: skip
"""Parts of the names of fonts that are tried first."""
CJK_BLOCKS = ((0x1100, 0x11FF), (0x2E80, 0x9FFF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF),
              (0x20000, 0x3FFFF))  # fmt: skip


def cover_characters(figure: "Figure") -> None:
    """Choose fonts that have all characters of a figure, once these can be drawn.

    Characters that no installed font has are written as their code points, such as U+732B, and a
    remark names a package of fonts.
    """
    from matplotlib.text import Text

    make_drawable(figure)
    texts: list[Any] = [text for text in figure.findobj(Text) if not text.get_text().isascii()]
    if not texts:
        return
    missing = {ord(letter) for text in texts for letter in text.get_text() if ord(letter) >= 0x20}
    missing -= _characters_of(texts[0].get_fontproperties())
    if not missing:
        return
    families, missing = _families_with(missing)
    for text in figure.findobj(Text):
        text.set_fontfamily([*text.get_fontfamily(), *families])
    if missing:
        table = {code: f"U+{code:04X}" for code in missing}
        rewrite(figure, lambda text: text.translate(table))
        shown = "".join(map(chr, sorted(missing)[:8]))
        package = "fonts-noto-cjk" if any(map(_is_cjk, missing)) else "fonts-noto"
        remark(f"no installed font has {shown}: install one, for example the package {package}")


def _characters_of(properties: Any) -> set[int]:
    from matplotlib import font_manager

    return set(font_manager.get_font(font_manager.findfont(properties)).get_charmap())


def _families_with(wanted: set[int]) -> tuple[list[str], set[int]]:
    """Families of fonts that have wanted characters, and the characters that none has."""
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    families: list[str] = []
    for path in _installed_fonts():
        try:
            has = wanted & set(get_font(path).get_charmap())
        except (OSError, RuntimeError):  # a damaged file, or no outlines
            continue
        if not has:
            continue
        if not any(Path(entry.fname) == Path(path) for entry in fontManager.ttflist):
            fontManager.addfont(path)
        families.append(FontProperties(fname=path).get_name())
        wanted = wanted - has
        if not wanted:
            break
    return families, wanted


def _installed_fonts() -> Iterator[str]:
    """Files of fonts; those that matplotlib's cache does not know yet, too; likely ones first."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    names = {entry.fname: entry.name.lower() for entry in fontManager.ttflist}
    names |= {path: Path(path).stem.lower() for path in findSystemFonts() if path not in names}

    def rank(path: str) -> tuple[bool, bool, str]:
        is_plain = not any(style in path.lower() for style in ("bold", "italic", "oblique", "light", "thin", "black"))
        return not any(part in names[path] for part in PREFERRED), not is_plain, path

    yield from sorted((path for path in names if not _draws_boxes(names[path])), key=rank)


def _draws_boxes(name: str) -> bool:
    """Whether a font has a box or nothing for every character, as matplotlib's own of last resort."""
    return any(part in name.replace(" ", "") for part in ("lastresort", "adobeblank"))


def _is_cjk(code: int) -> bool:
    return any(low <= code <= high for low, high in CJK_BLOCKS)
