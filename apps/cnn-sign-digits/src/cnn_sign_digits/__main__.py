"""Where the program starts, as `cnn-sign` and as `python -m cnn_sign_digits`."""

import sys


def main() -> None:
    """Run it; Ctrl-C is one line even while it is still being imported."""
    try:
        from cnn_sign_digits.cli import main as program
    except KeyboardInterrupt:
        sys.exit("Error: interrupted")
    program()


if __name__ == "__main__":
    main()
