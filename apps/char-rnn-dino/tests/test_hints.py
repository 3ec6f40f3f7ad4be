"""Wrong guesses are answered with the option or command that is meant."""

import pytest
from commands import CHAR, DINO

from nn_core.testing import CommandLine


@pytest.mark.parametrize(
    ("program", "arguments", "hint"),
    [
        (DINO, ("Y",), "use --start Y"),
        (DINO, ("names",), "use dino-gen --count 10"),
        (DINO, ("--prompt", "Y"), "use --start"),
        (DINO, ("--temp", "0.5"), "use --temperature"),
        (DINO, ("train", "names.txt"), "use --data names.txt"),
        (DINO, ("train", "--rnn-size", "8"), "use --hidden"),
        (CHAR, ("sample", "--prompt", "Day"), "use --start"),
        (CHAR, ("train", "--seq-length", "8"), "use --bptt-length"),
        (CHAR, ("generate",), "use sample"),
    ],
)
def test_the_hint(program: CommandLine, arguments: tuple[str, ...], hint: str) -> None:
    assert program.refusal(*arguments, status=2).endswith(f"; {hint}")
