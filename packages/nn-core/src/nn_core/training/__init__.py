"""Training: the loop, its state and history, callbacks and evaluation."""
