"""Entry point of `deep-nn` and `python -m deep_nn`."""

import sys


def main() -> None:
    """Run the program; Ctrl-C during the imports is one line, too."""
    try:
        from deep_nn.cli import main as program
    except KeyboardInterrupt:
        sys.exit("Error: interrupted")
    program()


if __name__ == "__main__":
    main()
