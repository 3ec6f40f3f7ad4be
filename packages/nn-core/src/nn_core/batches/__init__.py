"""Batches of examples in memory, on disk, or from one long text."""
