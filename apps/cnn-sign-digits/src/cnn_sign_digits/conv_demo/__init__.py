"""A convolution step by step, as an animation."""
