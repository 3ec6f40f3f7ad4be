"""Untrusted files, checked and bounded before they are believed, and atomic writes.

Nothing outside this package and `nn_core.checkpoint` opens a file that somebody else has made.
"""
