"""Character-level recurrent networks: dinosaur names (dino-gen) and any text (char-rnn)."""
