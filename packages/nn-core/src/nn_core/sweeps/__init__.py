"""Searches for settings: spaces, samplers that draw from them, and pruning."""
