"""Words of many scripts, emoji and punctuation; composed forms."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from char_rnn_dino.tokens import detokenize, normalize, tokenize, unspaced_script


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिन्दी में लिखना।", ["हिन्दी", "में", "लिखना", "।"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("السَّلَامُ عَلَيْكُمْ", ["السَّلَامُ", "عَلَيْكُمْ"]),
        ("Tiếng Việt", ["Tiếng", "Việt"]),
        ('שָׁלוֹם צה״ל צה"ל "כן"', ["שָׁלוֹם", "צה״ל", 'צה"ל', '"', "כן", '"']),
        ("한국어 띄어쓰기", ["한국어", "띄어쓰기"]),
        ("日本のカタカナ。", ["日", "本", "の", "カタカナ", "。"]),
        ("It’s ‘a’ don't", ["It’s", "‘", "a", "’", "don't"]),
        ("क्\u200dष می\u200cخواهم", ["क्\u200dष", "می\u200cخواهم"]),
        ("👍🏽👨\u200d👩\u200d👧🇩🇪🇫🇷 ❤️", ["👍🏽", "👨\u200d👩\u200d👧", "🇩🇪", "🇫🇷", "❤️"]),
        ("a\u00a0b c\u200bd", ["a", "b", "c", "d"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    for form in ("NFC", "NFD"):
        found = tokenize(normalize(unicodedata.normalize(form, text)), "word")
        assert list(found) == [unicodedata.normalize("NFC", word) for word in words]


@given(st.text(st.characters(max_codepoint=0x24F, exclude_characters="·\xad"), max_size=60))
def test_latin_text_is_divided_as_before(text: str) -> None:
    assert tokenize(text, "word") == tokenize(text, "word", version=1)


def test_version_1_is_kept() -> None:
    assert tokenize("हिं it’s", "word", version=1) == ["ह", "ि", "ं", "it", "’", "s"]
    assert normalize("E\u0301", lowercase=True, version=1) == "e\u0301"


@pytest.mark.parametrize(
    "text", ["हिन्दी में।", "日本のカタカナ。はい", "Il dit « non »".replace(" »", "»").replace("« ", "«"), "¿Qué? “No”."]
)
def test_detokenize(text: str) -> None:
    assert detokenize(tokenize(text, "word"), "word") == text


def test_scripts_without_spaces() -> None:
    assert unspaced_script("ภาษาไทยไม่มีเว้นวรรค") == "Thai"
    assert unspaced_script("In Thai, it is ไทย, and so it is written.") is None
