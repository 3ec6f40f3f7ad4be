"""The help of commands: groups, metavars, and summaries that are never cut."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from nn_core.cli import command_help
from nn_core.cli.app import App
from nn_core.cli.command_help import grouped

MANY = tuple(click.option(f"--weight-{n}", type=click.IntRange(min=1), help="A weight.") for n in range(9))


def help_of(*decorators: Any, width: int = 80, name: str = "use") -> list[str]:
    """The help of a command with these options, as lines without indentation."""

    @click.group(cls=App)
    def main() -> None:
        pass

    @main.command(name)
    @click.argument("values", nargs=-1)
    def use(**_: Any) -> None:
        """Use it."""

    for decorator in reversed(decorators):
        decorator(use)
    result = CliRunner().invoke(main, [name, "--help"], terminal_width=width)
    assert result.exit_code == 0, result.output
    return [line.strip() for line in result.stdout.splitlines()]


def test_a_few_options_stand_in_one_list() -> None:
    lines = help_of(grouped("Output", *MANY[:2]), grouped("Data", *MANY[2:4]))
    assert [line for line in lines if line.endswith(":")] == ["Options:"]
    assert lines[-1] == "-h, --help  Show this message and exit." or lines[-1].startswith("-h, --help")


def test_many_options_stand_under_headings_in_the_same_order_everywhere() -> None:
    own = click.option("--own", is_flag=True, help="Of this command.")
    lines = help_of(grouped("Output", *MANY[:4]), grouped("Data", *MANY[4:]), own)
    assert [line for line in lines if line.endswith(":")] == ["Options:", "Data:", "Output:", "General:"]
    assert lines.index("Output:") < next(n for n, line in enumerate(lines) if line.startswith("--weight-0 N"))
    assert lines[lines.index("Options:") + 1].startswith("--own")
    assert lines[lines.index("General:") + 1].startswith("-q, --quiet")


def test_a_heading_of_one_option_is_not_worth_it_beside_other_options() -> None:
    lines = help_of(*MANY, grouped("Output", click.option("--save", help="Write.")))
    assert [line for line in lines if line.endswith(":")] == ["Options:", "General:"]
    lines = help_of(grouped("Data", *MANY), grouped("Output", click.option("--save", help="Write.")))
    assert [line for line in lines if line.endswith(":")] == ["Data:", "Output:", "General:"]


def test_an_option_keeps_its_first_heading() -> None:
    inner = grouped("Data", *MANY[:5])
    lines = help_of(grouped("Output", inner, *MANY[5:]))
    assert [line for line in lines if line.endswith(":")] == ["Data:", "Output:", "General:"]


def test_headings_are_known() -> None:
    with pytest.raises(ValueError, match="unknown heading 'Dota'; choose from Search, Data, Tables"):
        grouped("Dota", *MANY)


def test_what_is_said_of_a_value() -> None:
    text = " ".join(
        help_of(
            click.option("--count", type=click.IntRange(1, 1_000_000), default=3, help="Number."),
            click.option("--layers", type=click.IntRange(1, 20), help="Layers."),
            click.option("--model", type=click.Path(), required=True, help="Network."),
            click.option("--to", type=click.Path(file_okay=False), help="Where."),
            click.option("--length", show_default="as in training", help="Length."),
            click.option("-x", "--exact", is_flag=True, help="No rounding."),
            click.option("--kind", type=click.Choice(["a", "b"]), help="Kind."),
            click.option("--hidden-one", hidden=True, help="Secret."),
        )
    )
    for words in (
        "--count N Number. [default: 3]",
        "--layers N Layers. [1 to 20]",
        "--model FILE Network. [required]",
        "--to FOLDER Where.",
        "--length TEXT Length. [default: as in training]",
        "-x, --exact No rounding.",
        "--kind [a|b] Kind.",
    ):
        assert words in " ".join(text.split())
    assert "RANGE" not in text
    assert "Secret" not in text


def test_a_long_option_does_not_widen_the_column_of_the_others() -> None:
    long = click.option("--format", type=click.Choice(["tensorboard", "json-lines", "comma-separated"]), help="Form.")
    lines = help_of(long, click.option("--save", help="Write."))
    assert "--format [tensorboard|json-lines|comma-separated]" in lines
    assert "--save TEXT    Write." in lines
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("width", [20, 50, 80, 100])
def test_summaries_are_wrapped_not_cut(width: int) -> None:
    app = App("toy")
    words = "Train a network and report its accuracy, or its error if the target is a number of any size at all."
    app.add_command(click.Command("train", help=words))
    shown = CliRunner().invoke(app, ["--help"], terminal_width=width).stdout
    assert words in " ".join(shown.partition("Commands:")[2].split())
    assert "..." not in shown.partition("Commands:")[2]


def test_names_are_in_the_help_of_commands_outside_of_a_program() -> None:
    option = command_help.NameOption(["--x"], help="One of {names}.", type=click.STRING)
    assert option.words() == "One of ."
