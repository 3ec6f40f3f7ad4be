"""Each kind of option value: what it takes, and one line for what it does not."""

import errno
import math
import os
from pathlib import Path

import click
import pytest

from nn_core.cli.output_kinds import OutputKind
from nn_core.cli.param_types import (
    FIGURE,
    MODEL,
    BatchSize,
    CommaList,
    FloatRange,
    OutputFile,
    ShippedModel,
    SpecType,
    require_distinct,
)
from nn_core.cli.shared_options import FORCE
from nn_core.optim.optimizers import optimizer

with_links = pytest.mark.skipif(os.name != "posix", reason="links and names of POSIX")


def refusal(kind: click.ParamType, value: object) -> str:
    with pytest.raises(click.BadParameter) as caught:
        kind.convert(value, None, None)
    message = str(caught.value)
    assert "\n" not in message
    return message


class TestFloatRange:
    @pytest.mark.parametrize(("text", "number"), [("0.5", 0.5), ("1e-3", 0.001), (" 2 ", 2.0), (3, 3.0), ("-0", 0.0)])
    def test_reads_numbers(self, text: object, number: float) -> None:
        converted = FloatRange().convert(text, None, None)
        assert converted == number
        assert isinstance(converted, float)

    @pytest.mark.parametrize("text", ["", "half", "0,5", "1e", "0x1"])
    def test_refuses_text(self, text: str) -> None:
        assert refusal(FloatRange(), text) == f"{text!r} is not a number"

    @pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-inf", "1e999"])
    def test_refuses_what_is_not_finite(self, text: str) -> None:
        assert refusal(FloatRange(), text) == f"{text!r} is not a finite number"

    @pytest.mark.parametrize(
        ("kind", "good", "bad", "words"),
        [
            (FloatRange(above=0), ("1e-300", "5"), ("0", "-1", "1e-400"), "above 0"),
            (FloatRange(least=0), ("0", "5"), ("-1e-9",), "at least 0"),
            (FloatRange(above=0, below=1), ("0.001", "0.999"), ("0", "1"), "above 0 and below 1"),
            (FloatRange(above=0, most=1), ("1", "0.5"), ("0", "1.01"), "above 0 and at most 1"),
        ],
    )
    def test_keeps_to_its_bounds(
        self, kind: FloatRange, good: tuple[str, ...], bad: tuple[str, ...], words: str
    ) -> None:
        assert [kind.convert(text, None, None) for text in good] == [float(text) for text in good]
        for text in bad:
            assert refusal(kind, text) == f"{text} is not {words}"


class TestCommaList:
    widths = CommaList(click.IntRange(min=1), "widths", empty=True)
    probabilities = CommaList(FloatRange(above=0, most=1), "probabilities")

    @pytest.mark.parametrize(("text", "values"), [("20,7,5", (20, 7, 5)), ("8", (8,)), (" 8 , 4 ", (8, 4)), ("", ())])
    def test_keeps_a_text_without_blanks(self, text: str, values: tuple[int, ...]) -> None:
        assert self.widths.convert(text, None, None) == text.replace(" ", "")
        assert self.widths.values(text) == values

    @pytest.mark.parametrize("text", ["20,,5", ",", "20,", ",20", "20, ,5"])
    def test_refuses_an_empty_item(self, text: str) -> None:
        assert refusal(self.widths, text) == f"{text!r} has an empty item"

    def test_refuses_nothing_at_all_unless_it_may_be_empty(self) -> None:
        assert "empty item" in refusal(self.probabilities, "")

    @pytest.mark.parametrize("text", ["8,x", "0", "8,-1", "1.5"])
    def test_refuses_a_wrong_item(self, text: str) -> None:
        refusal(self.widths, text)

    def test_takes_a_default_that_is_a_number(self) -> None:
        assert self.probabilities.convert(1, None, None) == "1"


class TestBatchSize:
    @pytest.mark.parametrize(("text", "size"), [("1", 1), ("64", 64), (64, 64), ("full", None)])
    def test_is_a_count_or_all(self, text: object, size: int | None) -> None:
        assert BatchSize().convert(text, None, None) == size

    @pytest.mark.parametrize("text", ["half", "", "6.4", "nan", "FULLY"])
    def test_refuses_text(self, text: str) -> None:
        assert refusal(BatchSize(), text) == f"{text!r} is neither an integer nor 'full'"

    @pytest.mark.parametrize("text", ["0", "-8"])
    def test_refuses_less_than_one_example(self, text: str) -> None:
        assert refusal(BatchSize(), text) == f"batch size must be at least 1, not {text}"


class TestSpecType:
    kind = SpecType(optimizer, "optimizer")

    @pytest.mark.parametrize("text", ["adam", "momentum:beta=0.95", "rmsprop:rho=0.5,epsilon=1e-6"])
    def test_keeps_the_text(self, text: str) -> None:
        assert self.kind.convert(text, None, None) == text

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("adm", "did you mean 'adam'?"),
            ("", "choose from adam, adamw"),
            ("adam:beta=0.5", "did you mean 'beta"),
            ("adam:beta1", "beta1=VALUE"),
            ("adam:beta1=x", "a number, not 'x'"),
            ("adam:beta1=nan", "must be finite, not 'nan'"),
            ("adam:beta1=1", "must be in [0, 1), not 1.0"),
        ],
    )
    def test_says_what_would_be_right(self, text: str, words: str) -> None:
        assert words in refusal(self.kind, text)


class TestOutputFile:
    @pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf", "a.PNG", "two.dots.Pdf"])
    def test_a_figure_ends_in_its_format(self, tmp_path: Path, name: str) -> None:
        assert FIGURE.convert(str(tmp_path / name), None, None) == tmp_path / name

    @pytest.mark.parametrize("name", ["a.gif", "a", "png", ".png", "a.png.bak"])
    def test_other_endings_are_refused(self, tmp_path: Path, name: str) -> None:
        assert "must end in .png or .jpg or .jpeg or .svg or .pdf" in refusal(FIGURE, str(tmp_path / name))

    def test_without_suffixes_any_ending_will_do(self, tmp_path: Path) -> None:
        for name in ("model.h5", "model"):
            assert OutputFile().convert(str(tmp_path / name), None, None) == tmp_path / name

    def test_a_name_alone_is_in_the_working_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert OutputFile().convert("model.h5", None, None) == Path("model.h5")

    def test_an_earlier_file_may_be_replaced_and_stays_until_then(self, tmp_path: Path) -> None:
        earlier = tmp_path / "model.h5"
        earlier.write_text("earlier")
        kind = OutputKind("a note", lambda path, head: head.startswith(b"ear"))
        assert OutputFile(kind=kind).convert(str(earlier), None, None) == earlier
        assert earlier.read_text() == "earlier"

    def test_refuses_a_folder(self, tmp_path: Path) -> None:
        assert "is a folder" in refusal(OutputFile(), str(tmp_path))

    def test_refuses_what_is_no_file(self) -> None:
        if not Path("/dev/null").is_char_device():
            pytest.skip("this system has no /dev/null")
        assert "is not a regular file" in refusal(OutputFile(), "/dev/null")

    @with_links
    def test_refuses_a_loop_of_links(self, tmp_path: Path) -> None:
        (tmp_path / "a").symlink_to("b")
        (tmp_path / "b").symlink_to("a")
        assert os.strerror(errno.ELOOP) in refusal(OutputFile(), str(tmp_path / "a"))

    @with_links
    def test_refuses_a_link_into_a_folder_that_is_missing(self, tmp_path: Path) -> None:
        (tmp_path / "a").symlink_to("none/b")
        assert refusal(OutputFile(), str(tmp_path / "a")) == f"no such folder: {str(tmp_path / 'none')!r}"

    @with_links
    def test_refuses_a_name_that_is_too_long_and_takes_the_longest(self, tmp_path: Path) -> None:
        assert os.strerror(errno.ENAMETOOLONG) in refusal(OutputFile(), str(tmp_path / ("n" * 256)))
        assert OutputFile().convert(str(tmp_path / ("n" * 255)), None, None).name == "n" * 255

    def test_replaces_a_read_only_file_by_force_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.touch(mode=0o400)
        kind = OutputKind("a note", lambda path, head: True)
        assert refusal(OutputFile(kind=kind), str(path)) == f"{str(path)!r} is read-only; use --force to replace it"
        context = click.Context(click.Command("train"))
        context.meta[FORCE] = True
        assert OutputFile(kind=kind).convert(str(path), None, context) == path
        path.chmod(0o600)  # Windows removes no other

    def test_refuses_a_folder_that_is_missing(self, tmp_path: Path) -> None:
        found = refusal(OutputFile(), str(tmp_path / "none" / "model.h5"))
        assert found == f"no such folder: {str(tmp_path / 'none')!r}"

    def test_refuses_a_folder_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        assert "no such folder:" in refusal(OutputFile(), str(tmp_path / "file" / "model.h5"))

    def test_refuses_a_folder_that_cannot_be_written_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
        found = refusal(OutputFile(), str(tmp_path / "model.h5"))
        assert found == f"no permission to write to the folder {str(tmp_path)!r}"

    def test_leaves_nothing_behind(self, tmp_path: Path) -> None:
        OutputFile().convert(str(tmp_path / "model.h5"), None, None)
        assert list(tmp_path.iterdir()) == []


def test_bounds_that_are_infinite_are_not_spoken_of() -> None:
    assert refusal(FloatRange(most=2, below=math.inf), "3") == "3 is not at most 2"


class TestDistinct:
    def test_files_of_their_own_are_fine(self, tmp_path: Path) -> None:
        outputs = {"--save": tmp_path / "m.h5", "--log": tmp_path / "log.jsonl", "--figure": None}
        require_distinct(outputs, data="moons", test=None)

    @pytest.mark.parametrize("other", ["m.h5", "folder/../m.h5", "link.h5"])
    def test_one_file_cannot_be_two(self, tmp_path: Path, other: str) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "link.h5").symlink_to(tmp_path / "m.h5")
        save, log = tmp_path / "m.h5", tmp_path / other
        with pytest.raises(click.UsageError, match="--log would overwrite --save"):
            require_distinct({"--save": save, "--log": log})
        with pytest.raises(click.UsageError, match="--save would overwrite data"):
            require_distinct({"--save": save}, data=str(log))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
@pytest.mark.parametrize("kind", [MODEL, ShippedModel(Path("shipped.h5"))])
def test_a_pipe_or_a_device_is_no_model(tmp_path: Path, kind: click.ParamType) -> None:
    pipe = tmp_path / "model.h5"
    os.mkfifo(pipe)
    assert refusal(kind, str(pipe)) == f"{str(pipe)!r} is not a regular file"
    assert refusal(kind, "/dev/zero") == "'/dev/zero' is not a regular file"
    assert kind.convert(str(tmp_path / "missing.h5"), None, None) == tmp_path / "missing.h5"  # its reader says so
