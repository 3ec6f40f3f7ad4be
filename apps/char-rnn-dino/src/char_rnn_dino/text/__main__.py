"""Entry point of `char-rnn` and `python -m char_rnn_dino.text`."""

from nn_core.cli import run


def main() -> None:
    """Run the command line."""
    run("char_rnn_dino.text.cli")


if __name__ == "__main__":
    main()
