"""char-rnn: train a language model on any text, and generate text from it."""
