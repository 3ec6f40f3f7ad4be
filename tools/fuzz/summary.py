"""The table at the end, and the files of failed cases."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from fuzz.cases import Case
from fuzz.verdict import ANSWERS, Failure, Outcome


class Result(NamedTuple):
    """A case in the summary: kind and cause of its failure are empty if it is none."""

    number: int
    format: str
    status: int
    seconds: float
    growth: int
    kind: str
    cause: str


class Summary:
    """Counts cases by format and answer, and failures by cause."""

    def __init__(self) -> None:
        self.answers: dict[str, Counter[str]] = defaultdict(Counter)
        self.failures: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self.slowest, self.largest = (0.0, 0), (0, 0)
        self.count = 0

    def add(self, result: Result) -> None:
        """Count a case; a new cause of failure is printed at once."""
        self.count += 1
        self.answers[result.format][ANSWERS.get(result.status, "other") if not result.kind else "failed"] += 1
        self.slowest = max(self.slowest, (result.seconds, result.number))
        self.largest = max(self.largest, (result.growth, result.number))
        if result.kind:
            key = (result.kind, result.format, result.cause)
            if key not in self.failures:
                print(f"case {result.number}: {' '.join(key)}", file=sys.stderr, flush=True)
            self.failures[key].append(result.number)

    def table(self, seconds: float) -> str:
        """Cases by format and answer, then failures by kind and cause, each with a case to repeat."""
        columns = (*ANSWERS.values(), "failed")
        rows = [("format", "cases", *columns)]
        rows += [
            (name, f"{found.total():,}", *(f"{found[column]:,}" for column in columns))
            for name, found in sorted(self.answers.items())
        ]
        total = sum(self.answers.values(), Counter())
        rows.append(("all", f"{self.count:,}", *(f"{total[column]:,}" for column in columns)))
        lines = _aligned(rows)
        slowest = f"slowest {self.slowest[0]:.1f} s (case {self.slowest[1]})"
        largest = f"largest {self.largest[0] / 1e6:.0f} MB (case {self.largest[1]})"
        pace = self.count / max(seconds, 0.001)
        lines += ["", f"{self.count:,} cases in {seconds:.0f} s, {pace:.0f} a second; {slowest}, {largest}"]
        for (kind, name, cause), numbers in sorted(self.failures.items(), key=lambda item: (item[0][0], -len(item[1]))):
            lines.append(f"{kind:<10} {name:<12} {len(numbers):>6,}  {cause}  (--case {numbers[0]})")
        return "\n".join(lines)


def save_failure(folder: Path, case: Case, outcome: Outcome, failure: Failure | None) -> None:
    """Keep the files of a case, and what came of it, in a folder named by its number."""
    kept = folder / f"case-{case.number}"
    for name, content in case.files.items():
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        (kept / name).write_bytes(content)
    text = f"{case}\n{failure}\nexit status {outcome.status}, {outcome.seconds:.2f} s, {outcome.growth:,} bytes\n"
    text += f"touched: {outcome.touched}\n{outcome.escaped}\n{outcome.stdout[:10_000]}\n{outcome.stderr[:10_000]}"
    (kept / "outcome.txt").write_text(text, "utf-8", "backslashreplace")


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
