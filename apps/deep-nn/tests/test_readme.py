"""The commands in the README run."""

import re
import shlex
from pathlib import Path

import pytest
from command_line import POINTS, invoke, write_cats

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = [
    [line for line in block.replace("\\\n", " ").splitlines() if line.startswith("deep-nn ")] for block in BLOCKS
]


@pytest.mark.parametrize("commands", COMMANDS, ids=lambda commands: commands[0][:40])
def test_a_block_of_commands(commands: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_cats(tmp_path / "train_catvnoncat.h5", "train")
    rows = (f"{u},{v}" for u, v in POINTS.tolist())
    (tmp_path / "points.csv").write_text("\n".join(rows), encoding="utf-8")
    for name, labels in (("payments", ("ok", "fraud")), ("houses", (250_000.5, 310_000))):
        table = [f"{u},{v},{labels[i % 2]}" for i, (u, v) in enumerate(POINTS.tolist())]
        header = "a,b,label" if name == "payments" else "area,age,price"
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *table]), encoding="utf-8")
    passengers = [
        f'{i},{i % 2},"Doe, J. {i}",{"fm"[i % 2]},{"" if i % 5 == 0 else i % 60},A {i},' for i in range(1, len(POINTS))
    ]
    for name in ("titanic", "more", "new"):
        lines = ["PassengerId,Survived,Name,Sex,Age,Ticket,Cabin", *passengers]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
    for command in commands:
        _, name, *arguments = shlex.split(command)
        if name == "train" or name.startswith("compare-"):
            arguments += ["--epochs", "2"]
        if name.startswith("compare-"):
            arguments += ["--seeds", "1", "--size", "4x3"]
        if name == "compare-optimizers":
            arguments += ["--rates", "0.1"]
        result = invoke(name, *arguments)
        assert result.exit_code == 0, f"{command}: {result.stderr}"
