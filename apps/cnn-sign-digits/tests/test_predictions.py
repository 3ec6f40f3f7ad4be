"""How predictions are written: class names may be anything."""

from typing import Any

from cnn_sign_digits.predictions import report


def answer(*classes: str) -> dict[str, Any]:
    return {"file": "a\x1b.png", "rejected": False, "probabilities": dict.fromkeys(classes, 0.5)}


def test_a_line_per_photo_whatever_the_classes_are_called() -> None:
    lines = report([answer("one\n\u2028", "t" * 100_000)] * 2, proba=True).splitlines()
    assert lines == [f"a\\x1b.png  one\\n\\u2028  50.0%  {'t' * 27}...  50.0%"] * 2
