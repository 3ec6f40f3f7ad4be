"""Training: the loop, its history, callbacks and evaluation."""
