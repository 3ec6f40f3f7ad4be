"""Photos and synthetic hands: sources, splits, and additions to the training set."""
