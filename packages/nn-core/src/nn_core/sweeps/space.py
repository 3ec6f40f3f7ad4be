"""Spaces of settings, as text: "learning-rate=log:1e-4:1,hidden=16|64|64,64,dropout=0:0.5"."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from nn_core.errors import SettingError
from nn_core.registry import nearest

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"(?P<log>log:)?(?P<low>{_NUMBER}):(?P<high>{_NUMBER})")
MOST_CHOICES = 1000
"""Of a setting."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, uniform, or uniform in their logarithm; whole ones if `whole`."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def at(self, u: float) -> str:
        """The value at a place from 0 to 1, as text: four significant digits, or a whole number."""
        if self.whole:  # each whole number has the same share, or that of its half-open interval on the log scale
            low, high = self.low - 0.5, self.high + 0.5
            value = low * (high / low) ** u if self.log else low + (high - low) * u
            return str(int(min(max(round(value), self.low), self.high)))
        value = self.low * (self.high / self.low) ** u if self.log else self.low + (self.high - self.low) * u
        return f"{min(max(value, self.low), self.high):.4g}"


@dataclass(frozen=True)
class Choices:
    """One of several texts."""

    values: tuple[str, ...]

    def at(self, u: float) -> str:
        """The value at a place from 0 to 1."""
        return self.values[min(int(u * len(self.values)), len(self.values) - 1)]


Dimension = Range | Choices
Space = Mapping[str, Dimension]
"""What is searched, by option without its dashes."""


def parse_space(text: str, options: Collection[str], check: Callable[[str, str], bool]) -> dict[str, Dimension]:
    """The space in a text: settings separated by commas, each `name=low:high`, `name=log:low:high` or `name=a|b|c`.

    options  names that may be searched
    check    check(name, value) says whether a setting takes whole numbers only, and raises SettingError for a
             value that it does not accept
    A comma belongs to a value unless the name of an option and "=" follow it.
    Raises SettingError, naming the setting, for anything else.
    """
    space: dict[str, Dimension] = {}
    for part in _parts(text, options):
        name, equals, values = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            raise SettingError(f"the space {part!r} is not name=values, such as learning-rate=log:1e-4:1")
        if name not in options:
            raise SettingError(f"the space has an unknown setting {name!r}; {nearest(name, options)}")
        if name in space:
            raise SettingError(f"the space has {name} twice")
        space[name] = _dimension(name, values, check)
    if not space:
        raise SettingError("the space is empty; give settings such as learning-rate=log:1e-4:1")
    return space


def _parts(text: str, options: Collection[str]) -> list[str]:
    """The settings of a space, each with its values."""
    parts: list[str] = []
    for piece in text.split(","):
        name, equals, _ = piece.partition("=")
        is_next = equals and (name.strip() in options or not parts)
        if is_next or not parts:
            parts.append(piece)
        else:
            parts[-1] += f",{piece}"
    return [part for part in parts if part.strip()]


def _dimension(name: str, values: str, check: Callable[[str, str], bool]) -> Dimension:
    found = _RANGE.fullmatch(values)
    if found is None:
        choices = tuple(value.strip() for value in values.split("|"))
        if len(choices) > MOST_CHOICES:
            raise SettingError(f"{name}: {len(choices):,} choices; the limit is {MOST_CHOICES:,}")
        if len(set(choices)) < len(choices):
            raise SettingError(f"{name}: a choice is there twice")
        for value in choices:
            check(name, value)
        return Choices(choices)
    low, high, log = float(found["low"]), float(found["high"]), found["log"] is not None
    if not math.isfinite(low) or not math.isfinite(high):
        raise SettingError(f"{name}: {values} is not finite")
    if low >= high:
        raise SettingError(f"{name}: {values} does not go from a smaller to a larger number")
    if log and low <= 0:
        raise SettingError(f"{name}: a log scale needs positive numbers, not {found['low']}")
    ends = [check(name, found[end]) for end in ("low", "high")]
    return Range(low, high, log, all(ends))
