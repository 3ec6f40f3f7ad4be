"""Where the program starts, as `deep-nn` and as `python -m deep_nn`."""

import sys


def main() -> None:
    """Run it; Ctrl-C is one line even while it is still being imported."""
    try:
        from deep_nn.cli import main as program
    except KeyboardInterrupt:
        sys.exit("Error: interrupted")
    program()


if __name__ == "__main__":
    main()
