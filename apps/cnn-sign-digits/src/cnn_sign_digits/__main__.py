"""Entry point of `cnn-sign` and of `python -m cnn_sign_digits`."""

from nn_core.cli import run


def main() -> None:
    """Run the program."""
    run("cnn_sign_digits.cli")


if __name__ == "__main__":
    main()
