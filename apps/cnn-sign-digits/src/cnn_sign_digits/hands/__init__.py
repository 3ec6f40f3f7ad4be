"""Hands in space, from the joints to the light on the skin: what `rendering` draws with."""
