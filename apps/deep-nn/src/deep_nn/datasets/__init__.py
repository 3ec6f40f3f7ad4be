"""Labeled examples: generated, downloaded, or read from files; and how they are scaled."""
