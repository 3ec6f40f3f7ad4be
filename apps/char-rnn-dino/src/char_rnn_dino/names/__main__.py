"""Run dino-gen: `python -m char_rnn_dino.names`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C during the imports is one line, too."""
    try:
        from char_rnn_dino.names.cli import main as program
    except KeyboardInterrupt:
        sys.exit("Error: interrupted")
    program(prog_name="dino-gen")


if __name__ == "__main__":
    main()
