"""Read a table of numbers and a label: nn-core with and without PyArrow, and pandas.

Each turn is a process, in alternating order: import, read the file into float32 columns and class numbers,
and print seconds and peak memory. The last rows are the floor, `pandas.read_csv` alone, which keeps float64,
and an epoch of `deep-nn train` on the file, reading included.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIDES = ("nn-core", "nn-core, PyArrow", "pandas", "pandas.read_csv alone", "deep-nn train, an epoch")


def read(side: str, path: Path) -> None:
    """Read the table as one side does."""
    if side.startswith("nn-core"):
        if side == "nn-core":
            sys.modules["pyarrow"] = None  # type: ignore[assignment]
        from nn_core.tables.reader import read_table

        table = read_table(path, name=path.name, dtype=np.float32)
        require(table.numbers.dtype == np.float32 and len(table.columns[-1].codes) == len(table))
    elif side.startswith("pandas"):
        import pandas as pd

        frame = pd.read_csv(path)
        if side == "pandas":
            frame.iloc[:, :-1].to_numpy(np.float32)
            pd.factorize(frame.iloc[:, -1])
    else:
        from click.testing import CliRunner

        from deep_nn.cli import main

        result = CliRunner().invoke(main, ["train", "--data", str(path), "--epochs", "1"])
        require(result.exit_code == 0, result.output)


def require(condition: bool, message: str = "the table is not as it was written") -> None:
    """Raise ValueError unless the condition holds."""
    if not condition:
        raise ValueError(message)


def write_table(path: Path, rows: int, columns: int) -> None:
    """A CSV file of normal deviates with six digits, and a label that depends on them."""
    x = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    label = np.where(x[:, 0] > 0, "yes", "no")
    with path.open("w") as file:
        file.write(",".join([*(f"x{i}" for i in range(columns)), "label"]) + "\n")
        for values, name in zip(x, label, strict=True):
            file.write(",".join(f"{value:.6g}" for value in values.tolist()) + f",{name}\n")


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        start = time.perf_counter()
        read(options.side, options.file)
        seconds = time.perf_counter() - start
        print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        write_table(path, options.rows, options.columns)
        print(f"{options.rows:,} rows x {options.columns} numbers and a label, {path.stat().st_size / 1e6:.0f} MB")
        found: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
        for turn in range(options.turns):
            for side in SIDES if turn % 2 == 0 else reversed(SIDES):
                command = [sys.executable, __file__, "--side", side, "--file", str(path)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found[side].append(tuple(json.loads(done.stdout.splitlines()[-1])))
    base = statistics.median(seconds for seconds, _ in found["pandas"])
    print(f"{'':24}  seconds  of pandas  peak MB")
    for side, turns in found.items():
        seconds, memory = (statistics.median(values) for values in zip(*turns, strict=True))
        print(f"{side:24}  {seconds:7.2f}  {seconds / base:8.2f}x  {memory:7.0f}")


if __name__ == "__main__":
    main()
