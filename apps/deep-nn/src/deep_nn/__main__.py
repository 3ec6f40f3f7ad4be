"""Entry point of `deep-nn` and `python -m deep_nn`."""

from nn_core.cli import run


def main() -> None:
    """Run the program."""
    run("deep_nn.cli")


if __name__ == "__main__":
    main()
