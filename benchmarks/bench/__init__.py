"""nn-core beside its peers: the same maths, checked, then timed turn by turn."""
