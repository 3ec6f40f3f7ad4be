"""Sides in turns: whatever else the machine does falls on all of them."""

import gc
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.sides import OURS, Side

TURN_SECONDS = 0.05
"""Steps that are shorter are timed several at a time, so many that a turn is as long as this."""
TRIAL_SECONDS = 0.1
"""For which steps are made to see how long they take."""
LONG_STEP = 0.2
"""Seconds of a step before which nothing need be done to wake threads."""
REST_SECONDS, LONGEST_REST = 0.005, 0.5
"""Between turns, looked at again and again: threads that have nothing to do keep a core busy for a
while, those of OpenBLAS for a tenth of a second, and would slow the next side down."""


@dataclass(frozen=True)
class Timing:
    """Seconds a step of one side, turn by turn."""

    side: Side
    seconds: list[float]

    @property
    def median(self) -> float:
        """The typical time of a step."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Ratio:
    """A peer's fastest side, `variant`, against our fastest, `way`: median and quartiles."""

    peer: str
    variant: str
    way: str
    ours: float
    theirs: float
    ratio: float
    lower: float
    upper: float


def alternate(sides: Sequence[Side], repeats: int) -> list[Timing]:
    """Time every side, in so many turns each, in an order that moves on from turn to turn."""
    plans = [_steps_in_a_turn(side) for side in sides]
    timings = [Timing(side, []) for side in sides]
    gc.collect()
    gc.disable()
    try:
        for turn in range(repeats):
            for i in range(len(sides)):
                place = (turn + i) % len(sides)
                seconds = _turn(sides[place], *plans[place])
                timings[place].seconds.append(seconds)
    finally:
        gc.enable()
    return timings


def ratios(timings: Sequence[Timing]) -> list[Ratio]:
    """One ratio for each peer, of its side with the smallest median."""
    mine = [timing for timing in timings if timing.side.peer == OURS]
    ours = min(mine, key=lambda timing: timing.median)
    found = []
    for peer in dict.fromkeys(timing.side.peer for timing in timings):
        if peer != OURS:
            best = min((t for t in timings if t.side.peer == peer), key=lambda t: t.median)
            found.append(_ratio(ours, best))
    return found


def _ratio(ours: Timing, theirs: Timing) -> Ratio:
    pairs = [b / a for a, b in zip(ours.seconds, theirs.seconds, strict=True)]
    lower, middle, upper = statistics.quantiles(pairs, n=4, method="inclusive")
    side = theirs.side
    return Ratio(side.peer, side.variant, ours.side.variant, ours.median, theirs.median, middle, lower, upper)


def _turn(side: Side, warm_up: int, count: int) -> float:
    """The median of its steps, after some that are not timed: as in training, threads are awake
    and what they work on has been fetched.
    """
    _rest()
    seconds = []
    with side.during:
        for _ in range(warm_up):
            side.step()
        for _ in range(count):
            start = time.perf_counter()
            side.step()
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _rest() -> None:
    """Wait until no thread of this process is at work."""
    start = time.perf_counter()
    while time.perf_counter() - start < LONGEST_REST:
        busy = time.process_time()
        time.sleep(REST_SECONDS)
        if time.process_time() - busy < REST_SECONDS / 10:
            return


def _steps_in_a_turn(side: Side) -> tuple[int, int]:
    """Warm up, and find how many steps make a turn: some that are not timed, and those that are."""
    with side.during:
        side.step()
        fastest, began = math.inf, time.perf_counter()
        while time.perf_counter() - began < TRIAL_SECONDS:
            start = time.perf_counter()
            side.step()
            fastest = min(fastest, time.perf_counter() - start)
    count = max(1, math.ceil(TURN_SECONDS / fastest))
    return 0 if fastest > LONG_STEP else max(1, count // 4), count
