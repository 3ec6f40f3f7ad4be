"""Numeric mutants of nn-core, and the tests that notice them."""
