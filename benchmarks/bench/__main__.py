"""python -m bench: measure all workloads, or some, and write table, figures and JSON."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import answers, convolutions, growth, machine, mlps, names, recurrences, startup, tasks, timer
from bench.drawing import draw_growth, draw_ratios
from bench.parity import ParityError
from bench.report import Report, Result
from bench.sides import OURS, TORCH, Case, Settings

CASES = [*mlps.CASES, *convolutions.CASES, *recurrences.CASES, *answers.CASES, *names.CASES, *startup.CASES]
GROWTH = ("e", "growth")
MEMORY_STEPS = 5
"""After which a process has all the memory that training takes."""
THREADS = {"1": (1,), "2": (2,), "both": (1, 2)}


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser("bench", description=__doc__.split(":", 1)[1].strip())
    parser.add_argument("--only", nargs="+", metavar="WHAT", help="groups by letter, or parts of workloads' names")
    parser.add_argument("--repeats", type=int, default=20, help="turns of each side (20)")
    parser.add_argument("--threads", choices=THREADS, default="both", help="of every side (both)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder to write to (out)")
    parser.add_argument(
        "--compile-seconds",
        type=int,
        default=180,
        help="what torch.compile may take for one workload, 0 to leave it out (180)",
    )
    parser.add_argument("--list", action="store_true", help="only name the workloads")
    wanted = parser.parse_args()
    if wanted.repeats < 2:
        parser.error("quartiles need at least 2 repeats")
    return wanted


def chosen(group: str, name: str, only: Sequence[str] | None) -> bool:
    """Whether a workload was asked for."""
    return only is None or any(word == group or (len(word) > 1 and word in name) for word in only)


def main() -> None:
    """Measure, and exit with 1 if any side did not do the same as ours."""
    wanted = arguments()
    cases = [case for case in CASES if chosen(case.group, case.name, wanted.only)]
    grows = chosen(*GROWTH, wanted.only)
    if wanted.list or not (cases or grows):
        names_of_all = [(case.group, case.name) for case in CASES] + [GROWTH]
        print(*(f"{group}  {name}" for group, name in sorted(names_of_all)), sep="\n")
        sys.exit(0 if wanted.list else f"no workload is called {' or '.join(wanted.only)}")

    found = machine.description()
    say("\n".join(machine.remarks(found)) + "\n")
    report = Report(shlex.join(["python", "-m", "bench", *sys.argv[1:]]), found)
    wanted.out.mkdir(parents=True, exist_ok=True)
    counts = THREADS[wanted.threads]
    for count in counts:
        for case in cases:
            if case.threaded or count == counts[0]:
                settings = Settings(count, wanted.repeats, wanted.compile_seconds)
                measure(case, settings, report)
                write(report, wanted.out)
    if grows:
        for row in growth.measure(counts, wanted.repeats, say):
            report.growth.append(row)
            write(report, wanted.out)
    if report.results:
        draw_ratios(report.results, wanted.out / "bench.png")
    if report.growth:
        draw_growth(report.growth, wanted.out / "bench-growth.png")
    print(report.to_json() if wanted.json else report.to_markdown())
    sys.exit(1 if report.errors else 0)


def measure(case: Case, settings: Settings, report: Report) -> None:
    """Add a case to the report, or the reason why it cannot be compared."""
    threads = settings.threads if case.threaded else None
    say(f"{case.group}  {case.name}" + (f", threads: {threads}" if threads else ""))
    with machine.limited_to(settings.threads):
        try:
            sides = case.build(settings)
        except ParityError as error:
            report.errors.append(str(error))
            say(f"Error: {error}")
            return
        timings = timer.alternate(sides, settings.repeats)
    report.timings.append((case.name, threads, timings))
    report.notes += [note for note in settings.notes if note not in report.notes]
    report.results += [
        Result(
            case.group,
            case.name,
            threads,
            ratio,
            case.goals.get(ratio.peer),
            memory_of(case.name, ratio, settings.threads),
        )
        for ratio in timer.ratios(timings)
    ]


def memory_of(name: str, ratio: timer.Ratio, threads: int) -> tuple[int, int] | None:
    """What a training step of ours and of PyTorch's faster format take, each by itself."""
    if ratio.peer != TORCH or tasks.named(name) is None:
        return None
    sides = OURS, ratio.variant.removeprefix("compiled").strip()
    mine, theirs = (growth.alone(side, name, threads, MEMORY_STEPS).working_bytes for side in sides)
    return None if mine is None or theirs is None else (mine, theirs)


def write(report: Report, folder: Path) -> None:
    """The tables and the JSON so far."""
    head = [f"    {report.command}", *machine.remarks(report.machine), *report.notes]
    text = "\n\n".join([head[0], "\n".join(head[1:]), report.to_markdown()])
    (folder / "bench.md").write_text(text, encoding="utf-8")
    (folder / "bench.json").write_text(report.to_json() + os.linesep, encoding="utf-8")


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
