"""Options that are refused."""

from pathlib import Path

import pytest
from command_line import invoke, refusal, refused_and_nothing_changed

USAGE = [
    (("--hidden", "20,,5"), "'--hidden': '20,,5' has an empty item"),
    (("--hidden", "20,x"), "'--hidden'"),
    (("--hidden", "0"), "'--hidden'"),
    (("--hidden", "-3"), "'--hidden'"),
    (("--learning-rate", "-1"), "'--learning-rate': -1 is not above 0"),
    (("--learning-rate", "0"), "is not above 0"),
    (("--learning-rate", "nan"), "'nan' is not a finite number"),
    (("--learning-rate", "fast"), "'fast' is not a number"),
    (("--optimizer", "adma"), "unknown optimizer 'adma'; did you mean 'adam'?"),
    (("--optimizer", "gradient-descend"), "did you mean 'gradient-descent'?"),
    (("--optimizer", "adam:beta=0.5"), "no setting 'beta'; did you mean 'beta"),
    (("--activation", "rellu"), "did you mean 'relu'?"),
    (("--initializer", "orthogonl"), "did you mean 'orthogonal'?"),
    (("--schedule", "cosin"), "did you mean 'cosine'?"),
    (("--schedule", "cosine:warmup=-1"), "warmup cannot be negative"),
    (("--batch-size", "0"), "batch size must be at least 1, not 0"),
    (("--batch-size", "most"), "neither an integer nor 'full'"),
    (("--epochs", "0"), "'--epochs'"),
    (("--epochs", "1.5"), "'--epochs'"),
    (("--l2", "-0.1"), "-0.1 is not at least 0"),
    (("--clip-norm", "0"), "0 is not above 0"),
    (("--clip-value", "0"), "0 is not above 0"),
    (("--dropout", "1"), "1 is not below 1 and at least 0"),
    (("--dropout", "0.5,0.5,0.5"), "3 dropout rates for 2 hidden layers"),
    (("--hidden", "", "--dropout", "0.5,0.5"), "2 dropout rates for 0 hidden layers"),
    (("--validation", "1"), "1 is not below 1 and at least 0"),
    (("--early-stopping", "0"), "'--early-stopping'"),
    (("--seed", "-1"), "'--seed'"),
    (("--dtype", "float16"), "'--dtype'"),
    (("--figure", "f.webp"), "'f.webp' must end in .png or .jpg or .jpeg or .svg or .pdf"),
    (("--size", "8"), "'8' is not a width and a height in inches, such as 8x5"),
    (("--size", "0x5"), "is not between 1x1 and 100x100 inches"),
    (("--optimiser", "adam"), "no such option --optimiser; use --optimizer"),
    (("moons",), "unexpected argument moons; use --data moons"),
    (("--data",), "'--data' requires an argument"),
]


class TestUsage:
    @pytest.mark.parametrize(("options", "words"), USAGE)
    def test_options_out_of_range(self, here: Path, options: tuple[str, ...], words: str) -> None:
        line = refused_and_nothing_changed(here, "train", "--save", "m.h5", *options, status=2)
        assert words in line

    def test_an_unknown_command_suggests_the_nearest(self) -> None:
        line = refusal("compare-optimisers", status=2)
        assert "no such command: 'compare-optimisers'; did you mean 'compare-optimizers'?" in line

    @pytest.mark.parametrize(("width", "status"), [("99999999999999999999", (1, 2)), ("9999999999999", (1, 2))])
    def test_a_network_too_large_for_memory(self, here: Path, width: str, status: tuple[int, ...]) -> None:
        result = invoke("train", "--hidden", width, "--save", "m.h5")
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code in status
        assert len(result.stderr.splitlines()) == 1
        assert list(here.iterdir()) == []

    @pytest.mark.parametrize("schedule", ["inverse-time", "step"])
    def test_a_schedule_with_a_tiny_interval(self, schedule: str) -> None:
        result = invoke("train", "--schedule", f"{schedule}:interval=1e-308", "--epochs", 2)
        assert result.exception is None or isinstance(result.exception, SystemExit)
