"""Validated reading of untrusted files, and atomic writes.

Only this package and `nn_core.checkpoint` open untrusted files.
"""
