"""Recognition of hand signs by a convolutional network."""

PROGRAM = "cnn-sign"
"""The name on the command line, stored in checkpoints."""
