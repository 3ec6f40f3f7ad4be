"""dino-gen: names of dinosaurs that nobody has dug up yet."""

import sys


def main() -> None:
    """Run it; Ctrl-C is one line even while it is still being imported."""
    try:
        from char_rnn_dino.dino_cli import main as program
    except KeyboardInterrupt:
        sys.exit("Error: interrupted")
    program()


if __name__ == "__main__":
    main()
