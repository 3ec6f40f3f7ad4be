"""What was measured, as a table of Markdown and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.growth import Growth
from bench.sides import OURS
from bench.timer import Ratio, Timing

HEAD = ("", "workload", "threads", "nn-core", "peer", "its time", "ratio", "quartiles", "goal", "", "MB")


@dataclass(frozen=True)
class Result:
    """One case beside one peer.

    threads  None where they do not matter
    goal     None where there is none
    memory   bytes that ours and the peer's took beyond imports and batch, each in a process of its
             own; None where that is not measured
    """

    group: str
    case: str
    threads: int | None
    ratio: Ratio
    goal: float | None
    memory: tuple[int, int] | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the ratio is at the goal."""
        return None if self.goal is None else self.ratio.ratio >= self.goal


@dataclass
class Report:
    """All of it, as far as it has come.

    timings  (case, threads, those of every side)
    errors   one line for each case that could not be measured
    """

    command: str
    machine: dict[str, Any]
    results: list[Result] = field(default_factory=list)
    timings: list[tuple[str, int | None, list[Timing]]] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """Everything, with the median of every side of every case."""
        sides = [
            {
                "case": case,
                "threads": threads,
                "peer": timing.side.peer,
                "variant": timing.side.variant,
                "median_seconds": timing.median,
                "seconds": timing.seconds,
            }
            for case, threads, timings in self.timings
            for timing in timings
        ]
        results = [asdict(result) | {"reached": result.reached} for result in self.results]
        found = {
            "command": self.command,
            "machine": self.machine,
            "results": results,
            "growth": [asdict(growth) for growth in self.growth],
            "notes": self.notes,
            "errors": self.errors,
            "sides": sides,
        }
        return json.dumps(found, indent=1)

    def to_markdown(self) -> str:
        """The tables."""
        parts = []
        if self.results:
            parts.append(markdown(HEAD, [_row(result) for result in self.results]))
        if self.growth:
            parts.append(growth_table(self.growth))
        parts += [f"Not measured: {error}" for error in self.errors]
        return "\n\n".join(parts) + "\n"


def growth_table(growth: Sequence[Growth]) -> str:
    """Time and memory of `classic` against the batch."""
    head = ("batch", "threads", "side", "a step", "quartiles", "an example", "the batch", "memory")
    rows = []
    for g in growth:
        working = "" if g.working_bytes is None else f"{g.working_bytes / 1e6:.1f} MB"
        quartiles = f"{g.lower * 1e3:.1f}-{g.upper * 1e3:.1f}"
        each = f"{g.seconds / g.batch * 1e6:.0f} us"
        side = g.side if g.side == OURS else f"PyTorch, {g.side}"
        data = f"{g.data_bytes / 1e6:.1f} MB"
        step = f"{g.seconds * 1e3:.1f} ms"
        rows.append((str(g.batch), str(g.threads), side, step, quartiles, each, data, working))
    return markdown(head, rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown that is readable as it stands."""
    widths = [max(3, *map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def duration(seconds: float) -> str:
    """With three digits and the unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def _row(result: Result) -> tuple[str, ...]:
    ratio = result.ratio
    reached = {None: "", True: "reached", False: "missed"}[result.reached]
    return (
        result.group,
        result.case,
        "" if result.threads is None else str(result.threads),
        f"{duration(ratio.ours)} {ratio.way}".strip(),
        f"{ratio.peer} {ratio.variant}".strip(),
        duration(ratio.theirs),
        f"{ratio.ratio:.2f}",
        f"{ratio.lower:.2f}-{ratio.upper:.2f}",
        "" if result.goal is None else f"{result.goal:.2f}",
        reached,
        "" if result.memory is None else " / ".join(f"{m / 1e6:.1f}" for m in result.memory),
    )
