"""Recurrent networks that write, letter by letter: dinosaur names, and any text."""
