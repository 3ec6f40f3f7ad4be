"""char-rnn: train a language model on any text, and generate more of it."""
