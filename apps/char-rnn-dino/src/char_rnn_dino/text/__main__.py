"""char-rnn: a recurrent network that reads a text and goes on with it."""

import sys


def main() -> None:
    """Run it; Ctrl-C is one line even while it is still being imported."""
    try:
        from char_rnn_dino.char_cli import main as program
    except KeyboardInterrupt:
        sys.exit("Error: interrupted")
    program()


if __name__ == "__main__":
    main()
