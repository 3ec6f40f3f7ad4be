"""Entry point of `cnn-sign` and of `python -m cnn_sign_digits`."""

import sys


def main() -> None:
    """Run the program; Ctrl-C is one line even while imports are running."""
    try:
        from cnn_sign_digits.cli import main as program
    except KeyboardInterrupt:
        sys.exit("Error: interrupted")
    program()


if __name__ == "__main__":
    main()
