"""Wrong guesses are answered with the option or command that is meant."""

import shlex

import pytest
from command_line import refusal


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("train --lr 0.1", "use --learning-rate"),
        ("train --bs 32", "use --batch-size"),
        ("train --keep-prob 0.8", "use --dropout 0.2, the fraction dropped: 1 - 0.8"),
        ("train --weight-decay 0.1", "use --l2"),
        ("train --lambd 0.1", "use --l2"),
        ("train --momentum 0.9", "use --optimizer momentum:beta=0.9"),
        ("train --num-iterations 100", "use --epochs"),
        ("train --hidden-layers 20", "use --hidden"),
        ("train --layers 20", "use --hidden"),
        ("train --output m.h5", "use --save"),
        ("train --dataset moons", "use --data"),
        ("train --optimiser adam", "use --optimizer"),
        ("train --sgd", "use --optimizer sgd"),
        ("train --device cuda", "omit it, everything runs on the CPU"),
        ("train --val-split 0.1", "use --validation"),
        ("train --lr-decay 0.1", "use --schedule"),
        ("train --workers 2", "use --threads"),
        ("train --random-state 1", "use --seed"),
        ("train moons", "use --data moons"),
        ("evaluate --checkpoint m.h5", "use --model"),
        ("boundary --out b.png", "use --figure"),
        ("predict --model m.h5", "e.g. deep-nn predict --model cats.h5 photo.jpg"),
        ("summary m.h5", "use --model m.h5"),
        ("optimizers", "use compare-optimizers"),
        ("eval", "use evaluate"),
    ],
)
def test_the_hint(line: str, hint: str) -> None:
    message = refusal(*shlex.split(line), status=2)
    assert message.endswith(f"; {hint}")


def test_a_word_of_several_commands_names_them_all() -> None:
    message = refusal("compare", status=2)
    assert "compare-dropout, " in message
    assert "--help" not in message


@pytest.mark.parametrize("given", ["SGD", "sgdm", "Adam", "RMSProp", "rms"])
def test_spellings_of_optimizers(given: str) -> None:
    assert "--epochs" in refusal("train", "--optimizer", given, "--epochs", 0, status=2)
