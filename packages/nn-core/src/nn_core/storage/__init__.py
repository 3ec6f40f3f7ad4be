"""Files: read with one-line errors, written atomically."""
