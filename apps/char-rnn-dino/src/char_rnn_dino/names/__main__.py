"""Entry point of `dino-gen` and `python -m char_rnn_dino.names`."""

from nn_core.cli import run


def main() -> None:
    """Run the command line."""
    run("char_rnn_dino.names.cli")


if __name__ == "__main__":
    main()
