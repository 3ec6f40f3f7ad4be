"""What the command lines share: options, errors, progress, figures, comparisons, data sets."""
