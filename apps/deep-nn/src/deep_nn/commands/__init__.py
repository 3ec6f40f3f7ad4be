"""The commands of deep-nn, one file each."""
