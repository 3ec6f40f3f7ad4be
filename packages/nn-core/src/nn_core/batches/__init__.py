"""Batches: from examples in memory, on disk, or in one long text, to the arrays of a step."""
