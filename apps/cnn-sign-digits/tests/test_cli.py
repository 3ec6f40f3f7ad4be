"""The help of the program and of its commands, and how fast it comes."""

from program import PROGRAM

from nn_core.testing import modules_loaded


def test_the_commands() -> None:
    assert list(PROGRAM.commands()) == [
        "train", "evaluate", "predict", "explain", "animate-convolution", "datasets", "export",
        "feature-maps", "fetch", "filters", "make-data", "models", "summary", "sweep",
    ]  # fmt: skip


def test_every_command_and_option_is_explained() -> None:
    PROGRAM.check_help()


def test_the_list_of_commands_is_not_truncated() -> None:
    listed = PROGRAM.invoke("--help", terminal_width=80).stdout.partition("Commands:")[2]
    assert "..." not in listed


def test_without_a_command_the_help_is_printed() -> None:
    result = PROGRAM.invoke()
    assert result.exit_code == 0
    assert "Example: cnn-sign predict photo.jpg" in result.stdout


def test_fetch_names_its_data_sets() -> None:
    assert "cnn-sign fetch [OPTIONS] digits|signs\n" in PROGRAM.help_of("fetch")


def test_help_imports_nothing_slow() -> None:
    program = """
        from cnn_sign_digits.cli import main
        main(["fetch", "--help"])
        """
    slow = {"matplotlib", "h5py", "pooch", "requests", "PIL", "tqdm"}
    assert modules_loaded(program).isdisjoint(slow)


def test_the_list_of_commands_imports_none_of_them() -> None:
    program = """
        from cnn_sign_digits.cli import main
        main(["--help"])
        """
    assert "numpy" not in modules_loaded(program)
