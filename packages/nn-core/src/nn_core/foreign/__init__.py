"""Names from Keras, PyTorch and scikit-learn and their equivalents here, for error messages."""
