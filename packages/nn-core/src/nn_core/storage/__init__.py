"""Untrusted files, checked and bounded before they are believed, and atomic writes.

Nothing outside this package, images and checkpoints opens a file that somebody else has made.
"""
