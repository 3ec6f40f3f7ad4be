"""Convolutional networks that read hand signs, from the command line."""
