"""Comparisons of tuned optimizers: the same budget for each, and what can be said of the differences."""
