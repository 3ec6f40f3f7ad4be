"""What Keras, PyTorch and scikit-learn call it, and what to write here: tables that only messages need."""
