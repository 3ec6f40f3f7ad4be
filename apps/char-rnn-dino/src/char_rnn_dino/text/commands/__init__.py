"""The commands of char-rnn, one file each."""
