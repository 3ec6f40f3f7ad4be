"""What is searched for each optimizer: its learning rate and the settings that it declares, on log scales."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nn_core.optim.optimizers import OPTIMIZERS, optimizer
from nn_core.registry import require

RATE = "learning_rate"
EDGE = 0.1
"""Share of the range, on the log scale, at each of its ends that counts as an edge."""


@dataclass(frozen=True)
class Candidate:
    """An optimizer with settings.

    name    the optimizer, with the settings that are not searched: "momentum:beta=0.9"
    values  what was drawn, by setting; `1-beta` as it is in the space
    """

    name: str
    values: Mapping[str, float]

    @property
    def learning_rate(self) -> float | None:
        """The learning rate; None if the name has one."""
        return self.values.get(RATE)

    @property
    def spec(self) -> str:
        """The optimizer as `--optimizer` takes it: "momentum:beta=0.93"."""
        settings = [_setting(name, value) for name, value in self.values.items() if name != RATE]
        base, _, given = self.name.partition(":")
        parts = [part for part in (given, *settings) if part]
        return f"{base}:{','.join(parts)}" if parts else base

    def __str__(self) -> str:
        rate = self.learning_rate
        return self.spec if rate is None else f"{self.spec} @ {rate:g}"


def space_of(name: str) -> dict[str, tuple[float, float]]:
    """The range of each setting that is searched for an optimizer such as "adam" or "momentum:beta=0.9".

    Settings in the name are not searched. Raises SettingError for an unknown name.
    """
    made = optimizer(name)
    kind = OPTIMIZERS.canonical(name.partition(":")[0])
    given = {part.partition("=")[0].strip() for part in name.partition(":")[2].split(",")}
    declared = {RATE: OPTIMIZERS[kind].rate_space, **type(made).space}
    found = {each: limits for each, limits in declared.items() if each.removeprefix("1-") not in given}
    require(bool(found), f"nothing to tune for {name!r}: all of its settings are given")
    return found


def draw(name: str, trials: int, seed: int) -> list[Candidate]:
    """Random candidates, log-uniform in each setting, with three significant digits."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    space = space_of(name)
    points = rng.random((trials, len(space)))
    return [
        Candidate(name, {each: _at(limits, u) for (each, limits), u in zip(space.items(), row, strict=True)})
        for row in points.tolist()
    ]


def edges(candidate: Candidate) -> list[str]:
    """A line if the learning rate is near the end of its range; other ranges end where a setting ceases to matter."""
    rate = candidate.learning_rate
    if rate is None:
        return []
    low, high = space_of(candidate.name)[RATE]
    position = math.log(rate / low) / math.log(high / low)
    if EDGE <= position <= 1 - EDGE:
        return []
    end, better = ("lower", "lower") if position < EDGE else ("upper", "higher")
    return [f"{candidate.name}: {rate:g} is near the {end} end of {low:g} to {high:g}; a {better} rate may be better"]


def _at(limits: tuple[float, float], u: float) -> float:
    low, high = limits
    return float(f"{low * (high / low) ** u:.3g}")


def _setting(name: str, value: float) -> str:
    complement = name.startswith("1-")
    return f"{name.removeprefix('1-')}={1 - value if complement else value:.6g}"
