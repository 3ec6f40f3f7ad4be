"""Fully connected networks from the command line."""
